#include "core/passage.hpp"

#include <string_view>

namespace portcullis {

const char* to_string(Direction direction) {
    switch (direction) {
        case Direction::unknown:
            return "unknown";
        case Direction::approaching:
            return "approaching";
        case Direction::receding:
            return "receding";
    }
    return "unknown";
}

Direction direction_from_string(std::string_view text) {
    if (text == "approaching") return Direction::approaching;
    if (text == "receding") return Direction::receding;
    return Direction::unknown;
}

}  // namespace portcullis
