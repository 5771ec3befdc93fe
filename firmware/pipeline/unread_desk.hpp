#pragma once
// UnreadDesk: passages of which nothing could be read wait here for those that may go on with them: a plate
// too far to be read that is lost for a moment and found by another track is one vehicle, and its record is
// the one with the text. Each waits no longer than until all passages have ended that were open when it did;
// at the limit none waits, since pictures wait with them. Thread-bound.

#include <span>
#include <vector>

#include "pipeline/road.hpp"

namespace portcullis {

inline constexpr std::size_t max_waiting_unread = 8;  // each may hold an overview of some megabytes

class UnreadDesk {
  public:
    /// False, and the record is left as it is: nobody may go on with it, or too many wait.
    [[nodiscard]] bool keep(Captured& record, std::span<const PassageId> heirs);
    /// The passage is reported: those that it goes on with (continuation.hpp) are forgotten, and it began
    /// where they did. Gives their number.
    std::size_t absorb(Passage& passage);
    /// Nothing more comes of it: gives those that waited for nobody else.
    [[nodiscard]] std::vector<Captured> release(PassageId ended);
    [[nodiscard]] std::vector<Captured> release_all();

  private:
    struct Waiting {
        Captured record;
        std::vector<PassageId> heirs;
    };
    std::vector<Waiting> waiting_;
};

}  // namespace portcullis
