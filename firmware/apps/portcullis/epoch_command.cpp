#include "apps/portcullis/epoch_command.hpp"

#include <openssl/pem.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "apps/common/recipient_token.hpp"
#include "apps/portcullis/exit_code.hpp"
#include "base/file.hpp"
#include "casefile/held_reads.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "seal/cms_codec.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

namespace {

struct EpochOptions {
    KeyStoreFiles files;
    std::string epoch;
    std::filesystem::path key;
    std::filesystem::path certificate;
    std::string token;
    std::filesystem::path public_key;
    std::filesystem::path holds;
};

Result<std::string> public_key_to_pem(EVP_PKEY* key) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio_PUBKEY(out.get(), key) != 1)
        return fail(openssl_error(ErrorCode::internal, "cannot write a public key"));
    return std::string(as_text(written_to(out.get())));
}

Result<std::optional<RecipientToken>> token_of(const EpochOptions& options) {
    if (options.token.empty()) return std::optional<RecipientToken>();
    return std::optional(TRY(with_context(RecipientToken::create(options.token), "--token")));
}

Result<EpochStart> epoch_of(const EpochOptions& options) {
    if (const auto epoch = epoch_from_string(options.epoch)) return *epoch;
    return fail(ErrorCode::configuration,
                "--epoch '{}': write when it begins, as 2026-11-25 or 2026-11-25T06:30 (UTC)", options.epoch);
}

Result<void> create(const EpochOptions& options) {
    static_cast<void>(TRY(KeyStore::create(options.files)));
    std::cout << "key store: " << options.files.store.string() << "\n";
    return {};
}

Result<void> make(const EpochOptions& options) {
    const EpochStart epoch = TRY(epoch_of(options));
    const RecipientToken token = TRY(with_context(RecipientToken::create(options.token), "--token"));
    const KeyPtr made = TRY(token.make(epoch));
    const std::string pem = TRY(public_key_to_pem(made.get()));
    TRY(write_file_atomically(options.public_key, as_bytes(pem)));
    std::cout << fmt::format(
        "epoch: {}\npublic key: {}\nLet the recipient CA certify it, then: portcullis epoch add\n",
        to_string(epoch), options.public_key.string());
    return {};
}

Result<void> add_in_token(const EpochOptions& options, EpochStart epoch) {
    if (!options.key.empty())
        return fail(ErrorCode::configuration,
                    "--key and --token: the key lies in the file or in the token; name one of them");
    KeyStore store = TRY(KeyStore::open(options.files));
    RecipientToken token = TRY(with_context(RecipientToken::create(options.token), "--token"));
    const X509Ptr certificate = TRY(load_certificate(options.certificate));
    TRY(store.add_in_token(epoch, certificate.get(), token.keys()));
    std::cout << fmt::format("epoch: {}\nkey id: {}\nIt lives in the token and nowhere else.\n",
                             to_string(epoch), key_id(certificate.get()));
    return {};
}

Result<void> add(const EpochOptions& options) {
    const EpochStart epoch = TRY(epoch_of(options));
    if (!options.token.empty()) return add_in_token(options, epoch);
    if (options.key.empty())
        return fail(ErrorCode::configuration, "where is the key? --key FILE, or --token URI");
    KeyStore store = TRY(KeyStore::open(options.files));
    const RecipientKey recipient = TRY(load_recipient({options.key, options.certificate}));
    TRY(store.add(epoch, recipient.key.get(), recipient.certificate.get()));
    std::cout << fmt::format(
        "epoch: {}\nkey id: {}\nNow destroy {}: as long as it, or a copy of it, is there, destroying the "
        "epoch "
        "forgets nothing.\n",
        to_string(epoch), key_id(recipient.certificate.get()), options.key.string());
    return {};
}

Result<void> list(const EpochOptions& options) {
    const KeyStore store = TRY(KeyStore::view(options.files));
    for (const KeyStore::Entry& entry : store.entries())
        std::cout << to_string(entry.epoch) << " " << entry.key_id << (entry.in_token ? " token" : "")
                  << "\n";
    return {};
}

Result<std::vector<ChainId>> holds_of(const EpochOptions& options, const KeyStore& store, EpochStart epoch) {
    std::vector<std::string> keys;
    for (const KeyStore::Entry& entry : store.entries())
        if (entry.epoch == epoch) keys.push_back(entry.key_id);
    const X509Ptr recorder = TRY(load_certificate(options.certificate));
    return with_context(holds_that_keep(options.holds, recorder.get(), keys), "--holds");
}

