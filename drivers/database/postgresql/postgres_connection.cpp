#include "drivers/database/postgresql/postgres_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/assert.hpp"
#include "drivers/database/postgresql/postgres_error.hpp"
#include "drivers/database/postgresql/postgres_login.hpp"
#include "ports/statement_cache.hpp"

namespace portcullis {

namespace {

constexpr std::size_t most_under_way = 256;
constexpr milliseconds first_back_off{100};
constexpr milliseconds between_questions{100};
/// One writer at a time, as in a SQLite file: "PORTCULL" as a number.
constexpr std::string_view lock_sql = "SELECT pg_advisory_xact_lock(5787213827046133836)";
constexpr std::string_view number_sql = "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)";
constexpr std::string_view fate_sql = "SELECT pg_xact_status(CAST(CAST(? AS TEXT) AS XID8))";

Failure nobody_filled(const SqlTables& tables) {
    return fail(ErrorCode::not_found, "nobody has filled this {} yet", tables.name);
}

Result<void> check_version(const SqlTables& tables, std::int64_t version) {
    if (version == tables.version) return {};
    if (version >= 1 && version < tables.version)
        return fail(
            ErrorCode::unsupported,
            "this {} has format {}, older than {} of this program; let the owner of its tables bring it up "
            "to date (`portcullis store make`)",
            tables.name, version, tables.version);
    return fail(ErrorCode::unsupported,
                "this {} has format {}, this program knows {}; install the version of Portcullis that fits",
                tables.name, version, tables.version);
}

Failure not_kept() {
    return fail(ErrorCode::closed, "PostgreSQL: an earlier statement of this transaction failed");
}

}  // namespace

PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::connect(PostgresSettings settings,
                                                                        const Clock& clock) {
    std::unique_ptr<PostgresConnection> made(new PostgresConnection(std::move(settings), clock));
    made->idle_ = std::make_shared<StatementCache>();
    TRY(made->open());
    return made;
}

Result<void> PostgresConnection::open() {
    pipeline_.reset();
    auto connection = log_in(settings_);
    if (!connection) {
        back_off_ = std::clamp<milliseconds>(back_off_ * 2, first_back_off, settings_.back_off_limit);
        std::uniform_int_distribution<std::int64_t> part(back_off_.count() / 2, back_off_.count());
        next_try_ = clock_->since_boot() + milliseconds(part(jitter_));
        last_problem_ = connection.error();
        return fail(std::move(connection.error()));
    }
    back_off_ = milliseconds(0);
    pipeline_.emplace(std::move(*connection), ++lives_);
    return {};
}

Result<void> PostgresConnection::stand() {
    if (pipeline_ && !pipeline_->is_broken()) return {};
    if (last_problem_ && back_off_.count() > 0 && clock_->since_boot() < next_try_)
        return fail(Error(*last_problem_));
    return open();
}

Result<Statement> PostgresConnection::prepare(std::string_view sql) {
    auto known = idle_->take(sql);
    PostgresRoad& road = *this;
    if (known == nullptr) known = std::make_unique<PostgresStatement>(sql, road);
    return Statement(std::move(known), idle_);
}

std::shared_ptr<PostgresPlan> PostgresConnection::plan_for(const std::string& numbered,
                                                           const std::vector<Oid>& kinds) {
    std::shared_ptr<PostgresPlan>& plan = plans_[{numbered, kinds}];
    if (plan == nullptr)
        plan = std::make_shared<PostgresPlan>(PostgresPlan{numbered, fmt::format("p{}", plans_.size()), 0});
    return plan;
}

Result<void> PostgresConnection::send(const std::shared_ptr<PostgresPlan>& plan,
                                      const PostgresValues& values) {
    if (!in_transaction_ || (pipeline_ && pipeline_->under_way() >= most_under_way)) {
        static_cast<void>(TRY(ask(plan, values)));
        return {};
    }
    if (failed_) return not_kept();
    Result<void> sent = pipeline_->send(plan, values);
    failed_ = !sent;
    return sent;
}

Result<PostgresResult> PostgresConnection::ask(const std::shared_ptr<PostgresPlan>& plan,
                                               const PostgresValues& values) {
    if (in_transaction_ && failed_) return not_kept();
    if (!in_transaction_) TRY(stand());
    auto sent = pipeline_->send(plan, values);
    failed_ = in_transaction_ && !sent;
    TRY(std::move(sent));
    return collect(!in_transaction_);
}

Result<PostgresResult> PostgresConnection::collect(bool ends_here) {
    ++round_trips_;
    auto answer = pipeline_->collect(ends_here);
    if (!answer && in_transaction_) failed_ = true;
    if (pipeline_->is_broken()) pipeline_.reset();
    return answer;
}

Result<void> PostgresConnection::command(std::string_view sql) {
    Statement statement = TRY(prepare(sql));
    return statement.run();
}

/// A connection that died while nobody used it is made anew at once.
Result<void> PostgresConnection::begin() {
    PORTCULLIS_ASSERT(!in_transaction_);
    const bool used_before = pipeline_.has_value();
    Result<void> begun = begin_once();
    if (begun || !used_before || pipeline_) return begun;
    return begin_once();
}

/// One round trip: that the lock is ours is known before anything is read.
Result<void> PostgresConnection::begin_once() {
    TRY(stand());
    in_transaction_ = true;
    failed_ = false;
    transaction_ = 0;
    const auto begun = [this]() -> Result<void> {
        TRY(command("BEGIN"));
        TRY(command(lock_sql));
        transaction_ = TRY(integer(number_sql));
        return {};
    };
    Result<void> outcome = begun();
    if (!outcome) abandon();
    return outcome;
}

Result<void> PostgresConnection::commit() {
    PORTCULLIS_ASSERT(in_transaction_);
    if (failed_) return not_kept();
    Result<void> sent = command("COMMIT");
    auto answer = sent ? collect(true) : Result<PostgresResult>(fail(std::move(sent.error())));
    if (!answer && !pipeline_) return resolve(std::move(answer.error()));
    if (!answer) return fail(std::move(answer.error()));
    if (std::string_view(PQcmdStatus(answer->get())) != "COMMIT") return not_kept();
    in_transaction_ = false;
    return {};
}

/// The answer to a commit was lost; the server knows what became of it.
Result<void> PostgresConnection::resolve(Error doubt) {
    in_transaction_ = false;
    const BootTime limit = clock_->since_boot() + settings_.doubt_limit;
    for (int tries = 0; clock_->since_boot() < limit && tries < settings_.doubt_limit / between_questions;
         ++tries) {
        const Result<std::string> fate =
            pipeline_ || open() ? fate_of(transaction_) : Result<std::string>(std::string());
        if (fate && *fate == "committed") return {};
        if (fate && *fate == "aborted") return fail(std::move(doubt));
        std::this_thread::sleep_for(between_questions);
    }
    return fail(std::move(doubt).with("whether the last transaction was kept is not known"));
}

Result<std::string> PostgresConnection::fate_of(std::int64_t transaction) {
    Statement query = TRY(prepare(fate_sql));
    TRY(query.bind(std::to_string(transaction)));
    if (!TRY(query.step())) return std::string();
    return std::string(query.text(0));
}

/// Without a connection the server does it by itself.
void PostgresConnection::abandon() {
    const bool open = std::exchange(in_transaction_, false);
    failed_ = false;
    if (!open || !pipeline_) return;
    if (!pipeline_->is_idle()) static_cast<void>(collect(true));
    if (pipeline_ && !command("ROLLBACK")) pipeline_.reset();
}

Result<void> PostgresConnection::adopt(const SqlTables& tables) {
    Transaction transaction = TRY(Transaction::begin(*this));
    if (TRY(integer("SELECT count(to_regclass('portcullis.format'))")) == 0)
        TRY(
            execute("CREATE SCHEMA IF NOT EXISTS portcullis; "
                    "CREATE TABLE format(name TEXT COLLATE \"C\" PRIMARY KEY, version BIGINT NOT NULL)"));
    Statement select = TRY(prepare("SELECT version FROM format WHERE name = ?"));
    TRY(select.bind(tables.name));
    if (TRY(select.step())) {
        TRY(upgrade(tables, select.integer(0)));
        return transaction.commit();
    }
    TRY(execute(tables.create));
    Statement insert = TRY(prepare("INSERT INTO format(name, version) VALUES(?, ?)"));
    TRY(insert.run(tables.name, tables.version));
    return transaction.commit();
}

Result<void> PostgresConnection::upgrade(const SqlTables& tables, std::int64_t version) {
    const auto upgrades = static_cast<std::int64_t>(tables.upgrades.size());
    const bool known = version >= 1 && version <= upgrades && upgrades + 1 == tables.version;
    if (!known || !TRY(owns_tables())) return check_version(tables, version);
    for (std::int64_t at = version; at <= upgrades; ++at)
        TRY(execute(tables.upgrades[static_cast<std::size_t>(at - 1)]));
    Statement update = TRY(prepare("UPDATE format SET version = ? WHERE name = ?"));
    return update.run(tables.version, tables.name);
}

Result<bool> PostgresConnection::owns_tables() {
    return TRY(
        integer("SELECT count(*) FROM pg_class WHERE oid = to_regclass('portcullis.format') AND "
                "pg_has_role(relowner, 'USAGE')"))
    > 0;
}

Result<void> PostgresConnection::check(const SqlTables& tables) {
    if (TRY(integer("SELECT count(to_regclass('portcullis.format'))")) == 0) return nobody_filled(tables);
    Statement select = TRY(prepare("SELECT version FROM format WHERE name = ?"));
    TRY(select.bind(tables.name));
    if (!TRY(select.step())) return nobody_filled(tables);
    return check_version(tables, select.integer(0));
}

Result<void> PostgresConnection::execute(const std::string& sql) {
    if (in_transaction_ && failed_) return not_kept();
    if (!in_transaction_) TRY(stand());
    if (!pipeline_->is_idle()) static_cast<void>(TRY(collect(true)));
    ++round_trips_;
    auto done = pipeline_->execute(sql);
    failed_ = in_transaction_ && !done;
    if (pipeline_->is_broken()) pipeline_.reset();
    TRY(std::move(done));
    return {};
}

}  // namespace portcullis
