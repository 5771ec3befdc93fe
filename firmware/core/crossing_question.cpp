#include "core/crossing_question.hpp"

#include <algorithm>

#include "core/ids.hpp"
#include "core/plate_question.hpp"

namespace portcullis {

namespace {

bool is_lane(std::string_view lane) {
    const auto is_control = [](char sign) { return static_cast<unsigned char>(sign) < ' '; };
    return lane.size() <= max_lane_bytes && std::ranges::none_of(lane, is_control);
}

bool overlap(const CrossingPlace& one, const CrossingPlace& other) {
    return one.device == other.device && (one.lane.empty() || other.lane.empty() || one.lane == other.lane);
}

bool overlap(const CrossingSide& one, const CrossingSide& other) {
    if (one.direction && other.direction && one.direction != other.direction) return false;
    return std::ranges::any_of(one.places, [&](const CrossingPlace& place) {
        return std::ranges::any_of(other.places,
                                   [&](const CrossingPlace& also) { return overlap(place, also); });
    });
}

Result<void> check_side(const CrossingSide& side, std::string_view name) {
    if (side.places.empty() || side.places.size() > max_crossing_places)
        return fail(ErrorCode::invalid_argument, "{}: 1 to {} places", name, max_crossing_places);
    for (const CrossingPlace& place : side.places)
        if (!is_device_name(place.device) || !is_lane(place.lane))
            return fail(ErrorCode::invalid_argument,
                        "{}: a device's name, or DEVICE/LANE with a lane of at most {} bytes of plain text",
                        name, max_lane_bytes);
    return {};
}

Result<void> check_spans(const CrossingQuestion& question) {
    constexpr std::chrono::seconds none{0};
    if (question.shortest < none || question.shortest > question.longest || question.longest <= none ||
        question.longest > max_crossing_dwell)
        return fail(ErrorCode::invalid_argument,
                    "dwell: the shortest is at most the longest, and that is at most {} days",
                    std::chrono::duration_cast<std::chrono::days>(max_crossing_dwell).count());
    if (question.slack < none || question.slack > max_clock_slack)
        return fail(ErrorCode::invalid_argument, "clock slack: 0 to {} seconds", max_clock_slack.count());
    return {};
}

}  // namespace

bool CrossingSide::holds(std::string_view device, std::string_view lane, Direction way) const {
    if (direction && way != *direction) return false;
    return std::ranges::any_of(places, [&](const CrossingPlace& place) {
        return place.device == device && (place.lane.empty() || place.lane == lane);
    });
}

Result<CrossingQuestion> checked(CrossingQuestion question) {
    TRY(check_side(question.entry, "entry"));
    TRY(check_side(question.exit, "exit"));
    if (overlap(question.entry, question.exit))
        return fail(ErrorCode::invalid_argument,
                    "a place is entry and exit at once: name lanes, or a direction for each side");
    PlateQuestion window;
    window.from = question.from;
    window.to = question.to;
    TRY(checked(std::move(window)));
    TRY(check_spans(question));
    return question;
}

}  // namespace portcullis
