#include "passage/rejoiner.hpp"

#include <algorithm>
#include <cmath>

namespace portcullis {

namespace {

constexpr int most_doubtful_letters = 3;  // of those that differ
constexpr float doubtful_letter = 0.6F;   // confidence
constexpr float size_slack = 1.2F;        // from where one was lost to where it is seen again
constexpr float same_place_widths = 4;    // where no way is known

bool may_be(const CharacterReading& character, char letter) {
    if (character.confidence < doubtful_letter) return true;
    return std::ranges::any_of(character.alternatives,
                               [&](const CharacterChoice& choice) { return choice.letter == letter; });
}

bool agree(const Read& a, const Read& b) {
    if (a.characters.size() < least_rejoin_text || a.characters.size() != b.characters.size()) return false;
    int doubtful = 0;
    for (std::size_t i = 0; i < a.characters.size(); ++i) {
        const CharacterReading& one = a.characters[i];
        const CharacterReading& other = b.characters[i];
        if (one.letter == other.letter) continue;
        if (!may_be(one, other.letter) && !may_be(other, one.letter)) return false;
        ++doubtful;
    }
    return doubtful <= most_doubtful_letters;
}

bool is_near(const Box& a, const Box& b) {
    const float dx = (a.left + a.right - b.left - b.right) / 2;
    const float dy = (a.top + a.bottom - b.top - b.bottom) / 2;
    return std::hypot(dx, dy) <= same_place_widths * std::max(a.width(), b.width());
}

/// Whether what enters after something left may be the same, further along its way.
bool goes_on(const Passage& first, const Passage& then) {
    if (first.direction != Direction::unknown && then.direction != Direction::unknown &&
        first.direction != then.direction)
        return false;
    const Direction way = first.direction == Direction::unknown ? then.direction : first.direction;
    switch (way) {
        case Direction::approaching:
            return then.entered.width() * size_slack >= first.left.width();
        case Direction::receding:
            return then.entered.width() <= first.left.width() * size_slack;
        case Direction::unknown:
            break;
    }
    return is_near(first.left, then.entered);
}

}  // namespace

bool Rejoiner::is_one(const Known& known, const Passage& passage, const Read& read) const {
    const bool before = known.passage.first_seen <= passage.first_seen;
    const Passage& first = before ? known.passage : passage;
    const Passage& then = before ? passage : known.passage;
    const microseconds between = then.first_seen - first.last_seen;
    return between.count() > 0 && between <= within_ && goes_on(first, then) && agree(known.read, read);
}

bool Rejoiner::knows(const Passage& passage, const Read& read) {
    std::erase_if(known_,
                  [&](const Known& known) { return passage.first_seen - known.passage.last_seen > within_; });
    const auto at =
        std::ranges::find_if(known_, [&](const Known& known) { return is_one(known, passage, read); });
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
    if (known_.size() == max_remembered) known_.pop_front();
    known_.push_back({passage, read});
}

void Rejoiner::extend(const Passage& passage) {
    const auto at =
        std::ranges::find_if(known_, [&](const Known& known) { return known.passage.id == passage.id; });
    if (at != known_.end()) at->passage = passage;
}

}  // namespace portcullis
