#pragma once
// Rejoiner: knows a vehicle again that was lost from sight in the middle of its way: hidden in a queue,
// behind a lorry, under a bridge, for longer than geometry can bridge. Two passages are one when their texts
// agree, the second began after the first one's end and soon enough, they go the same way, and the second
// goes on where the first had come to, not before it. So a vehicle that drives round and comes again is a new
// passage, and so are two vehicles with one text that are in sight together, or follow each other. No text is
// kept for it, but a trace that fits thousands of plates (text_trace.hpp). Memory: at most max_remembered.
// Thread-bound.

#include <deque>

#include "core/passage.hpp"
#include "core/reading.hpp"
#include "passage/text_trace.hpp"

namespace portcullis {

inline constexpr std::size_t max_remembered = 64;    // at the limit the oldest makes way
inline constexpr std::size_t least_rejoin_text = 5;  // letters; shorter texts agree by chance

class Rejoiner {
  public:
    /// within: from the end of one to the beginning of the other; zero: nothing is known again.
    explicit Rejoiner(milliseconds within) : within_(within) {}

    /// True when the passage belongs to one that was reported; its read then needs no record.
    [[nodiscard]] bool knows(const Passage& passage, const Read& read);
    /// It was reported with this read.
    void remember(const Passage& passage, const Read& read);
    /// It was remembered before its end, and has gone on since.
    void extend(const Passage& passage);

  private:
    struct Known {
        Passage passage;
        TextTrace text;
    };
    [[nodiscard]] bool is_one(const Known& known, const Passage& passage, const TextTrace& text) const;

    milliseconds within_;
    std::deque<Known> known_;  // as reported
};

}  // namespace portcullis
