// portcullis-reader: the composition root of the process that has the camera, the models and the signing key,
// and no network.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/common/signing_key.hpp"
#include "apps/reader/compose.hpp"
#include "apps/reader/walk.hpp"
#include "base/log.hpp"
#include "pipeline/model_eyes.hpp"
#include "pipeline/thread_limits.hpp"
#include "seal/openssl.hpp"
#include "seal/self_test.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr auto description =
    "Reads license plates from pictures and seals what it read: signed by this device, encrypted to those "
    "whom "
    "the settings name, appended to the spool. It has no network and keeps nothing readable; "
    "portcullis-uplink "
    "carries the spool away, and brings receipts to the inbox.";
constexpr auto footer =
    "Files:    a commented example of the settings is installed as share/portcullis/examples/reader.toml\n"
    "Signals:  SIGTERM, SIGINT: what was seen is recorded, then it ends; SIGHUP: the recipients' "
    "certificates are read "
    "again\n"
    "Exit:     0 done (the source ended, or stopped), 1 failed, 2 wrong usage or configuration (file, line, "
    "key, cure),\n"
    "          3 a stage hung (the log names it)\n"
    "\n"
    "  portcullis-reader --config reader.toml --check\n"
    "  portcullis-reader --config reader.toml --input film.mp4";

struct Options {
    std::filesystem::path file = "/etc/portcullis/reader.toml";
    std::optional<std::string> input;
    bool check_only = false;
    bool drain = false;
};

Result<void> run(const Options& options) {
    const ReaderSettings settings = TRY(load_reader_settings(options.file, options.input));
    set_log_level(settings.log_level);
    TRY(deny_memory_dumps());
    TRY(deny_network());  // before the first thread, the first picture and the decoder's process
    if (!try_lock_memory())
        log_warning("reader", "memory is not locked (RLIMIT_MEMLOCK): keep swap off or encrypted");
    TRY(envelope_self_test());
    const SystemClock clock;
    std::optional<KeyRenewal> renewal = TRY(open_renewal(settings));
    const auto key =
        TRY(open_signing_key(settings.keys.key, settings.keys.certificate, CertificateUse::sign_reads));
    Sealer sealer = TRY(Sealer::create(sealer_settings(settings), *key));
    if (settings.keys.set) static_cast<void>(TRY(RecipientSetGate::create(recipient_rules(settings))));
    if (settings.hits_only) static_cast<void>(TRY(WantedGate::create(wanted_rules(settings))));
    static_cast<void>(TRY(load_receipt_trust(settings)));  // before the spool is touched
    if (options.drain) return drain(settings, sealer, clock);
    Eyes eyes = TRY(load_eyes(settings.models));
    if (!options.check_only) return walk(settings, std::move(eyes), sealer, std::move(renewal), clock);
    static_cast<void>(TRY(open_trigger(settings)));
    static_cast<void>(TRY(open_illuminator(settings)));
    if (const auto doubts = sealer.date_doubts(clock.utc()); !doubts.empty())
        return fail(ErrorCode::configuration, "{}", fmt::join(doubts, "\n"));
    fmt::print("portcullis-reader: {} is good; model {}\n", options.file.string(), eyes.model);
    return {};
}

}  // namespace

int main(int argc, char** argv) try {
    limit_library_threads(argv);
    // Before anything else asks OpenSSL for memory.
    const Result<void> zeroing = install_zeroing_allocator();
    CLI::App app{description, "portcullis-reader"};
    app.footer(footer);
    Options options;
    app.add_option("--config", options.file, "Settings file (TOML)")->capture_default_str();
    app.add_option("--input", options.input, "Pictures or film to read, in the place of input.path");
    app.add_flag("--check", options.check_only,
                 "Check settings, keys, recipients, models and wiring, then end");
    app.add_flag("--drain", options.drain,
                 "Read nothing: release what receipts come for until the spool is empty, then end");
    app.set_version_flag("--version", "portcullis-reader " PORTCULLIS_VERSION);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const Result<void> done = zeroing ? run(options) : zeroing;
    if (done) return 0;
    log_error("reader", "{}", done.error().message());
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
} catch (const std::exception& error) {
    // Only what the command-line library or the memory throws comes here: rooms and drivers do not.
    std::fputs(error.what(), stderr);
    return 1;
}
