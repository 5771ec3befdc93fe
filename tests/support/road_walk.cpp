#include "support/road_walk.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "pipeline/detect_stage.hpp"
#include "pipeline/patch_score.hpp"
#include "pipeline/read_stage.hpp"

namespace portcullis::test {

namespace {

constexpr std::size_t plenty = 1'000'000;  // for channels that are drained by the thread that fills them
constexpr int patch_width = 16;
constexpr int patch_height = 4;

/// A patch that knows its glimpse: its number stands in the first pixels, and the rest is as clear as it is.
GreyImage drawn_patch(std::uint64_t glimpse, double clarity) {
    GreyImage image{patch_width, patch_height, std::vector<std::uint8_t>(patch_width * patch_height)};
    const auto swing = static_cast<std::uint8_t>(20 + 90 * clarity);
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
        image.pixels[i] = static_cast<std::uint8_t>(i / 2 % 2 == 0 ? 128 - swing : 128 + swing);
    std::memcpy(image.pixels.data(), &glimpse, sizeof glimpse);
    return image;
}

std::uint64_t glimpse_of(const PlatePatch& patch) {
    std::uint64_t glimpse = 0;
    std::memcpy(&glimpse, patch.image.pixels.data(), sizeof glimpse);
    return glimpse;
}

class Walk {
  public:
    Walk(const RoadRules& rules, std::uint64_t seed, const PipelineSettings& settings)
        : settings_(settings),
          traffic_(rules, seed),
          blank_(static_cast<std::size_t>(rules.camera.width_px * rules.camera.height_px)),
          width_(rules.camera.width_px),
          height_(rules.camera.height_px) {
        eyes_.locate = [this](const FrameView&) { return locate(); };
        eyes_.rectify = [this](const FrameView&, const Quad& quad) { return rectify(quad); };
        eyes_.read = [this](const PlatePatch& patch) -> Result<Reading> {
            return traffic_.read(glimpses_[glimpse_of(patch)]);
        };
        detect_.emplace(settings_, eyes_, seen_, notes_, counters_);
    }
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;
    ~Walk() = default;

    void frame() {
        now_ = traffic_.next();
        first_ = glimpses_.size();
        glimpses_.insert(glimpses_.end(), now_.glimpses.begin(), now_.glimpses.end());
        Frame frame;
        frame.view = {
            PixelFormat::grey8, width_, height_, {{{blank_.data(), static_cast<std::size_t>(width_)}}}};
        frame.number = now_.number;
        frame.sensor_time = now_.time;
        detect_->see(frame);
        hand_on();
        ++figures_.frames;
    }

    PassageFigures end() {
        detect_->finish();
        hand_on();
        patches_.close();
        ReadStage(settings_, eyes_, patches_, notes_, captured_, counters_).run();
        captured_.close();
        while (const auto captured = captured_.receive())
            judge(*captured);
        for (std::size_t vehicle = 0; vehicle < traffic_.vehicles().size(); ++vehicle)
            judge_vehicle(vehicle);
        return figures_;
    }

  private:
    struct Best {
        float score = -1;
        std::size_t glimpse = 0;
        float confidence = -1;
        std::string surest;
    };

    Result<std::vector<PlateCandidate>> locate() {
        std::vector<PlateCandidate> candidates;
        for (const Glimpse& glimpse : now_.glimpses)
            candidates.push_back(glimpse.candidate);
        return candidates;
    }

    Result<PlatePatch> rectify(const Quad& quad) {
        const auto at = std::ranges::find_if(
            now_.glimpses, [&](const Glimpse& glimpse) { return glimpse.candidate.quad == quad; });
        PORTCULLIS_ASSERT(at != now_.glimpses.end());
        const std::size_t index = first_ + static_cast<std::size_t>(at - now_.glimpses.begin());
        by_place_[{now_.time, quad.corners[0].x, quad.corners[0].y}] = index;
        PlatePatch patch{drawn_patch(index, at->clarity), quad};
        if (at->vehicle)
            keep_best(*at->vehicle, index, patch_score(patch, at->candidate.score, width_, height_));
        return patch;
    }

