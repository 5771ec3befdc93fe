#include "support/road_traffic.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace portcullis::test {

namespace {

constexpr double lane_width_m = 3.5;
constexpr double far_m = 75;  // where vehicles that approach appear
constexpr double near_m = 3;
constexpr double stop_line_m = 19;
constexpr double shadow_m = 21;
constexpr double grille_told_px = 90;  // from this plate's width on the plate itself is found
constexpr double found_from_px = 26;   // a narrower plate is not found
constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view look_alikes = "O00OQ00QDO0DI11IB88BZ22ZS55SG66GVYYVMNNMEFFEPRRP";

char look_alike(char letter, std::uint64_t chance) {
    for (std::size_t i = 0; i < look_alikes.size(); i += 2)
        if (look_alikes[i] == letter) return look_alikes[i + 1];
    return letters[chance % letters.size()];
}

/// Whether the way from the eye to the point meets the upright box.
bool blocks(const std::array<double, 3>& eye, const std::array<double, 3>& point,
            const std::array<double, 3>& low, const std::array<double, 3>& high) {
    double enter = 0;
    double leave = 0.999;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double way = point[axis] - eye[axis];
        if (std::abs(way) < 1e-9) {
            if (eye[axis] < low[axis] || eye[axis] > high[axis]) return false;
            continue;
        }
        double first = (low[axis] - eye[axis]) / way;
        double last = (high[axis] - eye[axis]) / way;
        if (first > last) std::swap(first, last);
        enter = std::max(enter, first);
        leave = std::min(leave, last);
    }
    return enter < leave;
}

}  // namespace

RoadTraffic::RoadTraffic(RoadRules rules, std::uint64_t seed)
    : rules_(std::move(rules)), chance_(seed * 0x9E3779B97F4A7C15U + 1) {
    for (int lane = 0; lane < rules_.lanes; ++lane)
        next_at_.push_back(uniform(0, rules_.mean_gap_s));
}

double RoadTraffic::lane_x(int lane) const {
    return lane_width_m * (lane - (rules_.lanes - 1) / 2.0);
}

// Not the library's distributions: they differ from one library to the next.
double RoadTraffic::uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(chance_() >> 11U) * 0x1p-53;
}

double RoadTraffic::normal(double deviation) {
    const double radius = std::sqrt(-2 * std::log(1 - uniform(0, 1)));
    return deviation * radius * std::cos(uniform(0, 2 * std::numbers::pi));
}

bool RoadTraffic::happens(double chance) {
    return uniform(0, 1) < chance;
}

RoadTraffic::Vehicle RoadTraffic::make_vehicle(int lane) {
    Vehicle vehicle;
    vehicle.truth = truths_.size();
    vehicle.lane = vehicle.to_lane = lane;
    vehicle.x = lane_x(lane) + uniform(-0.3, 0.3);
    vehicle.y = away(lane) ? near_m : far_m;
    vehicle.wanted = uniform(rules_.slowest_kmh, rules_.fastest_kmh) / 3.6;
    vehicle.speed = vehicle.wanted;
    if (happens(rules_.lorries)) {
        vehicle.length = 14;
        vehicle.width = 2.5;
        vehicle.height = 3.8;
    }
    vehicle.plate_height = uniform(0.4, 0.8);
    if (happens(0.2)) {
        vehicle.plate_width = 0.305;
        vehicle.plate_tall = 0.155;
    }
    vehicle.yaw = normal(0.03);
    vehicle.grille = rules_.grilles > 0 && happens(rules_.grilles);
    if (happens(rules_.stops)) {
        vehicle.stop_s = uniform(3, 40);
        vehicle.stop_at = stop_line_m + uniform(-1, 1);
    }
    if (rules_.lanes > 1 && happens(rules_.lane_changes)) {
        vehicle.change_at = uniform(15, 35);
        vehicle.to_lane = lane == 0                  ? 1
                          : lane == rules_.lanes - 1 ? lane - 1
                                                     : lane + (happens(0.5) ? 1 : -1);
        if (away(vehicle.to_lane) != away(lane)) vehicle.to_lane = lane;
    }
    VehicleTruth truth;
    truth.direction = away(lane) ? Direction::receding : Direction::approaching;
    for (int i = 0; i < 7; ++i) {
        truth.text += letters[chance_() % letters.size()];
        vehicle.hard += happens(rules_.hard_letters) ? look_alike(truth.text.back(), chance_()) : ' ';
    }
    truths_.push_back(truth);
    hard_.push_back(vehicle.hard);
    return vehicle;
}

