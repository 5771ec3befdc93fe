#include "apps/portcullis/bench_road.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "apps/portcullis/bench_folder.hpp"
#include "apps/portcullis/bench_keys.hpp"
#include "apps/portcullis/bench_report.hpp"
#include "apps/portcullis/bench_score.hpp"
#include "base/file.hpp"
#include "drivers/camera/replay/replay_camera.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "pipeline/model_eyes.hpp"
#include "pipeline/pipeline.hpp"
#include "pipeline/spool_sink.hpp"
#include "seal/sealer.hpp"
#include "spool/spool.hpp"

namespace portcullis::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t memory_samples = 10;
constexpr std::size_t max_truth_bytes = 4'000'000;

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Of this process: what decodes the film is a process of its own, as a camera is a device of its own.
double processor_s() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// Resident now, MB of 10^6 bytes; 0 where the system does not tell.
double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double size = 0;
    double resident = 0;
    statm >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// The film, for as many frames as were asked for.
class CountedCamera final : public Camera {
  public:
    CountedCamera(std::unique_ptr<Camera> camera, std::uint64_t frames)
        : camera_(std::move(camera)), left_(frames) {}
    [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override {
        if (left_ == 0) return fail(ErrorCode::closed, "as many frames as were asked for");
        auto frame = camera_->next(stop);
        if (frame) --left_;
        return frame;
    }

  private:
    std::unique_ptr<Camera> camera_;
    std::uint64_t left_;
};

/// Column `text` of a film's truth, letters and digits alone, O as 0 and I as 1.
Result<std::set<std::string>> load_truth(const std::filesystem::path& path) {
    std::set<std::string> texts;
    if (path.empty()) return texts;
    std::istringstream lines(TRY(read_text_file(path, max_truth_bytes)));
    std::size_t column = 0;
    bool header = true;
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        std::istringstream row(line);
        for (std::string cell; std::getline(row, cell, ',');)
            cells.push_back(cell);
        if (header) {
            const auto at = std::ranges::find(cells, "text");
            if (at == cells.end())
                return fail(ErrorCode::configuration,
                            "{}: no column 'text'; give the CSV file that was drawn with the film",
                            path.string());
            column = static_cast<std::size_t>(std::distance(cells.begin(), at));
            header = false;
        } else if (column < cells.size()) {
            texts.insert(folded(comparable(cells[column])));
        }
    }
    return texts;
}

struct Tally {
    std::vector<double> durable_ms;  // from the frame that decided on a record until it is durable
    std::uint64_t with_text = 0;
    std::uint64_t right = 0;
    std::vector<double> resident;  // MB, evenly over the frames
};

struct Outcome {
    Tally tally;
    double wall_s = 0;
    double processor_s = 0;
    const RoadCounters& counters;
};

/// Sealer and spool as the reader has them, with keys that protect nothing.
class Bench {
  public:
    static Result<std::unique_ptr<Bench>> create(const RoadOptions& options) {
        // Before new: what returns from within its parentheses leaks its memory.
        ThrowAwayKeys keys = TRY(ThrowAwayKeys::create(1));
        BenchFolder folder = TRY(BenchFolder::create(options.folder));
        std::set<std::string> truth = TRY(load_truth(options.truth));
        std::unique_ptr<Bench> bench(
            new Bench(options, std::move(keys), std::move(folder), std::move(truth)));
        TRY(bench->load());
        return bench;
    }

    Result<Outcome> measure() {
        Pipeline::Hooks hooks;
        hooks.expected = [this](const Frame&) {
            sample();
            return true;
        };
        pipeline_.emplace(pipeline_settings(), TRY(load_eyes(options_.models)), counted_sink(), hooks);
        const OpenCamera open = [this]() -> Result<std::unique_ptr<Camera>> {
            return std::make_unique<CountedCamera>(TRY(ReplayCamera::create(replay_settings(), clock_)),
                                                   options_.frames);
        };
        const double processor = processor_s();
        const BootTime begin = clock_.since_boot();
        TRY(pipeline_->run(open, {}));
        const std::chrono::duration<double> wall = clock_.since_boot() - begin;
        return Outcome{std::move(tally_), wall.count(), processor_s() - processor, pipeline_->counters()};
    }

  private:
    Bench(const RoadOptions& options, ThrowAwayKeys keys, BenchFolder folder, std::set<std::string> truth)
        : options_(options), keys_(std::move(keys)), folder_(std::move(folder)), truth_(std::move(truth)) {}