    void keep_best(std::size_t vehicle, std::size_t index, float score) {
        Best& best = best_[vehicle];
        if (score > best.score) {
            best.score = score;
            best.glimpse = index;
        }
        const Reading reading = traffic_.read(glimpses_[index]);
        if (reading.confidence > best.confidence) {
            best.confidence = reading.confidence;
            best.surest = text_of(reading.characters);
        }
    }

    /// Looks at what detect sends to be read, and sends it on.
    void hand_on() {
        while (auto job = seen_.receive_for(milliseconds(0))) {
            if (job->passage != 0) {
                const Glimpse& glimpse = glimpses_[glimpse_of(job->patch)];
                ++patches_of_[job->passage][glimpse.vehicle ? static_cast<int>(*glimpse.vehicle) : -1];
            }
            PORTCULLIS_ASSERT(patches_.send(std::move(*job)));
        }
    }

    void judge(const Captured& captured) {
        ++figures_.records;
        const auto& patches = patches_of_[captured.passage.id];
        // What is no plate has no text, and so no vote.
        const auto most = std::ranges::max_element(patches, [](const auto& a, const auto& b) {
            return std::pair(a.first >= 0, a.second) < std::pair(b.first >= 0, b.second);
        });
        if (patches.size() > 1) ++figures_.mixed;
        if (most == patches.end() || most->first < 0) {
            ++figures_.false_records;
            return;
        }
        const auto vehicle = static_cast<std::size_t>(most->first);
        const Quad& quad = captured.look->quad;
        const auto shown = by_place_.find({captured.look->since_boot, quad.corners[0].x, quad.corners[0].y});
        PORTCULLIS_ASSERT(shown != by_place_.end());
        if (!captured.look->frame)
            ++figures_.withheld;
        else if (glimpses_[shown->second].vehicle != vehicle)
            ++figures_.wrong_pictures;
        if (!records_.try_emplace(vehicle, captured).second) ++figures_.duplicates;
    }

    void judge_vehicle(std::size_t vehicle) {
        const VehicleTruth& truth = traffic_.vehicles()[vehicle];
        const auto record = records_.find(vehicle);
        if (truth.clear_frames < due_frames) return;
        ++figures_.vehicles;
        if (record == records_.end()) return;
        ++figures_.captured;
        const Direction direction = record->second.passage.direction;
        if (direction != Direction::unknown && direction != truth.direction) ++figures_.wrong_directions;
        ++figures_.texts;
        const Best& best = best_[vehicle];
        if (text_of(record->second.read.characters) == truth.text) ++figures_.voted_right;
        if (text_of(traffic_.read(glimpses_[best.glimpse]).characters) == truth.text) ++figures_.best_right;
        if (best.surest == truth.text) ++figures_.surest_right;
    }

    struct Place {
        BootTime time;
        float x;
        float y;
        auto operator<=>(const Place&) const = default;
    };