void RoadTraffic::spawn(double seconds) {
    for (int lane = 0; lane < rules_.lanes; ++lane) {
        double& wait = next_at_[static_cast<std::size_t>(lane)];
        wait -= seconds;
        if (wait > 0) continue;
        // The entrance must be free for as far as the next one would need to brake.
        const double entrance = away(lane) ? near_m : far_m;
        const auto in_the_way = [&](const Vehicle& other) {
            const double room = 8 + other.length + 0.9 * rules_.fastest_kmh / 3.6;
            return (other.lane == lane || other.to_lane == lane) && std::abs(other.y - entrance) < room;
        };
        if (std::ranges::any_of(on_road_, in_the_way)) continue;
        on_road_.push_back(make_vehicle(lane));
        wait = -rules_.mean_gap_s * std::log(1 - uniform(0, 1));
    }
}

/// Room to whatever is before it, and the speed at which that shrinks.
double RoadTraffic::gap_before(const Vehicle& vehicle, double& closing) const {
    double gap = 1000;
    closing = 0;
    const double forward = away(vehicle.lane) ? 1 : -1;
    for (const Vehicle& other : on_road_) {
        if (&other == &vehicle ||
            (other.lane != vehicle.lane && other.to_lane != vehicle.lane && other.lane != vehicle.to_lane))
            continue;
        // y is the plate's: of one that approaches its front, of one that goes away its rear.
        const double length = away(vehicle.lane) ? vehicle.length : other.length;
        const double room = (other.y - vehicle.y) * forward - length;
        if ((other.y - vehicle.y) * forward > 0 && room < gap) {
            gap = room;
            closing = vehicle.speed - other.speed;
        }
    }
    if (vehicle.stop_s > 0) {
        const double room = (vehicle.stop_at - vehicle.y) * forward;
        if (room > -1 && room < gap) {
            gap = room + 2;
            closing = vehicle.speed;
        }
    }
    return std::max(gap, 0.3);
}

void RoadTraffic::change_lane(Vehicle& vehicle, double seconds) {
    if (vehicle.change_at <= 0 || vehicle.to_lane == vehicle.lane) return;
    const bool there = away(vehicle.lane) ? vehicle.y > vehicle.change_at : vehicle.y < vehicle.change_at;
    const double goal = lane_x(vehicle.to_lane);
    const bool begun = std::abs(vehicle.x - lane_x(vehicle.lane)) > 0.5;
    const auto beside = [&](const Vehicle& other) {
        return &other != &vehicle && (other.lane == vehicle.to_lane || other.to_lane == vehicle.to_lane) &&
               std::abs(other.y - vehicle.y) < 16;
    };
    if (!there || (!begun && std::ranges::any_of(on_road_, beside))) return;
    const double step = 1.4 * seconds;  // m/s to the side
    vehicle.x += std::clamp(goal - vehicle.x, -step, step);
    if (std::abs(vehicle.x - goal) < 0.05) vehicle.lane = vehicle.to_lane;
}

void RoadTraffic::drive(double seconds) {
    constexpr double acceleration = 1.8;  // m/s^2
    constexpr double braking = 2.5;
    constexpr double standing_gap = 2;
    constexpr double time_gap_s = 0.9;
    for (Vehicle& vehicle : on_road_) {
        double closing = 0;
        const double gap = gap_before(vehicle, closing);
        const double safe = standing_gap + std::max(0.0, vehicle.speed * time_gap_s +
                                                             vehicle.speed * closing /
                                                                 (2 * std::sqrt(acceleration * braking)));
        const double pull =
            acceleration * (1 - std::pow(vehicle.speed / vehicle.wanted, 4) - (safe / gap) * (safe / gap));
        vehicle.speed = std::max(0.0, vehicle.speed + std::max(pull, -9.0) * seconds);
        vehicle.y += (away(vehicle.lane) ? 1 : -1) * vehicle.speed * seconds;
        if (vehicle.stop_s > 0 && vehicle.speed < 0.3 && std::abs(vehicle.y - vehicle.stop_at) < 4)
            vehicle.stop_s -= seconds;
        change_lane(vehicle, seconds);
    }
    std::erase_if(on_road_, [](const Vehicle& vehicle) {
        return vehicle.y < -vehicle.length || vehicle.y > far_m + 20;
    });
}

