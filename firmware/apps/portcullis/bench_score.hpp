#pragma once
// Scores of reads against labels, and the figures made of them. Pure functions and values, reentrant; texts
// in here are personal data.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/portcullis/bench_labels.hpp"

namespace portcullis::bench {

inline constexpr float found_iou = 0.4F;     // of upright boxes: the read meets the plate
inline constexpr float touching_iou = 0.1F;  // a read with less, and its centre outside, is a false read
inline constexpr double selective_precision = 0.995;
inline constexpr std::size_t calibration_bins = 10;

/// Upper case, A-Z and 0-9 only; other letters are dropped (labels are written without accents).
[[nodiscard]] std::string comparable(std::string_view text);
/// O as 0, I as 1.
[[nodiscard]] std::string folded(std::string text);

/// What was read in a picture; text already comparable().
struct ScoredRead {
    std::string text;
    float confidence = 0;
    Quad quad;
};

enum class Cause { misread, false_read, unread, missed };  // unread: found, but without a text
[[nodiscard]] const char* to_string(Cause cause);

/// Something for a person to look at. A text that differs from the label's only in O/0 or I/1 is none.
struct Fault {
    Cause cause = Cause::missed;
    std::optional<std::size_t> plate;  // index of the labelled plate; none of a false read
    std::optional<std::size_t> read;   // index of the read; none of a missed plate
    float confidence = 0;
};

/// What the reader would have published: the best read of a plate whose text is known, or a false read.
struct Answer {
    float confidence = 0;
    bool right = false;     // O as 0, I as 1
    bool on_plate = false;  // false: a false read
};

/// One picture's counts.
struct PictureScore {
    std::size_t plates = 0;
    std::size_t texts = 0;  // plates whose text is known
    std::size_t found = 0;  // crops: not counted, they are plates already
    std::size_t exact = 0;
    std::size_t right = 0;  // folded
    std::size_t false_reads = 0;
    std::vector<Answer> answers;
    std::vector<Fault> faults;
};

/// A read belongs to the plate with which it has the highest IoU; the answer for a plate is the read with
/// text of the highest confidence, the first of equal ones. In a crop every read meets the plate.
[[nodiscard]] PictureScore score_picture(const LabelledPicture& picture, std::span<const ScoredRead> reads);

/// Expected calibration error: sum over bins of (share of answers in the bin) x |share right - mean
/// confidence|, bins of equal width, (0, 0.1] ... (0.9, 1], as in Naeini, Cooper, Hauskrecht, AAAI 2015, and
/// Guo et al., ICML 2017. Empty without answers.
[[nodiscard]] std::optional<double> calibration_error(std::span<const Answer> answers);

struct Selective {
    double share = 0;      // of the plates with text: answered at or above the threshold, right or wrong
    float threshold = 0;   // of the confidence
    double precision = 0;  // right answers of all answers at or above the threshold, false reads among them
};
/// The lowest threshold at which the precision is reached. Empty when none reaches it, or texts is 0.
[[nodiscard]] std::optional<Selective> selective(std::vector<Answer> answers, std::size_t texts,
                                                 double precision);

/// The middle value, or the mean of the two middle ones. 0 of nothing.
[[nodiscard]] double median(std::vector<double> values);
/// The smallest value that at least `share` of the values do not exceed (nearest rank). 0 of nothing.
[[nodiscard]] double percentile(std::vector<double> values, double share);

}  // namespace portcullis::bench