    PipelineSettings settings_;
    RoadTraffic traffic_;
    std::vector<std::uint8_t> blank_;
    int width_;
    int height_;
    Eyes eyes_;
    PatchChannel seen_{plenty, Overflow::block};
    PatchChannel patches_{plenty, Overflow::block};
    NoteChannel notes_{plenty, Overflow::block};
    CapturedChannel captured_{plenty, Overflow::block};
    RoadCounters counters_;
    std::optional<DetectStage> detect_;
    RoadFrame now_;
    std::size_t first_ = 0;  // of this frame's glimpses
    std::vector<Glimpse> glimpses_;
    std::map<Place, std::size_t> by_place_;
    std::map<std::size_t, Best> best_;                    // of each vehicle
    std::map<PassageId, std::map<int, int>> patches_of_;  // of each passage: how many of which vehicle
    std::map<std::size_t, Captured> records_;             // of each vehicle, the first
    PassageFigures figures_;
};

double percent(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

RoadCamera gantry() {
    return {};
}

/// Beside the road, as on a traffic-light pole.
RoadCamera roadside() {
    return {.focal_px = 2600, .x_m = 6.5, .height_m = 3.2, .tilt_degrees = 8};
}

}  // namespace

PassageFigures& PassageFigures::operator+=(const PassageFigures& other) {
    frames += other.frames;
    vehicles += other.vehicles;
    captured += other.captured;
    records += other.records;
    duplicates += other.duplicates;
    false_records += other.false_records;
    mixed += other.mixed;
    wrong_pictures += other.wrong_pictures;
    withheld += other.withheld;
    wrong_directions += other.wrong_directions;
    texts += other.texts;
    voted_right += other.voted_right;
    best_right += other.best_right;
    surest_right += other.surest_right;
    return *this;
}

double PassageFigures::capture_percent() const {
    return percent(captured, vehicles);
}

double PassageFigures::duplicate_percent() const {
    return percent(duplicates, records);
}

PipelineSettings walk_settings() {
    PipelineSettings settings;
    settings.gate.reset();
    settings.media.plate = false;
    settings.media.overview = OverviewPolicy::full;  // the frame itself, which costs nothing here
    settings.pressure = Pressure::wait;
    return settings;
}

PassageFigures walk_road(const RoadRules& rules, std::uint64_t seed, double seconds,
                         const PipelineSettings& settings) {
    Walk walk(rules, seed, settings);
    const auto frames = static_cast<std::size_t>(seconds * rules.frames_per_second);
    for (std::size_t i = 0; i < frames; ++i)
        walk.frame();
    return walk.end();
}

std::vector<RoadRules> all_roads() {
    std::vector<RoadRules> roads;
    const auto add = [&](const char* name, RoadRules rules) {
        rules.name = name;
        roads.push_back(std::move(rules));
    };
    add("one lane", {.camera = gantry()});
    add("three lanes", {.camera = gantry(), .lanes = 3, .slowest_kmh = 50, .fastest_kmh = 100});
    add("130 km/h, 10 frames/s",
        {.camera = gantry(), .lanes = 3, .frames_per_second = 10, .slowest_kmh = 90, .fastest_kmh = 130});
    add("130 km/h, 60 frames/s",
        {.camera = gantry(), .lanes = 3, .frames_per_second = 60, .slowest_kmh = 90, .fastest_kmh = 130});
    add("5 to 20 km/h, queues",
        {.camera = gantry(), .lanes = 2, .slowest_kmh = 5, .fastest_kmh = 20, .mean_gap_s = 1});
    add("barrier, 3 to 40 s",
        {.camera = gantry(), .slowest_kmh = 15, .fastest_kmh = 30, .mean_gap_s = 6, .stops = 0.9});
    add("both ways", {.camera = gantry(), .lanes = 3, .lanes_away = 1, .slowest_kmh = 40, .fastest_kmh = 80});
    add("lane changes",
        {.camera = gantry(), .lanes = 3, .slowest_kmh = 40, .fastest_kmh = 90, .lane_changes = 0.5});
    add("lorries hide cars",
        {.camera = roadside(), .lanes = 3, .slowest_kmh = 40, .fastest_kmh = 90, .lorries = 0.4});
    add("10 frames lost",
        {.camera = gantry(), .lanes = 2, .slowest_kmh = 20, .fastest_kmh = 50, .lost_frames = 10});
    add("10 frames lost, 10 frames/s", {.camera = gantry(),
                                        .lanes = 2,
                                        .frames_per_second = 10,
                                        .slowest_kmh = 10,
                                        .fastest_kmh = 30,
                                        .lost_frames = 10});
    add("night",
        {.camera = gantry(), .lanes = 2, .miss = 0.12, .burst = 0.02, .faint = 0.3, .letter_errors = 0.03});
    add("rain", {.camera = gantry(),
                 .lanes = 2,
                 .miss = 0.2,
                 .noise_widths = 0.03,
                 .misfit = 0.08,
                 .false_quads = 0.3,
                 .letter_errors = 0.03});
    add("shaking pole",
        {.camera = gantry(), .lanes = 3, .slowest_kmh = 40, .fastest_kmh = 90, .shake_px = 8});
    add("false quads", {.camera = gantry(), .lanes = 2, .false_quads = 1});
    add("dark plates in dark grilles",
        {.camera = gantry(), .lanes = 2, .slowest_kmh = 40, .fastest_kmh = 90, .grilles = 0.5});
    add("uneven frames", {.camera = gantry(),
                          .lanes = 3,
                          .slowest_kmh = 40,
                          .fastest_kmh = 90,
                          .dropped_frames = 0.2,
                          .uneven_s = 0.008});
    return roads;
}

}  // namespace portcullis::test
