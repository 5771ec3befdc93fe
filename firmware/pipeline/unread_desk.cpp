#include "pipeline/unread_desk.hpp"

#include <algorithm>
#include <utility>

#include "passage/continuation.hpp"

namespace portcullis {

bool UnreadDesk::keep(Captured& record, std::span<const PassageId> heirs) {
    if (heirs.empty() || waiting_.size() == max_waiting_unread) return false;
    waiting_.push_back({std::move(record), {heirs.begin(), heirs.end()}});
    return true;
}

std::size_t UnreadDesk::absorb(Passage& passage) {
    return std::erase_if(waiting_, [&](const Waiting& waiting) {
        const Passage& first = waiting.record.passage;
        if (std::ranges::find(waiting.heirs, passage.id) == waiting.heirs.end() ||
            !(are_one_way(first, passage) || are_in_line(first, passage)))
            return false;
        passage.first_seen = first.first_seen;
        passage.entered = first.entered;
        passage.frames += first.frames;
        return true;
    });
}

std::vector<Captured> UnreadDesk::release(PassageId ended) {
    std::vector<Captured> due;
    std::erase_if(waiting_, [&](Waiting& waiting) {
        std::erase(waiting.heirs, ended);
        if (!waiting.heirs.empty()) return false;
        due.push_back(std::move(waiting.record));
        return true;
    });
    return due;
}

std::vector<Captured> UnreadDesk::release_all() {
    std::vector<Captured> due;
    for (Waiting& waiting : waiting_)
        due.push_back(std::move(waiting.record));
    waiting_.clear();
    return due;
}

}  // namespace portcullis