std::optional<Point> RoadTraffic::project(double x, double y, double z) const {
    const RoadCamera& camera = rules_.camera;
    const double tilt = camera.tilt_degrees * std::numbers::pi / 180;
    const double below = camera.height_m - z;
    const double depth = y * std::cos(tilt) + below * std::sin(tilt);
    if (depth < 0.5) return std::nullopt;
    const double down = below * std::cos(tilt) - y * std::sin(tilt);
    return Point{static_cast<float>(camera.width_px / 2.0 + camera.focal_px * (x - camera.x_m) / depth),
                 static_cast<float>(camera.height_px / 2.0 + camera.focal_px * down / depth)};
}

/// Nothing when any corner lies outside the picture.
std::optional<Quad> RoadTraffic::plate_of(const Vehicle& vehicle) const {
    Quad quad;
    const std::array<std::array<double, 2>, 4> corners = {{{-1, 1}, {1, 1}, {1, -1}, {-1, -1}}};
    for (std::size_t i = 0; i < 4; ++i) {
        const double along = corners[i][0] * vehicle.plate_width / 2;
        const auto at =
            project(vehicle.x + along * std::cos(vehicle.yaw), vehicle.y + along * std::sin(vehicle.yaw),
                    vehicle.plate_height + corners[i][1] * vehicle.plate_tall / 2);
        if (!at || at->x < 0 || at->y < 0 || at->x > static_cast<float>(rules_.camera.width_px - 1) ||
            at->y > static_cast<float>(rules_.camera.height_px - 1))
            return std::nullopt;
        quad.corners[i] = *at;
    }
    return quad;
}

bool RoadTraffic::is_hidden(const Vehicle& vehicle) const {
    const std::array eye = {rules_.camera.x_m, 0.0, rules_.camera.height_m};
    for (const Vehicle& other : on_road_) {
        if (&other == &vehicle) continue;
        const std::array low = {other.x - other.width / 2, other.y, 0.1};
        const std::array high = {other.x + other.width / 2, other.y + other.length, other.height};
        for (const double side : {-0.5, 0.0, 0.5})
            if (blocks(eye, {vehicle.x + side * vehicle.plate_width, vehicle.y, vehicle.plate_height}, low,
                       high))
                return true;
    }
    return false;
}

void RoadTraffic::look_at(Vehicle& vehicle, Point shake, RoadFrame& frame) {
    const double frame_s = 1 / rules_.frames_per_second;
    if (vehicle.shadow_left < 0 && rules_.lost_frames > 0 &&
        (away(vehicle.lane) ? vehicle.y > shadow_m : vehicle.y < shadow_m))
        vehicle.shadow_left = rules_.lost_frames;
    const bool shaded = vehicle.shadow_left > 0;
    if (shaded) --vehicle.shadow_left;
    vehicle.lost_s -= frame_s;
    if (vehicle.lost_s <= 0 && happens(rules_.burst * 25 * frame_s)) vehicle.lost_s = uniform(0.1, 0.5);
    const auto quad = plate_of(vehicle);
    if (!quad || shaded || is_hidden(vehicle)) return;
    const double width = mean_width(*quad);
    if (width >= clear_width_px) ++truths_[vehicle.truth].clear_frames;
    const double small = std::clamp((width - found_from_px) / (clear_width_px - found_from_px), 0.0, 1.0);
    if (width < found_from_px || vehicle.lost_s > 0 || happens(rules_.miss + 0.5 * (1 - small))) return;
    Glimpse glimpse;
    glimpse.vehicle = vehicle.truth;
    glimpse.chance = chance_();
    const bool faint = happens(rules_.faint + 0.4 * (1 - small));
    glimpse.candidate.score = static_cast<float>(faint ? uniform(0.2, 0.5) : uniform(0.55, 0.99));
    // A short shutter still smears what is fast and near.
    const double smear = std::clamp(1.2 - vehicle.speed * width / 9000, 0.3, 1.0);
    glimpse.clarity = std::clamp(width / 110, 0.2, 1.0) * smear * (faint ? 0.7 : 1);
    const bool misfit = happens(rules_.misfit);
    const bool grille = vehicle.grille && happens(1.1 - width / grille_told_px);
    const double pull = grille ? uniform(0.8, 1.4) : misfit ? uniform(-0.12, 0.2) : 0;
    const Point middle = centre(*quad);
    for (std::size_t i = 0; i < 4; ++i) {
        const Point corner = quad->corners[i];
        const double noise = rules_.noise_widths * width + 0.4;
        glimpse.candidate.quad.corners[i] = {
            corner.x + shake.x + static_cast<float>(pull * (corner.x - middle.x) + normal(noise)),
            corner.y + shake.y + static_cast<float>(pull * (corner.y - middle.y) + normal(noise * 0.7))};
    }
    if (misfit) glimpse.clarity *= 0.6;
    if (grille) glimpse.clarity = 0;
    frame.glimpses.push_back(glimpse);
}

