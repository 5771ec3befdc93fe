#include "passage/rejoiner.hpp"

#include <algorithm>

#include "passage/continuation.hpp"

namespace portcullis {

namespace {

constexpr std::uint8_t least_whole = 6;  // letters of a text of which one more may be lost
constexpr int brief_frames = 8;          // seen in fewer, a text may be misread

bool agree(const TextTrace& a, const TextTrace& b, bool one_way, bool misread) {
    if (a == b) return true;
    if (!one_way && std::min(a.length, b.length) < least_whole) return false;
    return differ_by_a_lost_letter(a, b) || ((one_way || misread) && differ_by_a_misread_letter(a, b));
}

}  // namespace

bool Rejoiner::is_one(const Known& known, const Passage& passage, const TextTrace& text) const {
    const bool before = known.passage.first_seen <= passage.first_seen;
    const Passage& first = before ? known.passage : passage;
    const Passage& then = before ? passage : known.passage;
    const microseconds between = then.first_seen - first.last_seen;
    const bool soon = between <= at_once;
    const bool brief = std::min(first.frames, then.frames) < brief_frames &&
                       (way_of(first) != Direction::unknown || way_of(then) != Direction::unknown);
    const bool one_way = are_one_way(first, then);
    if (text.length < least_rejoin_text) return one_way;
    if (between > within_ || !agree(known.text, text, one_way, soon && brief)) return false;
    return between.count() > 0 ? goes_on(first, then, soon) : are_together(first, then);
}

bool Rejoiner::knows(const Passage& passage, const Read& read) {
    // Passages are not reported in the order of their beginnings: twice as long, then.
    std::erase_if(known_, [&](const Known& known) {
        return passage.first_seen - known.passage.last_seen > 2 * within_;
    });
    const TextTrace text = trace_of(read.characters);
    if (text.length == 0 && !read.characters.empty()) return false;  // longer than any plate
    const auto at =
        std::ranges::find_if(known_, [&](const Known& known) { return is_one(known, passage, text); });
    if (at == known_.end()) return false;
    // What is lost again is looked for from here on.
    if (passage.last_seen > at->passage.last_seen) {
        at->passage.last_seen = passage.last_seen;
        at->passage.left = passage.left;
    }
    return true;
}

void Rejoiner::remember(const Passage& passage, const Read& read) {
    if (within_.count() <= 0 || read.characters.size() < least_rejoin_text) return;
    const TextTrace text = trace_of(read.characters);
    if (text.length == 0) return;
    if (known_.size() == max_remembered) known_.pop_front();
    known_.push_back({passage, text});
}

void Rejoiner::extend(const Passage& passage) {
    const auto at =
        std::ranges::find_if(known_, [&](const Known& known) { return known.passage.id == passage.id; });
    if (at == known_.end()) return;
    at->passage.last_seen = passage.last_seen;
    at->passage.left = passage.left;
    at->passage.frames = passage.frames;
    at->passage.direction = passage.direction;
}

}  // namespace portcullis
