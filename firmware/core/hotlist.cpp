#include "core/hotlist.hpp"

namespace portcullis {

std::string_view to_string(HitState state) {
    switch (state) {
        case HitState::candidate:
            return "candidate";
        case HitState::confirmed:
            return "confirmed";
        case HitState::rejected:
            return "rejected";
    }
    return "candidate";
}

std::optional<HitState> hit_state_from_string(std::string_view text) {
    for (const HitState state : all_hit_states)
        if (text == to_string(state)) return state;
    return std::nullopt;
}

}  // namespace portcullis
