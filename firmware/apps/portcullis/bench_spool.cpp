#include "apps/portcullis/bench_spool.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

#include "apps/portcullis/bench_folder.hpp"
#include "apps/portcullis/bench_score.hpp"
#include "database/disk_meter.hpp"
#include "record/payload.hpp"
#include "record/size_bucket.hpp"
#include "record/statement_codec.hpp"
#include "spool/spool.hpp"

namespace portcullis::bench {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// What the envelope adds for one recipient (README.md of the seal room).
constexpr std::size_t envelope_bytes = 282;
constexpr std::size_t signature_bytes = 300;  // of a read, within its envelope
// As they come out of the sealer for one recipient (`portcullis bench seal`): pictures in their first
// buckets, where nearly all are.
constexpr std::size_t read_bytes = min_payload_bytes + signature_bytes + envelope_bytes;
constexpr std::size_t plate_bytes = min_plate_bucket_bytes + envelope_bytes;
constexpr std::size_t overview_bytes = min_overview_bucket_bytes + envelope_bytes;
constexpr std::size_t checkpoint_bytes = 481;
constexpr Seq checkpoint_every = 64;
constexpr int records_a_receipt = 8;

enum class Road { outage, delivered, full };
struct Phase {
    Road road;
    std::string_view name;
    std::string_view words;
};
constexpr std::array phases = {
    Phase{Road::outage, "outage", "nothing is received: the spool grows"},
    Phase{Road::delivered, "delivered", "a receipt every 8 records"},
    Phase{Road::full, "full", "the quota holds half of the records: each append sheds"},
};

struct Figures {
    std::vector<double> append_ms;
    double seconds = 0;  // of all appends together
    std::uint64_t sealed_bytes = 0;
    std::vector<double> anchor_ms;
    std::uint64_t anchor_bytes = 0;
    DiskUse main;
    DiskUse wal;

