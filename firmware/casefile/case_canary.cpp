#include "casefile/case_canary.hpp"

#include <algorithm>

namespace portcullis {

namespace {

constexpr std::size_t shortest_plate = 5;  // a shorter one meets other words of a leaked text
constexpr int max_draws = 1000;
constexpr std::uint64_t reads_a_canary = 50;
constexpr std::uint64_t seqs_apart = 40;
constexpr std::chrono::hours least_span{1};

char drawn_like(char sign, const Inventor& inventor) {
    if (sign >= '0' && sign <= '9') return static_cast<char>('0' + inventor.random(10));
    return static_cast<char>('A' + inventor.random(26));
}

/// Of the jurisdiction's format; else letters for letters and digits for digits of the plate that is there.
std::string invented(const CaseRead& like, const Inventor& inventor) {
    if (auto plate = inventor.plate(like.jurisdiction)) return *plate;
    std::string plate = like.text.empty() ? "AA1234" : like.text;
    for (char& sign : plate)
        sign = drawn_like(sign, inventor);
    return plate;
}

Result<std::string> free_plate(const CaseRead& like, const std::vector<CaseRead>& reads,
                               const Inventor& inventor) {
    for (int draw = 0; draw < max_draws; ++draw) {
        std::string plate = invented(like, inventor);
        const auto same = [&](const CaseRead& read) {
            return fold_look_alikes(read.text) == fold_look_alikes(plate);
        };
        if (plate.size() < shortest_plate || std::ranges::any_of(reads, same)) continue;
        if (!TRY(inventor.known(plate))) return plate;
    }
    return fail(ErrorCode::exhausted, "case file: no plate could be invented that nobody has");
}

bool is_taken(const std::vector<CaseRead>& reads, const CasePlace& place) {
    return std::ranges::any_of(reads, [&](const CaseRead& read) { return read.place == place; });
}

CasePlace free_place(const CasePlace& like, const std::vector<CaseRead>& reads, const Inventor& inventor) {
    CasePlace place = like;
    do {
        place.seq = like.seq + 1 + inventor.random(seqs_apart);
    } while (is_taken(reads, place));
    return place;
}

UtcTime drawn_time(const std::vector<CaseRead>& reads, const Inventor& inventor) {
    const auto [first, last] = std::ranges::minmax(reads, {}, &CaseRead::captured);
    const microseconds span = std::max<microseconds>(last.captured - first.captured, least_span);
    return first.captured + microseconds(inventor.random(static_cast<std::uint64_t>(span.count())));
}

}  // namespace

std::size_t canaries_for(std::size_t reads) {
    return std::min(max_canaries, min_canaries + reads / reads_a_canary);
}

Result<std::vector<Canary>> add_canaries(std::vector<CaseRead>& reads, const Inventor& inventor) {
    const std::size_t real = reads.size();
    std::vector<Canary> canaries;
    for (std::size_t i = 0; i < canaries_for(real); ++i) {
        CaseRead row = reads[inventor.random(real)];
        row.text = TRY(free_plate(row, reads, inventor));
        row.published = row.text;
        row.place = free_place(row.place, reads, inventor);
        row.captured = drawn_time(reads, inventor);
        row.confidence = reads[inventor.random(real)].confidence;
        row.pictures.clear();
        canaries.push_back({row.text, row.captured});
        reads.push_back(std::move(row));
    }
    std::ranges::stable_sort(reads, {}, &CaseRead::captured);
    return canaries;
}

}  // namespace portcullis
