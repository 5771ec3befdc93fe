#include "core/plate_question.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/ids.hpp"
#include "core/reading.hpp"

namespace portcullis {

namespace {

constexpr std::array<std::pair<char, char>, 4> look_alikes = {
    {{'O', '0'}, {'I', '1'}, {'B', '8'}, {'S', '5'}}};
constexpr std::string_view not_counted = " -.";
constexpr UtcTime latest{std::chrono::seconds(253'402'300'800)};  // the year 10,000

bool is_wildcard(char sign) {
    return sign == '?' || sign == '*';
}

Result<std::string> canonical(std::string_view plate) {
    std::string letters;
    // Before it is looked at: what is too long is not walked.
    if (plate.size() > 2 * max_plate_letters)
        return fail(ErrorCode::invalid_argument, "plate: at most {} characters", max_plate_letters);
    for (const char sign : plate) {
        if (not_counted.find(sign) != not_counted.npos) continue;
        const char letter = sign >= 'a' && sign <= 'z' ? static_cast<char>(sign - 'a' + 'A') : sign;
        if (!alphabet_index(letter) && !is_wildcard(letter))
            return fail(ErrorCode::invalid_argument,
                        "plate: letters A to Z and digits, ? for any one of them, * for any number");
        letters += letter;
    }
    if (letters.size() > max_plate_letters)
        return fail(ErrorCode::invalid_argument, "plate: at most {} characters", max_plate_letters);
    if (letters.empty() && !plate.empty())
        return fail(ErrorCode::invalid_argument, "plate: holds neither letter nor digit");
    return letters;
}

Result<void> check_device(std::string_view device) {
    const bool whole = device.empty() || is_device_name(device);
    // What begins so: a name of at least one letter, with more behind it.
    const bool begins = device.size() > 1 && device.ends_with('*') &&
                        is_device_name(std::string(device.substr(0, device.size() - 1)) + "x");
    if (whole || begins) return {};
    return fail(ErrorCode::invalid_argument,
                "device: a device's name, or the beginning of one and * (north-*)");
}

Result<void> check_times(const PlateQuestion& question) {
    const auto good = [](const std::optional<UtcTime>& time) {
        return !time || (*time >= UtcTime() && *time < latest);
    };
    if (!good(question.from) || !good(question.to))
        return fail(ErrorCode::invalid_argument, "time: between the years 1970 and 9999");
    if (question.from && question.to && *question.from >= *question.to)
        return fail(ErrorCode::invalid_argument, "time: `from` must be before `to`");
    return {};
}

/// The usual walk with one step back: no input takes longer than the product of both lengths.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t behind_star = pattern.npos;
    std::size_t from = 0;  // of the text: what the last * has swallowed ends here
    std::size_t here = 0;
    while (here < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            behind_star = ++at;
            from = here;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[here])) {
            ++at;
            ++here;
        } else if (behind_star != pattern.npos) {
            at = behind_star;
            here = ++from;
        } else {
            return false;
        }
    }
    return std::all_of(pattern.begin() + static_cast<std::ptrdiff_t>(at), pattern.end(),
                       [](char sign) { return sign == '*'; });
}

}  // namespace

std::string fold_look_alikes(std::string_view plate) {
    std::string folded(plate);
    for (char& sign : folded)
        for (const auto& [letter, digit] : look_alikes)
            if (sign == letter) sign = digit;
    return folded;
}

bool PlateQuestion::is_partial() const {
    return plate.empty() || std::ranges::any_of(plate, is_wildcard);
}

Result<PlateQuestion> checked(PlateQuestion question) {
    question.plate = TRY(canonical(question.plate));
    if (question.look_alike) question.plate = fold_look_alikes(question.plate);
    TRY(check_times(question));
    TRY(check_device(question.device));
    const auto is_control = [](char sign) { return static_cast<unsigned char>(sign) < ' '; };
    if (question.lane.size() > max_lane_bytes || std::ranges::any_of(question.lane, is_control))
        return fail(ErrorCode::invalid_argument, "lane: plain text of at most {} bytes", max_lane_bytes);
    return question;
}

bool fits(const PlateQuestion& question, std::string_view text) {
    if (question.plate.empty()) return true;
    if (text.empty()) return false;
    return matches(question.plate, question.look_alike ? fold_look_alikes(text) : std::string(text));
}

bool fits_device(const PlateQuestion& question, std::string_view device) {
    const std::string_view asked = question.device;
    if (asked.empty()) return true;
    return asked.ends_with('*') ? device.starts_with(asked.substr(0, asked.size() - 1)) : device == asked;
}

}  // namespace portcullis