    [[nodiscard]] double per_record(std::uint64_t sum) const {
        return static_cast<double>(sum) / static_cast<double>(append_ms.size());
    }
    [[nodiscard]] double anchor_ms_per_record() const {
        return std::accumulate(anchor_ms.begin(), anchor_ms.end(), 0.0) /
               static_cast<double>(append_ms.size());
    }
    [[nodiscard]] std::uint64_t written() const { return main.bytes + wal.bytes; }
    [[nodiscard]] double amplification() const {
        return static_cast<double>(written()) / static_cast<double>(sealed_bytes);
    }
    [[nodiscard]] double block_amplification() const {
        return static_cast<double>((main.blocks + wal.blocks) * disk_block_bytes) /
               static_cast<double>(sealed_bytes);
    }
};

DiskUse since(const DiskUse& then, const DiskUse& now) {
    return {now.writes - then.writes, now.bytes - then.bytes, now.syncs - then.syncs,
            now.blocks - then.blocks};
}

/// Blobs that no file system can make smaller.
Result<Bytes> random_bytes(std::size_t count) {
    Bytes bytes(count);
    for (std::size_t done = 0; done < count;) {
        const auto got = ::getrandom(bytes.data() + done, count - done, 0);
        if (got < 0) return fail(Error::from_errno("cannot get random bytes", errno));
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// Tombstones are written, not signed: the figures are the disk's.
TombstoneMaker plain_maker() {
    return {[](const Tombstone& one) -> Result<Bytes> { return to_bytes(TRY(encode_tombstone(one))); },
            [](ByteView blob) { return parse_tombstone(as_text(blob)); }};
}

class Drive {
  public:
    explicit Drive(Spool& reader) : reader_(reader), head_(reader.head()) {}

    [[nodiscard]] Result<void> append_record() {
        SealedRecord record{head_.chain, {}};
        TRY(add(record, ItemKind::read, read_bytes));
        TRY(add(record, ItemKind::plate, plate_bytes));
        TRY(add(record, ItemKind::overview, overview_bytes));
        const auto begin = Clock::now();
        TRY(reader_.append(record));
        const std::chrono::duration<double> took = Clock::now() - begin;
        figures.append_ms.push_back(took.count() * 1000);
        figures.seconds += took.count();
        if (head_.next_seq < checkpointed_ + checkpoint_every) return {};
        SealedRecord checkpoint{head_.chain, {}};
        TRY(add(checkpoint, ItemKind::checkpoint, checkpoint_bytes));
        checkpointed_ = head_.next_seq;
        return reader_.append(checkpoint);
    }
    [[nodiscard]] Result<void> receive_all() {
        TRY(reader_.release(head_.chain, head_.next_seq - 1, head_.link, Digest{}));
        return {};
    }

    Figures figures;

  private:
    [[nodiscard]] Result<void> add(SealedRecord& record, ItemKind kind, std::size_t bytes) {
        SealedItem item {
            .seq = head_.next_seq, .kind = kind, .blob = TRY(random_bytes(bytes))
        };
        item.link = next_link(head_.link, item.seq, sha256(item.blob));
        head_ = {head_.chain, item.seq + 1, item.link};
        figures.sealed_bytes += bytes;
        record.items.push_back(std::move(item));
        return {};
    }

    Spool& reader_;
    ChainHead head_;
    Seq checkpointed_ = 1;
};

/// Writes as the reader does, and takes the time.
AnchorWriter timed_anchor(Figures& figures) {
    return [&figures](const std::filesystem::path& path, ByteView bytes) -> Result<void> {
        const auto begin = Clock::now();
        TRY(write_anchor_file(path, bytes));
        const std::chrono::duration<double> took = Clock::now() - begin;
        figures.anchor_ms.push_back(took.count() * 1000);
        figures.anchor_bytes += bytes.size();
        return {};
    };
}

SpoolSettings settings_of(Road road, int records, const std::filesystem::path& folder, Figures& anchors) {
    SpoolSettings settings{.path = folder / "spool.db", .device = "bench"};
    settings.anchor = folder / "private" / "anchor";
    settings.write_anchor = timed_anchor(anchors);
    if (road == Road::full)
        settings.quota_bytes =
            static_cast<std::uint64_t>(records) * (read_bytes + plate_bytes + overview_bytes) / 2;
    return settings;
}

// The files are closed before the last look: what stands in the -wal file is then in the main file, and
// counted.
Result<Figures> measure(Road road, int records, const std::filesystem::path& folder) {
    const BenchFolder place = TRY(BenchFolder::create(folder));
    Figures anchors;
    const SpoolSettings settings = settings_of(road, records, place.path(), anchors);
    const DiskMeter meter;
    Figures figures;
    DiskUse main;
    DiskUse wal;
    {
        Spool reader = TRY(Spool::open(settings, plain_maker()));
        const Spool uplink = TRY(Spool::attach(settings));  // as on the road: it keeps the file open
        main = meter.main_files();
        wal = meter.wal_files();
        Drive drive(reader);
        for (int i = 1; i <= records; ++i) {
            TRY(drive.append_record());
            if (road == Road::delivered && i % records_a_receipt == 0) TRY(drive.receive_all());
        }
        figures = std::move(drive.figures);
    }
    figures.anchor_ms = std::move(anchors.anchor_ms);
    figures.anchor_bytes = anchors.anchor_bytes;
    figures.main = since(main, meter.main_files());
    figures.wal = since(wal, meter.wal_files());
    return figures;
}

void print_line(const Phase& phase, const Figures& figures) {
    fmt::print("{:<10}{:>10.0f}{:>8.2f}{:>8.2f}{:>8.2f}{:>10.0f}{:>10.0f}{:>10.0f}{:>8.2f}{:>8.2f}{:>8.2f}\n",
               phase.name, static_cast<double>(figures.append_ms.size()) / figures.seconds,
               percentile(figures.append_ms, 0.5), percentile(figures.append_ms, 0.99),
               std::ranges::max(figures.append_ms), figures.per_record(figures.sealed_bytes),
               figures.per_record(figures.wal.bytes), figures.per_record(figures.main.bytes),
               figures.amplification(), figures.block_amplification(),
               figures.per_record(figures.wal.syncs + figures.main.syncs));
    fmt::print("{:<10}the anchor: {:.3f} writes a record, {:.2f} ms each (p99 {:.2f}), {:.3f} ms a record\n",
               "", figures.per_record(figures.anchor_ms.size()), percentile(figures.anchor_ms, 0.5),
               percentile(figures.anchor_ms, 0.99), figures.anchor_ms_per_record());
}

Json json_of(const Figures& figures) {
    return {{"appends_per_s", static_cast<double>(figures.append_ms.size()) / figures.seconds},
            {"append_ms",
             {{"p50", percentile(figures.append_ms, 0.5)},
              {"p99", percentile(figures.append_ms, 0.99)},
              {"max", std::ranges::max(figures.append_ms)}}},
            {"sealed_bytes_per_record", figures.per_record(figures.sealed_bytes)},
            {"wal_bytes_per_record", figures.per_record(figures.wal.bytes)},
            {"main_bytes_per_record", figures.per_record(figures.main.bytes)},
            {"written_bytes_per_record", figures.per_record(figures.written())},
            {"write_amplification", figures.amplification()},
            {"block_amplification", figures.block_amplification()},
            {"syncs_per_record", figures.per_record(figures.wal.syncs + figures.main.syncs)},
            {"anchor",
             {{"writes_per_record", figures.per_record(figures.anchor_ms.size())},
              {"bytes_per_record", figures.per_record(figures.anchor_bytes)},
              {"ms_per_record", figures.anchor_ms_per_record()},
              {"p50_ms", percentile(figures.anchor_ms, 0.5)},
              {"p99_ms", percentile(figures.anchor_ms, 0.99)}}}};
}

}  // namespace

Result<void> run_spool(const SpoolOptions& options) {
    Json out = {{"folder", options.folder.string()}, {"records", options.records}};
    if (!options.json) {
        fmt::print("{} records a line, in {}\n", options.records, options.folder.string());
        fmt::print("{:<10}{:>10}{:>8}{:>8}{:>8}{:>10}{:>10}{:>10}{:>8}{:>8}{:>8}\n", "", "appends/s",
                   "p50 ms", "p99 ms", "max ms", "sealed B", "wal B", "main B", "amplif.", "blocks", "syncs");
    }
    for (const Phase& phase : phases) {
        const Figures figures =
            TRY(with_context(measure(phase.road, options.records, options.folder), phase.name));
        if (options.json)
            out[std::string(phase.name)] = json_of(figures);
        else
            print_line(phase, figures);
    }
    if (options.json) fmt::print("{}\n", out.dump(1));
    if (!options.json)
        for (const Phase& phase : phases)
            fmt::print("{}{}: {}", phase.road == Road::outage ? "" : "; ", phase.name, phase.words);
    if (!options.json) fmt::print("\n");
    return {};
}

}  // namespace portcullis::bench
