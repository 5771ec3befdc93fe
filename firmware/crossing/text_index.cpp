#include "crossing/text_index.hpp"

#include <algorithm>

#include "core/plate_question.hpp"
#include "crossing/crossing.hpp"
#include "crossing/plate_distance.hpp"

namespace portcullis {

void TextIndex::add(std::string_view text, std::size_t id) {
    for (std::string& near : neighbourhood(text))
        buckets_[std::move(near)].push_back(id);
}

TextIndex::Around TextIndex::around(std::string_view text) const {
    Around found;
    for (const std::string& near : neighbourhood(text)) {
        const auto bucket = buckets_.find(near);
        if (bucket == buckets_.end()) continue;
        if (bucket->second.size() > max_texts_around)
            found.crowded = true;
        else
            found.ids.insert(found.ids.end(), bucket->second.begin(), bucket->second.end());
    }
    std::ranges::sort(found.ids);
    found.ids.erase(std::unique(found.ids.begin(), found.ids.end()), found.ids.end());
    return found;
}

std::vector<std::size_t> TextIndex::crowded() const {
    std::vector<std::size_t> ids;
    for (const auto& [near, bucket] : buckets_)
        if (bucket.size() > max_texts_around) ids.insert(ids.end(), bucket.begin(), bucket.end());
    return ids;
}

bool are_near(std::string_view one, std::string_view other, int distance) {
    if (distance > max_crossing_distance) return false;
    return std::min(one.size(), other.size()) >= min_letters_with_error ||
           fold_look_alikes(one) == fold_look_alikes(other);
}

}  // namespace portcullis
