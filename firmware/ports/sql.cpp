#include "ports/sql.hpp"

#include <limits>

#include "base/assert.hpp"
#include "ports/statement_cache.hpp"

namespace portcullis {

void Statement::GiveBack::operator()(PreparedSql* prepared) const {
    std::unique_ptr<PreparedSql> owned(prepared);
    if (const auto idle = cache.lock()) idle->give_back(std::move(owned));
}

Result<void> Statement::set(int place, std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return fail(ErrorCode::invalid_argument, "{} does not fit into a database integer", value);
    return set(place, static_cast<std::int64_t>(value));
}

Result<void> Statement::bind_values(std::span<const SqlValue> values) {
    TRY(prepared_->begin(values.size()));
    int place = 0;
    for (const SqlValue& value : values) {
        ++place;
        TRY(std::visit([&](const auto& one) { return prepared_->set(place, one); }, value));
    }
    return {};
}

Result<void> Statement::run_values(std::span<const SqlValue> values) {
    TRY(bind_values(values));
    return prepared_->finish();
}

Result<std::int64_t> SqlConnection::integer(std::string_view sql) {
    Statement statement = TRY(prepare(sql));
    TRY(statement.bind());
    if (!TRY(statement.step())) return fail(ErrorCode::not_found, "database: no row for: {}", sql);
    return statement.integer(0);
}

Result<Transaction> Transaction::begin(SqlConnection& connection) {
    TRY(connection.begin());
    connection.transaction_ = ++connection.transactions_;
    return Transaction(connection);
}

Result<void> Transaction::commit() {
    PORTCULLIS_ASSERT(connection_ != nullptr);
    TRY(connection_->commit());
    connection_->transaction_ = 0;
    connection_ = nullptr;
    return {};
}

Transaction::~Transaction() {
    if (connection_ == nullptr) return;
    connection_->transaction_ = 0;
    connection_->abandon();  // what fails is made up for later
}

}  // namespace portcullis
