#pragma once
// Views and hooks as the opener and the settings give them.

#include <string>

#include "collector/link/view_exchange.hpp"
#include "config/forwarder_settings.hpp"

namespace portcullis::test {

inline constexpr UtcTime view_received_at{microseconds(1'795'421'730'623'956)};

/// A good read, in doubt about its third letter.
inline View told_view(Seq seq = 17) {
    View view;
    view.device = "gate-1";
    view.chain = *chain_from_string("0123456789abcdef");
    view.seq = seq;
    view.received_at = view_received_at;
    view.verdict = {Authenticity::authentic, KeyTrust::trusted, ClockDoubt::none};
    view.captured_at = view_received_at - microseconds(500'500);
    view.lane = "in";
    view.direction = Direction::approaching;
    view.text = "ABO123";
    view.published = "AB[O0]123";
    view.raw = "AB0I23";
    view.confidence = 0.87F;
    view.characters = {0.99F, 0.98F, 0.61F, 0.97F, 0.96F, 1.0F};
    view.jurisdiction = {"us-mo", 0.75F};
    view.media = {{MediaRole::plate, 18}, {MediaRole::overview, 19}};
    return view;
}

/// A plate was there, and nothing could be read.
inline View unread_view() {
    View view = told_view();
    view.text = view.published = view.raw = "";
    view.confidence = 0;
    view.characters.clear();
    view.jurisdiction = {};
    view.media.pop_back();
    return view;
}

/// Nothing of it may be believed: the opener shows no text.
inline View doubtful_view() {
    View view;
    view.device = "gate-1";
    view.chain = *chain_from_string("0123456789abcdef");
    view.seq = 17;
    view.received_at = view_received_at;
    view.verdict = {Authenticity::forged, KeyTrust::stranger, ClockDoubt::none};
    return view;
}

inline HookSettings told_hook(HookShape shape = HookShape::portcullis) {
    HookSettings hook;
    hook.name = "parking";
    hook.url = "https://receiver.example/reads?from=north";
    hook.shape = shape;
    hook.devices = {"*"};
    hook.connect_timeout = milliseconds(1000);
    hook.timeout = milliseconds(1000);
    hook.keep = 4;
    hook.retry_for = std::chrono::hours(6);
    hook.back_off_limit = std::chrono::seconds(60);
    return hook;
}

}  // namespace portcullis::test
