#include "apps/reader/walk.hpp"

#include <algorithm>

#include "apps/common/signing_key.hpp"
#include "apps/reader/vitals.hpp"
#include "base/clock_offset.hpp"
#include "base/log.hpp"
#include "health/clock_teller.hpp"
#include "pipeline/health_desk.hpp"
#include "pipeline/key_intake.hpp"
#include "pipeline/recipient_intake.hpp"
#include "pipeline/spool_sink.hpp"
#include "pipeline/wanted_intake.hpp"
#include "spool/salvage.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::minutes tell_every{1};
constexpr milliseconds drain_pause{200};

/// Tells the service manager each change, the log once a minute.
class Teller {
  public:
    void tell(const RoadCounters& counters, const std::string& trouble) {
        const std::string now = summary(counters) + trouble;
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

/// What the reader seals with and for whom: its signing key; a signed set out of the inbox, or certificates
/// in files. SIGHUP reads the files again, between two records. Thread-bound: the commit thread; not movable.
class KeyDuty {
  public:
    KeyDuty(const ReaderSettings& settings, Sealer& sealer, std::optional<KeyRenewal>& renewal,
            const StopSignal& stop)
        : settings_(settings), sealer_(sealer), renewal_(renewal), stop_(stop) {}
    [[nodiscard]] Result<void> begin(Inbox& inbox, const Clock& clock) {
        clock_ = &clock;
        if (renewal_) next_key_.emplace(inbox, *renewal_, read_request(settings_), clock);
        if (!settings_.keys.set) return {};
        recipients_ = TRY(DeviceRecipients::create(recipient_rules(settings_), kept_set(settings_), clock));
        intake_.emplace(inbox, *recipients_, sealer_, clock);
        intake_->look({});
        return {};
    }
    void before(const CaptureRecord& record) {
        if (intake_) intake_->choose(record.clock.quality);
    }
    void look(UtcTime signed_time) {
        sealer_.save_signers();
        if (intake_) intake_->look(signed_time);
        if (next_key_ && next_key_->look(std::max(signed_time, clock_->utc()))) {
            tell(reload_key());
            proven_after_ = signed_time;
        }
        retire(signed_time);
        const std::uint64_t hangups = stop_.hangups();
        if (std::exchange(hangups_, hangups) == hangups) return;
        if (const auto read = reload(); !read)
            log_error("reader", "{}; going on with the keys and recipients before", read.error().message());
        else
            log_info("reader", "the signing key and the recipients' certificates were read again");
    }

  private:
    /// The first receipt since the key was opened: what it replaced is not needed any more.
    void retire(UtcTime signed_time) {
        if (!renewal_ || !proven_after_ || signed_time <= *proven_after_) return;
        proven_after_.reset();
        if (const auto done = renewal_->retire(); !done)
            log_error("reader", "{}; the key before stays until the next start", done.error().message());
    }
    static void tell(const Result<void>& done) {
        if (!done) log_error("reader", "{}; going on with the key before", done.error().message());
    }
    [[nodiscard]] Result<void> reload() {
        TRY(sealer_.reload_recipients());
        return reload_key();
    }
    [[nodiscard]] Result<void> reload_key() {
        std::unique_ptr<SigningKey> key =
            TRY(open_signing_key(settings_.keys.key, settings_.keys.certificate, CertificateUse::sign_reads));
        TRY(sealer_.replace_key(*key));
        key_ = std::move(key);
        return {};
    }

    const ReaderSettings& settings_;
    Sealer& sealer_;
    std::optional<KeyRenewal>& renewal_;
    const StopSignal& stop_;
    const Clock* clock_ = nullptr;
    std::unique_ptr<SigningKey> key_;  // since it was first read again
    std::optional<KeyIntake> next_key_;
    std::optional<DeviceRecipients> recipients_;
    std::optional<RecipientIntake> intake_;
    std::uint64_t hangups_ = 0;
    std::optional<UtcTime> proven_after_{UtcTime()};
};

/// A lamp or contact that is not there never stops the capture: it is told, and done without.
template <class Part>
std::unique_ptr<Part> or_without(Result<std::unique_ptr<Part>> opened, const char* without) {
    if (opened) return std::move(*opened);
    log_error("roadside", "degraded: {}; {}", opened.error().message(), without);
    return nullptr;
}

TombstoneMaker tombstone_maker(const Sealer& sealer) {
    TombstoneMaker maker([&sealer](const Tombstone& tombstone) { return sealer.tombstone(tombstone); },
                         [&sealer](ByteView blob) { return sealer.own_tombstone(blob); });
    maker.verify_forerunner = [&sealer](ByteView blob) { return sealer.forerunners_tombstone(blob); };
    maker.forerunners = [&sealer] { return sealer.forerunners(); };
    return maker;
}

/// The owner's end of the spool. Only then, as the one reader that there is, it writes which keys it signs
/// with: before the first signature, in the anchor's folder, which is there now.
Result<Spool> open_spool(const ReaderSettings& settings, Sealer& sealer, const Clock& clock) {
    Spool spool = TRY(Spool::open(spool_settings(settings), tombstone_maker(sealer), clock));
    sealer.keep_signers(own_signers_file(settings));
    return spool;
}

Result<ReceiptIntake> open_intake(const ReaderSettings& settings, Inbox& inbox, Spool& spool,
                                  const Clock& clock) {
    return ReceiptIntake::create(
        inbox, settings.device, [&settings] { return load_receipt_trust(settings); }, spool, clock);
}

/// What is left of spools that were set aside: delivered beside the road, its receipts taken in.
class RestDuty {
  public:
    RestDuty(const ReaderSettings& settings, const Sealer& sealer, Inbox& inbox, const Clock& clock)
        : settings_(settings),
          inbox_(inbox),
          clock_(clock),
          salvage_(spool_settings(settings), tombstone_maker(sealer), clock) {}
    void look() {
        salvage_.look();
        if (salvage_.rest() == nullptr) return receipts_.reset();
        if (!receipts_) {
            auto opened = open_intake(settings_, inbox_, *salvage_.rest(), clock_);
            if (!opened) return log_error("reader", "{}", opened.error().message());
            receipts_.emplace(std::move(*opened));
        }
        receipts_->look();
    }
    [[nodiscard]] std::uint64_t items() {
        if (salvage_.rest() == nullptr) return salvage_.idle() ? 0 : 1;
        return std::max<std::uint64_t>(1, salvage_.rest()->stats().value_or(SpoolStats()).items);
    }

  private:
    const ReaderSettings& settings_;
    Inbox& inbox_;
    const Clock& clock_;
    Salvage salvage_;
    std::optional<ReceiptIntake> receipts_;
};

}  // namespace

Result<void> walk(const ReaderSettings& settings, Eyes eyes, Sealer& sealer,
                  std::optional<KeyRenewal> renewal, const Clock& clock) {
    StopSignal stop = TRY(StopSignal::create());
    Spool spool = TRY(open_spool(settings, sealer, clock));
    Inbox inbox(settings.inbox);
    ReceiptIntake receipts = TRY(open_intake(settings, inbox, spool, clock));
    SpoolSink sink(sealer, spool, clock, &receipts);
    ReaderVitals vitals(settings, clock);
    RateGovernor governor(rate_settings(settings.supervision));
    const StrainPlaces places = strain_places(settings.supervision);
    HealthDesk desk({PORTCULLIS_VERSION, eyes.model, settings.status.note, settings.status.interval}, clock);
    sink.tell_health([&] { return desk.latest(); }, settings.status.sealed_every);
    Teller teller;
    KeyDuty keys(settings, sealer, renewal, stop);
    TRY(keys.begin(inbox, clock));
    RestDuty rest(settings, sealer, inbox, clock);
    DateWatch dates(sealer, clock);
    dates.look();
    // On the commit thread, as the sealer is.
    RecordSink road = sink.sink();
    road.record = [&](const CaptureRecord& record) {
        keys.before(record);
        return sink.record(record);
    };
    std::optional<WantedIntake> wanted;
    if (settings.hits_only) {
        wanted.emplace(inbox, TRY(WantedGate::create(wanted_rules(settings))), clock);
        wanted->look({});
        road.wants = [&](const Read& read, ClockQuality quality) { return wanted->wants(read, quality); };
    }
    road.tick = [&] {
        keys.look(receipts.signed_time());
        if (wanted) wanted->look(receipts.signed_time());
        dates.look();
        rest.look();
        return sink.tick();
    };
    const auto trigger = or_without(open_trigger(settings), "every frame is searched");
    const auto illuminator = or_without(open_illuminator(settings), "the lamp stays as it is");
    Roadside roadside(roadside_settings(settings), trigger.get(), illuminator.get());
    const bool no_trigger = settings.trigger.wiring && !trigger;
    const bool no_light = (settings.illuminator.light || settings.illuminator.filter) && !illuminator;
    Pipeline::Hooks hooks;
    if (trigger || illuminator) hooks.expected = [&](const Frame& frame) { return roadside.before(frame); };
    hooks.pulse = vitals.pulse();
    hooks.rate_step = &governor.steps();
    // One watch a thread: of the capture thread and of this one.
    ClockWatch frame_dates(clock, settings.input.clock_quality);
    hooks.clock = [&] { return frame_dates.look(); };
    ClockWatch watch(clock, settings.input.clock_quality);
    ClockTeller clock_teller;
    hooks.tick = [&](const RoadCounters& counters) {
        vitals.main().beat();
        clock_teller.tell(watch);
        const Strain strain = measure_strain(places);
        governor.look(strain, clock.since_boot());
        desk.look({counters, strain, watch, governor, roadside.trigger_trouble() || no_trigger,
                   roadside.light_trouble() || no_light, kernel_clock_offset()});
        teller.tell(counters, roadside.trouble() + governor.trouble());
    };
    Pipeline pipeline(pipeline_settings(settings), std::move(eyes), std::move(road), hooks);
    sink.declare([&counters = pipeline.counters()] {
        return Losses{counters.records_lost.load(), counters.frames_dropped.load()};
    });
    const OpenCamera camera = [&] {
        auto opened = open_camera(settings, clock);
        if (opened)
            desk.camera_is(camera_words(settings, **opened));
        else
            desk.camera_fails(opened.error().message());
        return opened;
    };
    const Watchdog watchdog(clock, vitals.all());
    log_info("reader", "device={} chain={} next_seq={}", settings.device, to_string(spool.head().chain),
             spool.head().next_seq);
    notify_ready("reading");
    auto done = pipeline.run(camera, stop.token());
    notify_stopping();
    sink.keep_losses();
    log_info("reader", "ended: {}", summary(pipeline.counters()));
    if (done && pipeline.counters().records_lost > 0)
        return fail(ErrorCode::io, "{} records were lost; see the errors above",
                    pipeline.counters().records_lost.load());
    return done;
}

Result<void> drain(const ReaderSettings& settings, Sealer& sealer, const Clock& clock) {
    StopSignal stop = TRY(StopSignal::create());
    Spool spool = TRY(open_spool(settings, sealer, clock));
    Inbox inbox(settings.inbox);
    ReceiptIntake receipts = TRY(open_intake(settings, inbox, spool, clock));
    RestDuty rest(settings, sealer, inbox, clock);
    Heartbeat heartbeat(clock, "drain", settings.supervision.hang_after);
    const Watchdog watchdog(clock, {&heartbeat});
    notify_ready("draining");
    for (;;) {
        rest.look();
        const std::uint64_t items = TRY(spool.stats())
        .items + rest.items();
        if (items == 0) return {};
        if (stop.token().stop_requested())
            return fail(ErrorCode::timeout, "stopped; {} items in the spool have no receipt yet", items);
        spool.tick();
        TRY(spool.sign_anew());
        receipts.look();
        heartbeat.beat();
        wait_really(drain_pause, stop.token());
    }
}

}  // namespace portcullis