void RoadTraffic::add_false(RoadFrame& frame) {
    double wanted = rules_.false_quads;
    while (wanted > 0 && happens(std::min(wanted, 1.0))) {
        wanted -= 1;
        const double width = uniform(30, 160);
        const double x = uniform(width, rules_.camera.width_px - width);
        const double y = uniform(width, rules_.camera.height_px - width);
        const auto px = [](double value) { return static_cast<float>(value); };
        Glimpse glimpse;
        glimpse.candidate = {
            quad_from_box({px(x - width / 2), px(y - width / 8), px(x + width / 2), px(y + width / 8)}),
            px(uniform(0.2, 0.75))};
        glimpse.clarity = 0.3;
        glimpse.chance = chance_();
        frame.glimpses.push_back(glimpse);
    }
}

Point RoadTraffic::shake() {
    const auto sway = [&](double per_s, double phase) {
        return rules_.shake_px * std::sin(2 * std::numbers::pi * per_s * seconds_ + phase);
    };
    const double x = sway(2.1, 0) + 0.5 * sway(7.3, 1) + normal(0.2 * rules_.shake_px);
    const double y = 0.7 * sway(1.7, 2) + 0.5 * sway(6.7, 3) + normal(0.2 * rules_.shake_px);
    return {static_cast<float>(x), static_cast<float>(y)};
}

RoadFrame RoadTraffic::next() {
    const double frame_s = 1 / rules_.frames_per_second;
    RoadFrame frame;
    do {
        seconds_ += frame_s;
        frame.number = number_++;
        spawn(frame_s);
        drive(frame_s);
    } while (happens(rules_.dropped_frames));
    const double stamp_s = 100 + seconds_ + std::clamp(normal(rules_.uneven_s), -frame_s / 3, frame_s / 3);
    frame.time = BootTime(microseconds(std::llround(stamp_s * 1e6)));
    const Point moved = shake();
    for (Vehicle& vehicle : on_road_)
        look_at(vehicle, moved, frame);
    add_false(frame);
    return frame;
}

Reading RoadTraffic::read(const Glimpse& glimpse) const {
    if (glimpse.clarity <= 0) return {};
    Reading reading;
    if (!glimpse.vehicle) return reading;
    std::uint64_t state = glimpse.chance;
    const auto chance = [&] {  // splitmix64
        state += 0x9E3779B97F4A7C15U;
        std::uint64_t mixed = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    };
    const auto drawn = [&] { return static_cast<double>(chance() >> 11U) * 0x1p-53; };
    const std::string& text = truths_[*glimpse.vehicle].text;
    const std::string& hard = hard_[*glimpse.vehicle];
    const double errors = rules_.letter_errors + 0.12 * std::pow(1 - glimpse.clarity, 2);
    double whole = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (drawn() < errors / 8) continue;  // the letter is lost
        const bool is_hard = hard[i] != ' ';
        const bool wrong = drawn() < (is_hard ? 0.35 : errors);
        const char other = is_hard ? hard[i] : look_alike(text[i], chance());
        const double sure = wrong ? 0.35 + 0.45 * drawn() : (is_hard ? 0.5 : 0.8) + 0.19 * drawn();
        const auto confidence = static_cast<float>(sure);
        const char letter = wrong ? other : text[i];
        const char second = wrong ? text[i] : other;
        reading.characters.push_back({letter, confidence, {}});
        if (second != letter)
            reading.characters.back().alternatives.push_back({second, (1 - confidence) * 0.7F});
        whole *= sure;
    }
    reading.confidence = static_cast<float>(whole);
    return reading;
}

}  // namespace portcullis::test
