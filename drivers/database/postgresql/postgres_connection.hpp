#pragma once
// PostgresConnection: SqlConnection by a PostgreSQL server (14 or newer), through libpq. Not through libpqxx:
// its 6.4 has no pipeline for statements with values, and each write of a batch would wait for its answer.
//
// A lost connection is made anew by the next statement outside of a transaction, with a jittered back-off:
// until its time has come all fails at once with `closed`. What a lost connection had begun is not kept; a
// commit whose answer was lost is asked after. Thread-bound; blocks, for connect_limit at most when it
// connects.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "drivers/database/postgresql/postgres_statement.hpp"
#include "ports/sql.hpp"

namespace portcullis {

struct PostgresSettings {
    std::string host;  // a name or address (TLS 1.3 then), or the folder of the server's Unix socket: /...
    std::uint16_t port = 5432;
    std::string database;
    std::string user;
    std::filesystem::path password_file;  // one line; nobody else may read it. Empty: peer or certificate
    std::filesystem::path ca;             // of the server's certificate; needed with TLS
    std::filesystem::path certificate;    // ours for TLS; empty: none
    std::filesystem::path key;
    std::chrono::seconds connect_limit{5};
    std::chrono::seconds lock_limit{20};       // how long another's transaction is awaited
    std::chrono::seconds statement_limit{60};  // what takes longer is given up
    /// A process that stands still within a transaction loses it: it holds up all others.
    std::chrono::seconds idle_limit{60};
    std::chrono::seconds back_off_limit{10};
    std::chrono::seconds doubt_limit{15};  // how long a commit without an answer is asked after
};

class PostgresConnection final : public SqlConnection, private PostgresRoad {
  public:
    /// Connects once. The clock outlives it. Errors: closed (the server is away), denied (password,
    /// certificate, rights, a standby), not_found (no such role or database), configuration (an unreadable
    /// file), unsupported (too old a server), refused (a server that does not keep what it says it keeps).
    [[nodiscard]] static Result<std::unique_ptr<PostgresConnection>> connect(PostgresSettings settings,
                                                                             const Clock& clock);
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;
    ~PostgresConnection() override;

    [[nodiscard]] Result<Statement> prepare(std::string_view sql) override;
    [[nodiscard]] bool is_server() const override { return true; }
    /// Makes the tables in a database where they are not, in its schema `portcullis`, and brings those of an
    /// older version up to date for who owns them. Errors: unsupported (they are of another version).
    [[nodiscard]] Result<void> adopt(const SqlTables& tables);
    /// The same without making anything, for who may only read: not_found when they are not there.
    [[nodiscard]] Result<void> check(const SqlTables& tables);
    /// In a transaction of its own, unless there is one.
    [[nodiscard]] Result<void> execute(const std::string& sql) override;

    /// Of this connection: times it waited for the server, and times it connected.
    [[nodiscard]] std::uint64_t round_trips() const { return round_trips_; }
    [[nodiscard]] std::uint64_t lives() const { return lives_; }

  private:
    PostgresConnection(PostgresSettings settings, const Clock& clock)
        : settings_(std::move(settings)), clock_(&clock) {}
    [[nodiscard]] Result<void> begin() override;
    [[nodiscard]] Result<void> begin_once();
    [[nodiscard]] Result<void> commit() override;
    void abandon() override;
    [[nodiscard]] Result<void> send(const std::shared_ptr<PostgresPlan>& plan,
                                    const PostgresValues& values) override;
    [[nodiscard]] Result<PostgresResult> ask(const std::shared_ptr<PostgresPlan>& plan,
                                             const PostgresValues& values) override;
    [[nodiscard]] std::shared_ptr<PostgresPlan> plan_for(const std::string& numbered,
                                                         const std::vector<Oid>& kinds) override;

    [[nodiscard]] Result<void> open();
    /// Connected, or an error at once.
    [[nodiscard]] Result<void> stand();
    [[nodiscard]] Result<void> upgrade(const SqlTables& tables, std::int64_t version);
    [[nodiscard]] Result<bool> owns_tables();
    [[nodiscard]] Result<PostgresResult> collect(bool ends_here);
    [[nodiscard]] Result<void> resolve(Error doubt);
    [[nodiscard]] Result<std::string> fate_of(std::int64_t transaction);
    [[nodiscard]] Result<void> command(std::string_view sql);

    PostgresSettings settings_;
    const Clock* clock_;
    std::optional<PostgresPipeline> pipeline_;
    std::map<std::pair<std::string, std::vector<Oid>>, std::shared_ptr<PostgresPlan>> plans_;
    bool in_transaction_ = false;
    bool failed_ = false;  // the transaction will not be kept
    std::int64_t transaction_ = 0;
    std::uint64_t lives_ = 0;
    std::uint64_t round_trips_ = 0;
    BootTime next_try_{};
    milliseconds back_off_{};
    std::minstd_rand jitter_{std::random_device{}()};
    std::optional<Error> last_problem_;
    std::shared_ptr<StatementCache> idle_;
};

}  // namespace portcullis
