#pragma once
// TextIndex: which of many texts may be at most one error from a given one. Thread-bound.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace portcullis {

class TextIndex {
  public:
    /// id: the caller's name of the text.
    void add(std::string_view text, std::size_t id);

    struct Around {
        std::vector<std::size_t> ids;  // ascending
        bool crowded = false;          // more than max_texts_around were alike: those are left out
    };
    /// Those that share a neighbourhood with this text (plate_distance.hpp): candidates, to be compared.
    [[nodiscard]] Around around(std::string_view text) const;
    /// Those which are left out of some answer.
    [[nodiscard]] std::vector<std::size_t> crowded() const;

  private:
    std::unordered_map<std::string, std::vector<std::size_t>> buckets_;
};

/// Whether two texts may be of one vehicle, when this is their distance.
[[nodiscard]] bool are_near(std::string_view one, std::string_view other, int distance);

}  // namespace portcullis