Result<void> destroy(const EpochOptions& options) {
    const EpochStart epoch = TRY(epoch_of(options));
    KeyStore store = TRY(KeyStore::open(options.files));
    const auto witness =
        TRY(FileSigningKey::create(options.key, options.certificate, CertificateUse::sign_receipts));
    std::optional<RecipientToken> token = TRY(token_of(options));
    DestroyOrder order{epoch};
    if (!options.holds.empty()) order.holds = TRY(holds_of(options, store, epoch));
    static_cast<void>(
        TRY(store.destroy(order, *witness, SystemClock().utc(), token ? token->keys() : TokenKeys())));
    std::cout << fmt::format("destroyed: {}\nrecord: {}.{}.destroyed\nkeys left: {}\n", to_string(epoch),
                             options.files.store.string(), to_string(epoch), store.entries().size());
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

CLI::Option* add_pair(CLI::App& command, EpochOptions& options, const char* key, const char* certificate) {
    command.add_option("--epoch", options.epoch, "When it begins, as 2026-11-25 or 2026-11-25T06:30 (UTC)")
        ->required();
    command.add_option("--certificate", options.certificate, certificate)->required();
    return command.add_option("--key", options.key, key);
}

CLI::Option* add_token(CLI::App& command, EpochOptions& options) {
    return command.add_option("--token", options.token,
                              "The token of the epoch's keys: "
                              "pkcs11:token=LABEL?module-path=LIBRARY&pin-source=FILE");
}

CLI::App* making(CLI::App& command, EpochOptions& options) {
    CLI::App* one = command.add_subcommand("make", "Make an epoch's key in a token, which it never leaves");
    one->add_option("--epoch", options.epoch, "When it begins, as 2026-11-25 or 2026-11-25T06:30 (UTC)")
        ->required();
    add_token(*one, options)->required();
    one->add_option("--public", options.public_key, "Where to write its public half (PEM)")->required();
    return one;
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
        "A key that was made in a token is destroyed there: then no copy of anything opens the epoch.\n"
        "An opener that runs notices by itself. Exit code: 0 done, 1 refused or failed, 2 wrong usage or "
        "configuration.\n\n"
        "  portcullis epoch create keys.store --kek /run/keys/kek\n"
        "  portcullis epoch add keys.store --kek /run/keys/kek --epoch 2026-11-25 --key read.key "
        "--certificate read.crt\n"
        "  portcullis epoch make --token "
        "'pkcs11:token=epochs?module-path=/usr/lib/...so&pin-source=/run/pin' "
        "\\\n"
        "      --epoch 2026-11-25 --public read.pem\n"
        "  portcullis epoch destroy keys.store --kek /run/keys/kek --epoch 2026-11-25 --key receipt.key \\\n"
        "      --certificate receipt.crt");
    using Step = Result<void> (*)(const EpochOptions&);
    std::vector<std::pair<CLI::App*, Step>> steps = {
        {step(*command, "create", "Make an empty store", *options), &create},
        {step(*command, "add", "Take a recipient's key in for an epoch: wrapped, or by its token", *options),
         &add},
        {step(*command, "list", "Show the epochs and key ids that it holds", *options), &list},
        {step(*command, "destroy", "Destroy an epoch's keys; sign a record of it", *options), &destroy},
        {making(*command, *options), &make}};
    add_pair(*steps[1].first, *options, "The recipient's key (PEM), if it lives in a file",
             "Its certificate (PEM)");
    add_pair(*steps[3].first, *options,
             "Signs the record (PEM; the collector's receipt key, or an auditor's)", "Its certificate (PEM)")
        ->required();
    add_token(*steps[1].first, *options);
    add_token(*steps[3].first, *options);
    steps[3].first->add_option(
        "--holds", options->holds,
        "The folder of legal holds ([holds] of opener.toml), whose records --certificate "
        "verifies: the record names those that keep something of the epoch");
    return [options, steps] {
        for (const auto& [one, run] : steps)
            if (one->parsed()) return exit_code("epoch", run(*options));
        return 2;
    };
}

}  // namespace portcullis
