#include "passage/rejoiner.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

constexpr float size_slack = 1.2F;       // from where one was lost to where it is seen again
constexpr std::uint8_t least_whole = 6;  // letters of a text of which one more may be lost
constexpr int telling_frames = 4;        // fewer and one bad quad make a wrong way
constexpr milliseconds at_once{2000};
constexpr int brief_frames = 8;             // seen in fewer, a text may be misread
constexpr float back_widths = 0.5F;         // by which noise puts a plate back
constexpr float size_slack_at_once = 1.4F;  // one cut or wide quad
constexpr float together_widths = 0.8F;
constexpr float together_size_ratio = 1.3F;

Point middle(const Box& box) {
    return {(box.left + box.right) / 2, (box.top + box.bottom) / 2};
}

bool is_near(const Box& a, const Box& b, float widths) {
    const Point from = middle(a);
    const Point to = middle(b);
    return std::hypot(to.x - from.x, to.y - from.y) <= widths * std::max(a.width(), b.width());
}

Direction way_of(const Passage& passage) {
    return passage.frames < telling_frames ? Direction::unknown : passage.direction;
}

/// Whether what enters lies behind where the other left, along the other's way in the picture.
bool is_back(const Passage& first, const Passage& then) {
    const Point enters = middle(first.entered);
    const Point leaves = middle(first.left);
    const Point again = middle(then.entered);
    const Point way{leaves.x - enters.x, leaves.y - enters.y};
    const float length = std::hypot(way.x, way.y);
    const float progress = (again.x - leaves.x) * way.x + (again.y - leaves.y) * way.y;
    return progress < -back_widths * first.left.width() * length;
}

/// Whether what enters after something left may be the same, further along its way.
bool goes_on(const Passage& first, const Passage& then, bool soon) {
    const Direction before = way_of(first);
    const Direction after = way_of(then);
    if (before != Direction::unknown && after != Direction::unknown && before != after) return false;
    if (is_back(first, then)) return false;
    const float slack = soon ? size_slack_at_once : size_slack;
    switch (before == Direction::unknown ? after : before) {
        case Direction::approaching:
            return then.entered.width() * slack >= first.left.width();
        case Direction::receding:
            return then.entered.width() <= first.left.width() * slack;
        case Direction::unknown:
            break;
    }
    return soon;
}

/// Where a plate that keeps its speed was at that time: the reciprocal of its width then runs evenly in time,
/// and its place evenly with its width (motion.hpp).
Box place_at(const Passage& passage, BootTime time) {
    const auto whole = static_cast<float>(std::max<std::int64_t>(passage.dwell().count(), 1));
    const float share = static_cast<float>((time - passage.first_seen).count()) / whole;
    const float from = std::max(passage.entered.width(), 1.0F);
    const float to = std::max(passage.left.width(), 1.0F);
    const float width = 1 / std::lerp(1 / from, 1 / to, share);
    const float way = std::abs(to - from) < 1 ? share : (width - from) / (to - from);
    const Point enters = middle(passage.entered);
    const Point leaves = middle(passage.left);
    const float x = std::lerp(enters.x, leaves.x, way);
    const float y = std::lerp(enters.y, leaves.y, way);
    return {x - width / 2, y - width / 8, x + width / 2, y + width / 8};
}

/// One vehicle that two tracks took turns with: both in one place at the beginning and at the end of the time
/// that they share. Of two vehicles one is behind or beside the other.
bool are_together(const Passage& a, const Passage& b) {
    for (const BootTime time : {std::max(a.first_seen, b.first_seen), std::min(a.last_seen, b.last_seen)}) {
        const Box one = place_at(a, time);
        const Box other = place_at(b, time);
        const float ratio = one.width() / other.width();
        if (!is_near(one, other, together_widths) || std::max(ratio, 1 / ratio) > together_size_ratio)
            return false;
    }
    return true;
}

bool agree(const TextTrace& a, const TextTrace& b, bool misread) {
    if (a == b) return true;
    if (std::min(a.length, b.length) < least_whole) return false;
    return differ_by_a_lost_letter(a, b) || (misread && differ_by_a_misread_letter(a, b));
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
    if (between > within_ || !agree(known.text, text, soon && brief)) return false;
    return between.count() > 0 ? goes_on(first, then, soon) : are_together(first, then);
}

bool Rejoiner::knows(const Passage& passage, const Read& read) {
    // Passages are not reported in the order of their beginnings: twice as long, then.
    std::erase_if(known_, [&](const Known& known) {
        return passage.first_seen - known.passage.last_seen > 2 * within_;
    });
    if (read.characters.size() < least_rejoin_text) return false;
    const TextTrace text = trace_of(read.characters);
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
    if (at != known_.end()) at->passage = passage;
}

}  // namespace portcullis
