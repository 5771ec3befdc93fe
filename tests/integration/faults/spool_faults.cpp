// Spool and disk: the real spool behind the real commit stage, over a disk that fails as it is told.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "database/database.hpp"
#include "integration/faults/fault_row.hpp"
#include "pipeline/commit_stage.hpp"
#include "pipeline/spool_sink.hpp"
#include "support/fake_clock.hpp"
#include "support/fault_vfs.hpp"
#include "support/loose_token.hpp"
#include "unit/pipeline/toy_road.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

namespace {

/// A device from its sealer to its disk.
struct Device {
    explicit Device(std::uint64_t quota_items = 1'000'000) {
        settings.path = folder.path() / "spool.db";
        settings.device = "gate-1";
        settings.quota_items = quota_items;
    }
    [[nodiscard]] Result<Spool> try_open() {
        return Spool::open(settings,
                           TombstoneMaker([this](const Tombstone& one) { return sealer.tombstone(one); },
                                          [this](ByteView blob) { return sealer.own_tombstone(blob); }),
                           clock);
    }
    void open() {
        spool.reset();
        spool = must(try_open());
    }
    [[nodiscard]] std::uint64_t items() { return must(spool->stats()).items; }

    Road road;
    LooseToken token{*road.key};
    Sealer sealer = road.sealer_with(token, "gate-1");
    TempDir folder;
    FakeClock clock{now};
    SpoolSettings settings;
    std::optional<Spool> spool;
};

/// One passage is committed; `make` breaks something before, `heal` is called at the first wait.
Seen commit_one(Device& device, const std::function<void()>& make, const std::function<void()>& heal,
                const std::function<Result<void>(SpoolSink&, const CaptureRecord&)>& how = {}) {
    const LogCatcher log;
    SpoolSink sink(device.sealer, *device.spool, device.clock);
    PipelineSettings settings;
    CapturedChannel captured(8, Overflow::block);
    RoadCounters counters;
    Seen seen;
    bool fatal = false;
    const Wait wait = [&](milliseconds time, const std::stop_token&) {
        if (seen.state.empty()) seen.state = counters.spool_trouble ? "degraded=spool" : "running";
        device.clock.advance(time);
        heal();
    };
    RecordSink road = sink.sink();
    if (how) road.record = [&](const CaptureRecord& record) { return how(sink, record); };
    CommitStage stage(settings, "m", road, captured, counters, wait, {});
    Passage passage;
    passage.id = 1;
    passage.frames = 3;
    REQUIRE(captured.send({passage, {toy_reading("AB123").characters, 0.9F, 3}, nullptr}));
    captured.close();
    make();
    stage.run([&] { fatal = true; });
    seen.said = log.text();
    if (stage.fatal()) seen.said += stage.fatal()->message();
    if (fatal) seen.state = "ends";
    if (seen.state.empty()) seen.state = counters.records_lost > 0 ? "lost, counted" : "running";
    seen.recovered = counters.records == 1 && !counters.spool_trouble;
    return seen;
}

Seen on_a_failing_disk(FaultVfs::Call call, int code) {
    FaultVfs disk;
    Device device;
    device.open();
    Seen seen = commit_one(
        device,
        [&] {
            disk.fail({call, code, 1, true});
        },
        [&] { disk.mend(); });
    device.open();
    seen.recovered = seen.recovered && device.items() >= 1;
    device.spool.reset();
    return seen;
}

Seen corrupt_at_the_start() {
    Device device;
    std::ofstream(device.settings.path) << std::string(8192, '?');
    const LogCatcher log;
    device.open();
    const auto aside = device.spool->set_aside();
    Seen seen{aside && std::filesystem::exists(*aside) ? "set aside, a new chain" : "running", log.text(),
              false};
    seen.recovered = commit_one(
                         device, [] {}, [] {})
                         .recovered;
    return seen;
}

Seen corrupt_at_work() {
    Device device;
    device.open();
    const ChainId before = device.spool->head().chain;
    Seen seen = commit_one(
        device,
        [&] {
            auto other = must(Database::open({.path = device.settings.path}));
            REQUIRE(other.execute("UPDATE life SET link = x'00'"));
        },
        [] {});
    if (device.spool->head().chain != before) seen.state = "set aside, a new chain";
    return seen;
}

Seen over_quota() {
    Device device(100);
    device.open();
    const LogCatcher log;
    ChainHead head = device.spool->head();
    SpoolSink sink(device.sealer, *device.spool, device.clock);
    for (int i = 0; i < 150; ++i) {
        REQUIRE(sink.record(sample_record()));
        device.clock.advance(std::chrono::seconds(1));
    }
    const SpoolStats stats = must(device.spool->stats());
    const bool declared = stats.shed_reads + stats.shed_overviews + stats.shed_plates > 0;
    return {declared ? "sheds, declared" : "running", log.text(),
            stats.items <= 100 && device.spool->head().next_seq > head.next_seq + 150};
}

/// A child appends, says how far it came, and is killed in the midst of more.
Seen killed() {
    Device device;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        device.open();
        SpoolSink sink(device.sealer, *device.spool, device.clock);
        for (;;) {
            if (!sink.record(sample_record())) ::_exit(1);
            const Seq next = device.spool->head().next_seq;
            if (::write(pipe[1], &next, sizeof next) != sizeof next) ::_exit(1);
        }
    }
    Seq confirmed = 0;
    for (int i = 0; i < 5; ++i)
        REQUIRE(::read(pipe[0], &confirmed, sizeof confirmed) == sizeof confirmed);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    ::close(pipe[0]);
    ::close(pipe[1]);
    device.open();
    const Seq next = device.spool->head().next_seq;
    return {next >= confirmed ? "nothing confirmed is lost" : "lost", fmt::format("next_seq={}", next),
            device.items() == next - 1 && commit_one(
                                              device, [] {}, [] {})
                                              .recovered};
}

