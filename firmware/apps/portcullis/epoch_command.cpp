#include "apps/portcullis/epoch_command.hpp"

#include <iostream>
#include <memory>

#include "drivers/keys/file/file_signing_key.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

namespace {

struct EpochOptions {
    KeyStoreFiles files;
    std::string epoch;
    std::filesystem::path key;
    std::filesystem::path certificate;
};

Result<std::chrono::sys_days> day_of(const EpochOptions& options) {
    if (const auto day = day_from_string(options.epoch)) return *day;
    return fail(ErrorCode::configuration, "--epoch '{}': write a day, as 2026-11-25", options.epoch);
}

Result<void> create(const EpochOptions& options) {
    static_cast<void>(TRY(KeyStore::create(options.files)));
    std::cout << "key store: " << options.files.store.string() << "\n";
    return {};
}

Result<void> add(const EpochOptions& options) {
    const std::chrono::sys_days day = TRY(day_of(options));
    KeyStore store = TRY(KeyStore::open(options.files));
    const RecipientKey recipient = TRY(load_recipient({options.key, options.certificate}));
    TRY(store.add(day, recipient.key.get(), recipient.certificate.get()));
    std::cout << fmt::format(
        "epoch: {}\nkey id: {}\nNow destroy {}: as long as it, or a copy of it, is there, destroying the "
        "epoch "
        "forgets nothing.\n",
        to_string(day), key_id(recipient.certificate.get()), options.key.string());
    return {};
}

Result<void> list(const EpochOptions& options) {
    const KeyStore store = TRY(KeyStore::open(options.files));
    for (const KeyStore::Entry& entry : store.entries())
        std::cout << to_string(entry.epoch) << " " << entry.key_id << "\n";
    return {};
}

Result<void> destroy(const EpochOptions& options) {
    const std::chrono::sys_days day = TRY(day_of(options));
    KeyStore store = TRY(KeyStore::open(options.files));
    const auto witness =
        TRY(FileSigningKey::create(options.key, options.certificate, CertificateUse::sign_receipts));
    static_cast<void>(TRY(store.destroy(day, *witness, SystemClock().utc())));
    std::cout << fmt::format("destroyed: {}\nrecord: {}.{}.destroyed\nkeys left: {}\n", to_string(day),
                             options.files.store.string(), to_string(day), store.entries().size());
    return {};
}

CLI::App* step(CLI::App& command, const char* name, const char* what, EpochOptions& options) {
    CLI::App* one = command.add_subcommand(name, what);
    one->add_option("STORE", options.files.store, "The key store")->required();
    one->add_option("--kek", options.files.kek,
                    "Where the key that wraps it lies (its generation is appended): where no backup goes")
        ->required();
    return one;
}

void add_pair(CLI::App& command, EpochOptions& options, const char* key, const char* certificate) {
    command.add_option("--epoch", options.epoch, "The day, as 2026-11-25")->required();
    command.add_option("--key", options.key, key)->required();
    command.add_option("--certificate", options.certificate, certificate)->required();
}

int report(const Result<void>& done) {
    if (done) return 0;
    std::cerr << "portcullis epoch: " << done.error().message() << "\n";
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
}

}  // namespace

std::function<int()> add_epoch_command(CLI::App& app) {
    const auto options = std::make_shared<EpochOptions>();
    CLI::App* command =
        app.add_subcommand("epoch", "The opener's key store: recipient keys by epoch, and their destruction");
    command->require_subcommand(1);
    command->footer(
        "An epoch is forgotten when its keys are destroyed: the rest is wrapped anew under a new key, and "
        "the old\n"
        "one is removed. A copy of the store opens nothing of it any more; a copy of the OLD WRAPPING KEY "
        "beside\n"
        "an old copy of the store opens it as before. So keep the wrapping key out of every backup.\n"
        "SIGHUP to the opener afterwards. Exit code: 0 done, 1 refused or failed, 2 wrong usage or "
        "configuration.\n\n"
        "  portcullis epoch create keys.store --kek /run/keys/kek\n"
        "  portcullis epoch add keys.store --kek /run/keys/kek --epoch 2026-11-25 --key read.key "
        "--certificate read.crt\n"
        "  portcullis epoch destroy keys.store --kek /run/keys/kek --epoch 2026-11-25 --key receipt.key \\\n"
        "      --certificate receipt.crt");
    using Step = Result<void> (*)(const EpochOptions&);
    std::vector<std::pair<CLI::App*, Step>> steps = {
        {step(*command, "create", "Make an empty store", *options), &create},
        {step(*command, "add", "Wrap a recipient's key for an epoch", *options), &add},
        {step(*command, "list", "Show the epochs and key ids that it holds", *options), &list},
        {step(*command, "destroy", "Destroy an epoch's keys; sign a record of it", *options), &destroy}};
    add_pair(*steps[1].first, *options, "The recipient's key (PEM)", "Its certificate (PEM)");
    add_pair(*steps[3].first, *options,
             "Signs the record (PEM; the collector's receipt key, or an auditor's)", "Its certificate (PEM)");
    return [options, steps] {
        for (const auto& [one, run] : steps)
            if (one->parsed()) return report(run(*options));
        return 2;
    };
}

}  // namespace portcullis
