#include "apps/portcullis/store_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "apps/common/store_source.hpp"

namespace portcullis {

namespace {

struct StoreOptions {
    std::filesystem::path settings = "/etc/portcullis/collector.toml";
    std::filesystem::path file = "/var/lib/portcullis/collector/store.db";
    std::string owner;
    std::vector<std::string> readers;
};

Result<void> make(const StoreOptions& options) {
    const CollectorSettings settings = TRY(CollectorSettings::load(options.settings));
    TRY(with_context(make_store(settings.store, options.owner, options.readers), options.settings.string()));
    std::cout << fmt::format("the store stands in database {}: {} stores in it, {} roles read it\n",
                             settings.store.server.database, settings.store.server.user,
                             options.readers.size());
    return {};
}

Result<void> copy(const StoreOptions& options) {
    const CollectorSettings settings = TRY(CollectorSettings::load(options.settings));
    for (const CopiedTable& table : TRY(move_store(options.file, settings.store, options.owner)))
        std::cout << fmt::format("{:<10}  {}\n", table.name, table.rows);
    return {};
}

CLI::App* step(CLI::App& command, const char* name, const char* what, StoreOptions& options) {
    CLI::App* one = command.add_subcommand(name, what);
    one->add_option("--config", options.settings, "the collector's settings; [store] says where it is")
        ->capture_default_str();
    one->add_option("--owner", options.owner,
                    "the role that owns the database; not the collector's, which could drop its tables then")
        ->required();
    return one;
}

}  // namespace

std::function<int()> add_store_command(CLI::App& app) {
    const auto options = std::make_shared<StoreOptions>();
    CLI::App* command = app.add_subcommand("store", "A collector's store in a PostgreSQL database");
    command->require_subcommand(1);
    CLI::App* making =
        step(*command, "make", "Make its tables, and give roles the rights they need; again: set them anew",
             *options);
    making->add_option("--reader", options->readers, "roles of the tools that look at the store")
        ->allow_extra_args(false);
    CLI::App* copying = step(
        *command, "copy", "Carry a store's file into it, while no collector runs; all or nothing", *options);
    copying->add_option("FILE", options->file, "the collector's store.db; it is only read")
        ->capture_default_str();
    command->footer(
        "The role of [store] user gets what the collector must be able to insert, change and delete; it "
        "makes "
        "and drops no\n"
        "table. Roles and database are made before (createuser, createdb -O OWNER). Runs as the system user "
        "whom the server\n"
        "knows as the owner.\n"
        "Exit code: 0 done, 1 refused or failed, 2 wrong usage or configuration.");
    return [options, making] {
        const Result<void> done = making->parsed() ? make(*options) : copy(*options);
        if (done) return 0;
        std::cerr << "portcullis store: " << done.error().message() << "\n";
        return done.error().code() == ErrorCode::configuration ? 2 : 1;
    };
}

}  // namespace portcullis
