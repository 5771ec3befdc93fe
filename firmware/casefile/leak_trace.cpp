#include "casefile/leak_trace.hpp"

#include <algorithm>
#include <optional>

namespace portcullis {

namespace {

constexpr std::size_t max_separators = 2;  // within a plate: "B-OS 123", "B - OS 123" has three

std::optional<char> capital(char sign) {
    if (sign >= 'a' && sign <= 'z') return static_cast<char>(sign - 'a' + 'A');
    if ((sign >= 'A' && sign <= 'Z') || (sign >= '0' && sign <= '9')) return sign;
    return std::nullopt;
}

bool is_separator(char sign) {
    return sign == ' ' || sign == '-' || sign == '.';
}

std::string capitals(std::string_view text) {
    std::string all;
    for (const char sign : text)
        if (const auto letter = capital(sign)) all += *letter;
    return all;
}

/// UTF-16 of plain letters is the same with zeros between.
std::string without_zeros(std::string_view copy) {
    std::string text(copy);
    std::erase(text, '\0');
    return text;
}

}  // namespace

LeakTrace::LeakTrace(std::vector<TracedCase> cases) : cases_(std::move(cases)) {
    const auto add = [this](const std::string& word, bool id, std::size_t which) {
        Word& known = words_[capitals(word)];
        known.id = known.id || id;
        known.cases.push_back(which);
        longest_ = std::max(longest_, word.size());
    };
    for (std::size_t i = 0; i < cases_.size(); ++i) {
        add(to_string(cases_[i].id), true, i);
        for (const Canary& canary : cases_[i].canaries)
            add(canary.plate, false, i);
    }
}

/// Each beginning of a word is followed for as long as a known one may be, over what people put into plates.
void LeakTrace::note(std::string_view copy, std::map<std::string, bool>& found) const {
    bool in_word = false;
    for (std::size_t start = 0; start < copy.size(); ++start) {
        const bool begins = capital(copy[start]) && !in_word;
        in_word = capital(copy[start]).has_value();
        if (!begins) continue;
        std::string word;
        std::size_t separators = 0;
        for (std::size_t at = start; at < copy.size() && word.size() <= longest_; ++at) {
            const auto letter = capital(copy[at]);
            if (!letter && (!is_separator(copy[at]) || ++separators > max_separators)) break;
            if (!letter) continue;
            separators = 0;
            word += *letter;
            const bool ends = at + 1 == copy.size() || !capital(copy[at + 1]);
            if (!ends) continue;
            if (const auto known = words_.find(word); known != words_.end()) found[word] = known->second.id;
        }
    }
}

std::vector<TraceHit> LeakTrace::find(std::string_view copy) const {
    std::map<std::string, bool> found;
    note(without_zeros(copy), found);
    std::map<std::size_t, TraceHit> hits;
    std::map<std::size_t, bool> alone;  // has something that no other file has
    for (const auto& [word, is_id] : found) {
        const Word& known = words_.find(word)->second;
        for (const std::size_t which : known.cases) {
            TraceHit& hit = hits.try_emplace(which, TraceHit{which, false, {}}).first->second;
            hit.id = hit.id || is_id;
            if (!is_id) hit.canaries.push_back(word);
            alone[which] = alone[which] || known.cases.size() == 1;
        }
    }
    std::vector<TraceHit> all;
    for (auto& [which, hit] : hits)
        if (alone[which]) all.push_back(std::move(hit));
    std::ranges::stable_sort(all, [](const TraceHit& a, const TraceHit& b) {
        return std::pair(a.id, a.canaries.size()) > std::pair(b.id, b.canaries.size());
    });
    return all;
}

}  // namespace portcullis
