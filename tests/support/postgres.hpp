#pragma once
// A real PostgreSQL server of a test's own, in a temporary folder, on a Unix socket alone. As root it runs as
// the user `postgres`, because it refuses to be root. Stopped, and its files gone, when the test ends. Its
// empty files are made once a build and copied from then on: that is most of what a server costs.

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <memory>

#include "base/clock.hpp"
#include "drivers/database/postgresql/postgres_connection.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

class Postgres {
  public:
    /// In memory: what a server's syncs take of a disk says nothing here.
    static std::filesystem::path place() {
        const std::filesystem::path memory = "/dev/shm";
        return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    }
    /// Of the newest version that is installed.
    static std::filesystem::path programs() {
        std::filesystem::path newest;
        std::error_code none;
        for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none))
            if (std::filesystem::exists(version.path() / "bin" / "initdb"))
                newest = std::max(newest, version.path() / "bin");
        return newest;
    }

    Postgres() {
        REQUIRE_MESSAGE(!programs().empty(),
                        "SKIPPED: PostgreSQL is not here; run cmake/install-packages tests/packages.txt");
        give_to_server(folder_.path());
        if (std::filesystem::exists(kept()))
            std::filesystem::copy(kept(), data(), std::filesystem::copy_options::recursive);
        else
            make();
        give_to_server(data());
        for (const auto& entry : std::filesystem::recursive_directory_iterator(data()))
            give_to_server(entry.path());
        start();
    }
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;
    ~Postgres() {
        if (server_) crash();
    }

    void start() {
        server_ = std::make_unique<Process>(
            as_server_user({programs() / "postgres", "-D", data(), "-k", folder_.path(), "-c",
                            "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "max_connections=20"}),
            log());
        const SystemClock clock;
        REQUIRE(
            wait_until([&] { return PostgresConnection::connect(settings("postgres"), clock).has_value(); },
                       std::chrono::seconds(60)));
    }
    /// Fast: transactions under way are rolled back.
    void stop() {
        if (server_ && server_->running()) {
            ::kill(server_->pid(), SIGINT);
            static_cast<void>(server_->wait(std::chrono::seconds(60)));
        }
        server_.reset();
    }
    /// As in a crash of the whole server: SIGQUIT, no shutdown, recovery at the next start.
    void crash() {
        if (server_->running()) ::kill(server_->pid(), SIGQUIT);
        static_cast<void>(server_->wait(std::chrono::seconds(60)));
        server_.reset();
    }

    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
    [[nodiscard]] PostgresSettings settings(const std::string& database) const {
        PostgresSettings settings;
        settings.host = folder_.path();
        settings.database = database;
        settings.user = "portcullis";
        return settings;
    }
    /// An empty one of its own.
    PostgresSettings new_database() {
        const std::string name = fmt::format("test_{}", ++databases_);
        execute("CREATE DATABASE " + name);
        return settings(name);
    }
    /// As the server's administrator, beside all databases.
    void execute(const std::string& sql) const {
        const SystemClock clock;
        auto connection = PostgresConnection::connect(settings("postgres"), clock);
        REQUIRE_MESSAGE(connection, connection.error().message());
        const Result<void> done = (*connection)->execute(sql);
        REQUIRE_MESSAGE(done, done.error().message());
    }

  private:
    static std::filesystem::path kept() {
        const std::string version = programs().parent_path().filename();
        return std::filesystem::path(PORTCULLIS_BIN_DIR).parent_path() / ("empty-postgresql-" + version);
    }
    /// The server has not run yet, so these files are whole; who comes second throws his away.
    void make() {
        Process made(as_server_user({programs() / "initdb", "-D", data(), "-U", "portcullis", "-E", "UTF8",
                                     "--locale=C", "--auth=trust", "--no-sync"}),
                     log());
        REQUIRE(made.wait(std::chrono::seconds(120)) == 0);
        const std::filesystem::path own = kept().string() + "." + std::to_string(::getpid());
        std::filesystem::copy(data(), own, std::filesystem::copy_options::recursive);
        std::error_code taken;
        std::filesystem::rename(own, kept(), taken);
        if (taken) std::filesystem::remove_all(own);
    }
    static void give_to_server(const std::filesystem::path& path) {
        if (::geteuid() != 0) return;
        const passwd* const user = ::getpwnam("postgres");
        REQUIRE(user != nullptr);
        REQUIRE(::lchown(path.c_str(), user->pw_uid, user->pw_gid) == 0);
    }
    [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "server.log"; }
    static std::vector<std::string> as_server_user(std::vector<std::string> command) {
        if (::geteuid() != 0) return command;
        std::vector<std::string> all{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"};
        all.insert(all.end(), command.begin(), command.end());
        return all;
    }

    TempDir folder_{place()};
    std::unique_ptr<Process> server_;
    int databases_ = 0;
};

/// One for all cases of a process that take a database of their own and leave the server as it was.
inline Postgres& shared_postgres() {
    static Postgres server;
    return server;
}

}  // namespace portcullis::test
