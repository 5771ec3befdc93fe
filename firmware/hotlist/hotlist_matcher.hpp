#pragma once
// HotlistMatcher: which entries a read may be of. A plate is like another when both fold to one text (O 0,
// I 1, B 8, S 5), as in the plate index and the crossings; how much so is their plate_distance. Any other
// misread is no hit: one letter off, half of a town is wanted. Const: thread-safe.

#include <functional>
#include <string_view>
#include <unordered_map>

#include "core/hotlist.hpp"

namespace portcullis {

struct HotlistMatch {
    const HotlistEntry* entry = nullptr;  // borrowed of the matcher
    std::uint64_t distance = 0;           // 0: letter for letter; else look-alikes
};

/// Whether the read was made at this site of the access policy.
using IsOfSite = std::function<bool(std::string_view site)>;

class HotlistMatcher {
  public:
    HotlistMatcher() = default;
    explicit HotlistMatcher(Hotlist list);

    /// Of each case the nearest entry that counts at `at` and looks there, by case number. text: as read,
    /// empty when it was not.
    [[nodiscard]] std::vector<HotlistMatch> match(std::string_view text, UtcTime at,
                                                  const IsOfSite& is_of_site) const;
    /// Entries whose last day is not over.
    [[nodiscard]] std::size_t in_force(UtcTime at) const;
    [[nodiscard]] std::uint64_t version() const { return list_.version; }

  private:
    Hotlist list_;
    std::unordered_map<std::string, std::vector<std::size_t>> by_fold_;  // places in list_
};

}  // namespace portcullis