Seen power_cut() {
    FaultVfs disk;
    Device device;
    device.open();
    Seq confirmed = 0;
    {
        SpoolSink sink(device.sealer, *device.spool, device.clock);
        disk.cut_power_at(40);
        while (sink.record(sample_record()))
            confirmed = device.spool->head().next_seq;
    }
    device.spool.reset();
    std::mt19937 random(5);
    disk.restore_power(FaultVfs::Unsynced::torn, random);
    device.open();
    const Seq next = device.spool->head().next_seq;
    Seen seen{next >= confirmed ? "nothing confirmed is lost" : "lost", fmt::format("next_seq={}", next),
              commit_one(
                  device, [] {}, [] {})
                  .recovered};
    device.spool.reset();
    return seen;
}

Seen token_away(bool for_good) {
    Device device;
    device.open();
    Seen seen = commit_one(
        device, [&] { device.token.pulled = true; },
        [&] {
            if (!for_good) device.token.pulled = false;
        });
    if (for_good) {
        device.token.pulled = false;
        seen.recovered = commit_one(
                             device, [] {}, [] {})
                             .recovered;
    }
    return seen;
}

}  // namespace

FaultRows spool_faults() {
    using Call = FaultVfs::Call;
    const char* const held = "the road is held; goes on when the disk does, nothing is lost";
    return {
        {"spool", Fault::full, "the disk is full", "degraded=spool", "the spool does not take records", held,
         [] { return on_a_failing_disk(Call::write, SQLITE_FULL); }},
        {"spool", Fault::error, "the disk is read-only", "degraded=spool", "the spool does not take records",
         held, [] { return on_a_failing_disk(Call::write, SQLITE_READONLY); }},
        {"spool", Fault::error, "fsync fails", "degraded=spool", "the spool does not take records", held,
         [] { return on_a_failing_disk(Call::sync, SQLITE_IOERR_FSYNC); }},
        {"spool", Fault::error, "the disk refuses one record for longer than commit_patience_s",
         "degraded=spool", "its record is lost (records_lost=1)",
         "declared in a signed statement; the next record is tried",
         [] {
             Device device;
             device.open();
             Seen seen = commit_one(
                 device, [] {}, [] {},
                 [](SpoolSink&, const CaptureRecord&) -> Result<void> { return fail(ErrorCode::io, "no"); });
             seen.recovered = commit_one(
                                  device, [] {}, [] {})
                                  .recovered;
             return seen;
         }},
        {"spool", Fault::corrupt, "its file is rubbish at the start", "set aside, a new chain",
         "corrupt file set aside, a new chain begins", "the new chain takes records; the old file is kept",
         corrupt_at_the_start},
        {"spool", Fault::corrupt, "its file is damaged at work", "set aside, a new chain",
         "opening the spool anew", "the record at hand goes into the new chain", corrupt_at_work},
        {"spool", Fault::full, "more items than quota_items", "sheds, declared",
         "over quota or disk nearly full, shedding",
         "pictures go before reads, old before new; each shed leaves a signed tombstone", over_quota},
        {"spool", Fault::kill, "kill -9 while it appends", "nothing confirmed is lost",
         "next_seq=", "the chain goes on where it was", killed},
        {"spool", Fault::kill, "the power is cut in the midst of writes", "nothing confirmed is lost",
         "next_seq=", "the chain goes on where it was", power_cut},
        {"signing key", Fault::offline, "the token is pulled and comes back", "degraded=spool",
         "the spool does not take records", held, [] { return token_away(false); }},
        {"signing key", Fault::offline, "the token stays away", "ends", "the signing key is gone",
         "started anew, the reader opens the key anew; the record is counted as lost",
         [] { return token_away(true); }},
    };
}

}  // namespace portcullis::test
