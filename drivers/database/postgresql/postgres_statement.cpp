#include "drivers/database/postgresql/postgres_statement.hpp"

#include <algorithm>
#include <charconv>

#include "base/assert.hpp"
#include "drivers/database/postgresql/postgres_text.hpp"

namespace portcullis {

namespace {

// pg_type.dat: they never change.
constexpr Oid bytea_kind = 17;
constexpr Oid int8_kind = 20;
constexpr Oid text_kind = 25;

constexpr int integer_bytes = 8;

}  // namespace

PostgresStatement::PostgresStatement(std::string_view sql, PostgresRoad& road)
    : sql_(sql), numbered_(with_numbered_places(sql)), road_(&road) {
    parameters_.resize(static_cast<std::size_t>(std::ranges::count(numbered_, '$')));
}

void PostgresStatement::clear() {
    reset();
    // What held a picture gives its room back.
    constexpr std::size_t small = 4096;
    for (Parameter& parameter : parameters_)
        if (parameter.bytes.capacity() > small) parameter.bytes = {};
}

Result<void> PostgresStatement::begin(std::size_t parameters) {
    PORTCULLIS_ASSERT(parameters == parameters_.size());
    reset();
    return {};
}

void PostgresStatement::reset() {
    rows_.reset();
    row_ = -1;
}

PostgresStatement::Parameter& PostgresStatement::parameter(int place, Oid kind) {
    Parameter& parameter = parameters_.at(static_cast<std::size_t>(place - 1));
    parameter.kind = kind;
    parameter.null = false;
    return parameter;
}

Result<void> PostgresStatement::set(int place, std::int64_t value) {
    std::string& bytes = parameter(place, int8_kind).bytes;
    bytes.resize(integer_bytes);
    auto rest = static_cast<std::uint64_t>(value);
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, rest >>= 8U)
        *byte = static_cast<char>(rest & 0xffU);
    return {};
}

Result<void> PostgresStatement::set(int place, std::string_view value) {
    parameter(place, text_kind).bytes = as_database_text(value);
    return {};
}

Result<void> PostgresStatement::set(int place, ByteView value) {
    parameter(place, bytea_kind).bytes.assign(reinterpret_cast<const char*>(value.data()), value.size());
    return {};
}

Result<void> PostgresStatement::set(int place, std::nullptr_t) {
    parameter(place, 0).null = true;
    return {};
}

const std::shared_ptr<PostgresPlan>& PostgresStatement::plan() {
    std::vector<Oid> kinds;
    for (const Parameter& parameter : parameters_)
        kinds.push_back(parameter.kind);
    std::shared_ptr<PostgresPlan>& plan = plans_[kinds];
    if (plan == nullptr) plan = road_->plan_for(numbered_, kinds);
    return plan;
}

PostgresValues PostgresStatement::values() const {
    PostgresValues values;
    for (const Parameter& parameter : parameters_) {
        values.values.push_back(parameter.null ? nullptr : parameter.bytes.data());
        values.lengths.push_back(parameter.null ? 0 : static_cast<int>(parameter.bytes.size()));
        values.kinds.push_back(parameter.kind);
    }
    return values;
}

Result<bool> PostgresStatement::step() {
    if (rows_ == nullptr) rows_ = TRY(road_->ask(plan(), values()));
    if (++row_ < PQntuples(rows_.get())) return true;
    reset();
    return false;
}

// After a step() its rows are there already.
Result<void> PostgresStatement::finish() {
    const bool asked = rows_ != nullptr;
    reset();
    if (asked) return {};
    return road_->send(plan(), values());
}

Result<std::uint64_t> PostgresStatement::finish_counted() {
    const PostgresResult answer = TRY(road_->ask(plan(), values()));
    const std::string_view digits = PQcmdTuples(answer.get());
    std::uint64_t touched = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), touched);
    return touched;
}

/// Big-endian, of two, four or eight bytes, as the server sends integers.
std::int64_t PostgresStatement::integer(int column) const {
    const ByteView bytes = blob(column);
    if (bytes.empty() || bytes.size() > integer_bytes) return 0;
    const bool negative = (bytes.front() & std::byte{0x80}) != std::byte{0};
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    for (const std::byte byte : bytes)
        value = (value << 8U) | static_cast<std::uint64_t>(byte);
    return static_cast<std::int64_t>(value);
}

std::string_view PostgresStatement::text(int column) const {
    return as_text(blob(column));
}

ByteView PostgresStatement::blob(int column) const {
    PORTCULLIS_ASSERT(rows_ != nullptr && row_ >= 0);
    if (is_null(column)) return {};
    return {reinterpret_cast<const std::byte*>(PQgetvalue(rows_.get(), row_, column)),
            static_cast<std::size_t>(PQgetlength(rows_.get(), row_, column))};
}

bool PostgresStatement::is_null(int column) const {
    return PQgetisnull(rows_.get(), row_, column) != 0;
}

}  // namespace portcullis
