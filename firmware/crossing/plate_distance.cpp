#include "crossing/plate_distance.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/plate_question.hpp"

namespace portcullis {

namespace {

struct Letters {
    std::string_view text;
    std::string folded;
    explicit Letters(std::string_view letters)
        : text(letters.substr(0, max_plate_letters)), folded(fold_look_alikes(text)) {}
};

int step_between(const Letters& one, std::size_t i, const Letters& other, std::size_t k) {
    if (one.text[i] == other.text[k]) return 0;
    return one.folded[i] == other.folded[k] ? look_alike_step : error_step;
}

}  // namespace

int plate_distance(std::string_view one, std::string_view other) {
    const Letters from(one);
    const Letters to(other);
    std::array<int, max_plate_letters + 1> row{};
    for (std::size_t k = 0; k <= to.text.size(); ++k)
        row[k] = static_cast<int>(k) * error_step;
    for (std::size_t i = 0; i < from.text.size(); ++i) {
        int diagonal = row[0];
        row[0] += error_step;
        for (std::size_t k = 0; k < to.text.size(); ++k) {
            const int replaced = diagonal + step_between(from, i, to, k);
            diagonal = row[k + 1];
            row[k + 1] = std::min({replaced, row[k] + error_step, row[k + 1] + error_step});
        }
    }
    return row[to.text.size()];
}

std::vector<std::string> neighbourhood(std::string_view text) {
    std::vector<std::string> texts{fold_look_alikes(text)};
    for (std::size_t i = 0; i < text.size(); ++i) {
        texts.push_back(texts[0]);
        texts.back().erase(i, 1);
    }
    std::ranges::sort(texts);
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    return texts;
}

}  // namespace portcullis