    Result<void> load() {
        key_ = TRY(FileSigningKey::create(keys_.devices()[0].key, keys_.devices()[0].certificate));
        SealerSettings settings;
        settings.device = ThrowAwayKeys::device_name(0);
        settings.fleet = "bench";
        settings.boot = "boot-1";
        settings.read_recipients = {keys_.recipients().front().certificate};
        settings.plate_recipients = settings.overview_recipients = settings.read_recipients;
        sealer_.emplace(TRY(Sealer::create(settings, *key_)));
        SpoolSettings spool{.path = folder_.path() / "spool.db", .device = ThrowAwayKeys::device_name(0)};
        spool.anchor = folder_.path() / "private" / "anchor";
        spool.quota_bytes = options_.quota_bytes;
        const auto sign = [this](const Tombstone& tombstone) { return sealer_->tombstone(tombstone); };
        const auto verify = [this](ByteView blob) { return sealer_->own_tombstone(blob); };
        spool_.emplace(TRY(Spool::open(spool, {sign, verify}, clock_)));
        sink_.emplace(*sealer_, *spool_, clock_);
        return {};
    }

    [[nodiscard]] PipelineSettings pipeline_settings() const {
        PipelineSettings settings;
        settings.pressure = options_.fast ? Pressure::wait : Pressure::drop;
        settings.firmware = PORTCULLIS_VERSION;
        return settings;
    }
    [[nodiscard]] ReplaySettings replay_settings() const {
        ReplaySettings replay;
        replay.source = options_.film;
        replay.pace = options_.fast ? ReplayPace::as_fast : ReplayPace::given;
        replay.frames_per_second = options_.frames_per_second;
        replay.loop = true;
        return replay;
    }

    /// Called by the commit thread.
    RecordSink counted_sink() {
        RecordSink sink = sink_->sink();
        sink.record = [this, keep = sink.record](const CaptureRecord& record) -> Result<void> {
            TRY(keep(record));
            if (record.read.characters.empty()) return {};
            ++tally_.with_text;
            if (truth_.contains(folded(text_of(record.read.characters)))) ++tally_.right;
            return {};
        };
        sink.durable = [this](BootTime decided) {
            const std::chrono::duration<double, std::milli> took = clock_.since_boot() - decided;
            tally_.durable_ms.push_back(took.count());
        };
        return sink;
    }

    /// Called by the detect thread, before each frame.
    void sample() {
        const std::uint64_t due = (tally_.resident.size() + 1) * options_.frames / memory_samples;
        if (pipeline_->counters().frames >= due && tally_.resident.size() < memory_samples)
            tally_.resident.push_back(resident_mb());
    }

    const RoadOptions& options_;
    SystemClock clock_;
    ThrowAwayKeys keys_;
    BenchFolder folder_;
    std::set<std::string> truth_;
    std::unique_ptr<FileSigningKey> key_;
    std::optional<Sealer> sealer_;
    std::optional<Spool> spool_;
    std::optional<SpoolSink> sink_;
    std::optional<Pipeline> pipeline_;
    Tally tally_;
};

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

Json json_of(const Outcome& outcome, const RoadOptions& options) {
    const RoadCounters& counters = outcome.counters;
    const Tally& tally = outcome.tally;
    const std::uint64_t frames = counters.frames;
    Json out = {
        {"film", options.film},
        {"pace", options.fast ? Json("as fast as the road takes it") : Json(options.frames_per_second)},
        {"frames", frames},
        {"seconds", outcome.wall_s},
        {"frames_per_s", static_cast<double>(frames) / outcome.wall_s},
        {"dropped", counters.frames_dropped.load()},
        {"patches_dropped", counters.patches_dropped.load()},
        {"not_searched_percent", share(counters.frames_still, frames)},
        {"processor_percent", 100 * outcome.processor_s / outcome.wall_s},
        {"processor_ms_a_frame", 1000 * outcome.processor_s / static_cast<double>(frames)},
        {"records", counters.records.load()},
        {"unread", counters.unread.load()},
        {"records_lost", counters.records_lost.load()},
        {"withheld", counters.pictures_withheld.load()}};
    if (!options.truth.empty()) out["right_percent"] = share(tally.right, counters.records);
    if (!options.fast && !tally.durable_ms.empty())
        out["frame_to_durable_ms"] = {{"p50", percentile(tally.durable_ms, 0.5)},
                                      {"p99", percentile(tally.durable_ms, 0.99)},
                                      {"max", std::ranges::max(tally.durable_ms)}};
    out["resident_mb"] = tally.resident;
    const auto peak = peak_memory_mb();
    out["peak_memory_mb"] = peak ? Json(*peak) : Json(nullptr);
    return out;
}

std::string as_text(const Json& value) {
    if (value.is_number_float()) return fmt::format("{:.1f}", value.get<double>());
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_structured()) return value.dump();
    std::string text;
    for (const auto& [name, one] : value.items())
        text += fmt::format("{}{}{}", text.empty() ? "" : "  ", value.is_object() ? name + " " : "",
                            as_text(one));
    return text;
}

}  // namespace

Result<void> run_road(const RoadOptions& options) {
    const auto bench = TRY(Bench::create(options));
    const Outcome outcome = TRY(bench->measure());
    const Json out = json_of(outcome, options);
    if (options.json) {
        fmt::print("{}\n", out.dump(1));
        return {};
    }
    for (const auto& [name, value] : out.items())
        fmt::print("{:<22}{}\n", name, as_text(value));
    return {};
}

}  // namespace portcullis::bench
