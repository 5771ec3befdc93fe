#include "apps/portcullis/bench_score.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace portcullis::bench {

namespace {

struct Meeting {
    std::optional<std::size_t> plate;  // that of the highest IoU
    float overlap = 0;
};

Meeting meet(const LabelledPicture& picture, const Box& read) {
    Meeting best;
    for (std::size_t i = 0; i < picture.plates.size(); ++i) {
        const float overlap = iou(read, bounding_box(picture.plates[i].quad));
        if (!best.plate || overlap > best.overlap) best = {i, overlap};
    }
    return best;
}

bool centre_in_a_plate(const LabelledPicture& picture, const Box& read) {
    const float x = (read.left + read.right) / 2;
    const float y = (read.top + read.bottom) / 2;
    return std::ranges::any_of(picture.plates, [&](const LabelledPlate& plate) {
        const Box box = bounding_box(plate.quad);
        return box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
    });
}

bool better(const ScoredRead& a, const ScoredRead& b) {
    if (a.text.empty() != b.text.empty()) return b.text.empty();
    return a.confidence > b.confidence;
}

/// The best read that meets each plate. False reads go into the score.
std::vector<std::optional<std::size_t>> meet_all(const LabelledPicture& picture,
                                                 std::span<const ScoredRead> reads, PictureScore& score) {
    std::vector<std::optional<std::size_t>> best(picture.plates.size());
    for (std::size_t i = 0; i < reads.size(); ++i) {
        const Box box = bounding_box(reads[i].quad);
        const Meeting met = picture.kind == Kind::crop && !best.empty() ? Meeting{0, 1} : meet(picture, box);
        if (met.plate && met.overlap >= found_iou) {
            auto& held = best[*met.plate];
            if (!held || better(reads[i], reads[*held])) held = i;
        } else if (!reads[i].text.empty() && met.overlap < touching_iou && !centre_in_a_plate(picture, box)) {
            ++score.false_reads;
            score.answers.push_back({reads[i].confidence, false, false});
            score.faults.push_back({Cause::false_read, std::nullopt, i, reads[i].confidence});
        }
    }
    return best;
}

void score_text(const std::string& want, const ScoredRead& read, std::size_t plate, std::size_t index,
                PictureScore& score) {
    if (read.text.empty()) {
        score.faults.push_back({Cause::unread, plate, index, read.confidence});
        return;
    }
    const bool right = folded(read.text) == folded(want);
    score.exact += read.text == want ? 1 : 0;
    score.right += right ? 1 : 0;
    score.answers.push_back({read.confidence, right, true});
    if (!right) score.faults.push_back({Cause::misread, plate, index, read.confidence});
}

std::size_t bin_of(float confidence) {
    const double place = std::ceil(static_cast<double>(confidence) * static_cast<double>(calibration_bins));
    return static_cast<std::size_t>(std::clamp(place, 1.0, static_cast<double>(calibration_bins))) - 1;
}

}  // namespace

std::string comparable(std::string_view text) {
    std::string kept;
    for (const char c : text) {
        if (c >= 'a' && c <= 'z') kept += static_cast<char>(c - 'a' + 'A');
        if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) kept += c;
    }
    return kept;
}

std::string folded(std::string text) {
    std::ranges::replace(text, 'O', '0');
    std::ranges::replace(text, 'I', '1');
    return text;
}

const char* to_string(Cause cause) {
    switch (cause) {
        case Cause::misread:
            return "misread";
        case Cause::false_read:
            return "false read";
        case Cause::unread:
            return "unread";
        case Cause::missed:
            return "missed";
    }
    return "";
}

PictureScore score_picture(const LabelledPicture& picture, std::span<const ScoredRead> reads) {
    PictureScore score;
    const auto best = meet_all(picture, reads, score);
    for (std::size_t i = 0; i < best.size(); ++i) {
        ++score.plates;
        const std::string want = comparable(picture.plates[i].text);
        score.texts += want.empty() ? 0 : 1;
        if (!best[i]) {
            score.faults.push_back({Cause::missed, i, std::nullopt, 0});
            continue;
        }
        score.found += picture.kind == Kind::crop ? 0 : 1;
        if (!want.empty()) score_text(want, reads[*best[i]], i, *best[i], score);
    }
    return score;
}

std::optional<double> calibration_error(std::span<const Answer> answers) {
    if (answers.empty()) return std::nullopt;
    // In each bin: sum of (right - confidence). Its absolute value over all answers is the bin's share times
    // the gap between its accuracy and its mean confidence.
    std::array<double, calibration_bins> gaps{};
    for (const Answer& answer : answers)
        gaps.at(bin_of(answer.confidence)) +=
            (answer.right ? 1.0 : 0.0) - static_cast<double>(answer.confidence);
    double sum = 0;
    for (const double gap : gaps)
        sum += std::abs(gap);
    return sum / static_cast<double>(answers.size());
}

std::optional<Selective> selective(std::vector<Answer> answers, std::size_t texts, double precision) {
    if (texts == 0) return std::nullopt;
    std::ranges::sort(answers, std::greater{}, &Answer::confidence);
    std::optional<Selective> widest;
    std::size_t right = 0;
    std::size_t on_plate = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        right += answers[i].right ? 1 : 0;
        on_plate += answers[i].on_plate ? 1 : 0;
        // Equal confidences are answered together: no threshold parts them.
        if (i + 1 < answers.size() && answers[i + 1].confidence == answers[i].confidence) continue;
        const double reached = static_cast<double>(right) / static_cast<double>(i + 1);
        if (reached >= precision)
            widest = Selective{static_cast<double>(on_plate) / static_cast<double>(texts),
                               answers[i].confidence, reached};
    }
    return widest;
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::clamp<std::size_t>(rank, 1, values.size()) - 1];
}

}  // namespace portcullis::bench
