// portcullis-reader: the composition root of the process that has the camera, the models and the signing key,
// and no network.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/common/signing_key.hpp"
#include "apps/reader/compose.hpp"
#include "base/log.hpp"
#include "health/service.hpp"
#include "pipeline/model_eyes.hpp"
#include "pipeline/spool_sink.hpp"
#include "pipeline/thread_limits.hpp"
#include "seal/openssl.hpp"
#include "seal/self_test.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr std::chrono::minutes tell_every{1};

constexpr auto description =
    "Reads license plates from pictures and seals what it read: signed by this device, encrypted to those "
    "whom "
    "the settings name, appended to the spool. It has no network and keeps nothing readable; "
    "portcullis-uplink "
    "carries the spool away.";
constexpr auto footer =
    "Files:    a commented example of the settings is installed as share/portcullis/examples/reader.toml\n"
    "Signals:  SIGTERM, SIGINT: what was seen is recorded, then it ends\n"
    "Exit:     0 done (the source ended, or stopped), 1 failed, 2 wrong usage or configuration (file, line, "
    "key, cure)\n"
    "\n"
    "  portcullis-reader --config reader.toml --check\n"
    "  portcullis-reader --config reader.toml --input film.mp4";

struct Options {
    std::filesystem::path file = "/etc/portcullis/reader.toml";
    std::optional<std::string> input;
    bool check_only = false;
};

/// Tells the service manager each change, the log once a minute.
class Teller {
  public:
    void tell(const RoadCounters& counters) {
        const std::string now = summary(counters);
        if (now != told_) notify_status(now);
        if (now != logged_ && std::chrono::steady_clock::now() >= next_log_) {
            log_info("reader", "{}", now);
            logged_ = now;
            next_log_ = std::chrono::steady_clock::now() + tell_every;
        }
        told_ = now;
    }

  private:
    std::string told_;
    std::string logged_;
    std::chrono::steady_clock::time_point next_log_ = std::chrono::steady_clock::now() + tell_every;
};

/// A certificate out of its dates, or a clock that is years off, never stops the capture; it is told at the
/// start and once a day.
class DateWatch {
  public:
    DateWatch(const Sealer& sealer, const Clock& clock) : sealer_(sealer), clock_(clock) {}
    void look() {
        if (next_ && clock_.since_boot() < *next_) return;
        next_ = clock_.since_boot() + std::chrono::hours(24);
        for (const std::string& doubt : sealer_.date_doubts(clock_.utc()))
            log_error("reader", "{}; reads go on, the collector judges them by its own clock", doubt);
    }

  private:
    const Sealer& sealer_;
    const Clock& clock_;
    std::optional<BootTime> next_;
};

Result<void> walk(const ReaderSettings& settings, Eyes eyes, const Sealer& sealer, const Clock& clock) {
    StopSignal stop = TRY(StopSignal::create());
    Spool spool = TRY(
        Spool::open(spool_settings(settings),
                    TombstoneMaker([&](const Tombstone& tombstone) { return sealer.tombstone(tombstone); },
                                   [&](ByteView blob) { return sealer.own_tombstone(blob); }),
                    clock));
    SpoolSink sink(sealer, spool, clock);
    Heartbeat heartbeat(clock);
    Teller teller;
    DateWatch dates(sealer, clock);
    dates.look();
    Pipeline::Hooks hooks;
    hooks.beat = [&] { heartbeat.beat(); };
    hooks.tick = [&](const RoadCounters& counters) {
        teller.tell(counters);
        dates.look();
    };
    Pipeline pipeline(pipeline_settings(settings), std::move(eyes), sink.sink(), hooks);
    const OpenCamera open_camera = [&]() -> Result<std::unique_ptr<Camera>> {
        return TRY(ReplayCamera::create(replay_settings(settings.input), clock));
    };
    const Watchdog watchdog(heartbeat, watchdog_patience(settings.input));
    log_info("reader", "device={} chain={} next_seq={}", settings.device, to_string(spool.head().chain),
             spool.head().next_seq);
    notify_ready("reading");
    auto done = pipeline.run(open_camera, stop.token());
    notify_stopping();
    log_info("reader", "ended: {}", summary(pipeline.counters()));
    if (done && pipeline.counters().records_lost > 0)
        return fail(ErrorCode::io, "{} records were lost; see the errors above",
                    pipeline.counters().records_lost.load());
    return done;
}

Result<void> run(const Options& options) {
    const ReaderSettings settings = TRY(load_reader_settings(options.file, options.input));
    set_log_level(settings.log_level);
    TRY(deny_memory_dumps());
    TRY(deny_network());  // before the first thread, the first picture and the decoder's process
    if (!try_lock_memory())
        log_warning("reader", "memory is not locked (RLIMIT_MEMLOCK): keep swap off or encrypted");
    TRY(envelope_self_test());
    const SystemClock clock;
    const auto key =
        TRY(open_signing_key(settings.keys.key, settings.keys.certificate, CertificateUse::sign_reads));
    const Sealer sealer = TRY(Sealer::create(sealer_settings(settings), *key));
    Eyes eyes = TRY(load_eyes(settings.models));
    if (!options.check_only) return walk(settings, std::move(eyes), sealer, clock);
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
    app.add_flag("--check", options.check_only, "Check settings, keys, recipients and models, then end");
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
