#pragma once
// What the opener tells an operator on its own host about one item. A view of a good read is personal data:
// it goes to the screen or the program that asked for it, never to a log or a disk. Values; reentrant.

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "collector/link/packet.hpp"
#include "core/capture_record.hpp"
#include "core/verdict.hpp"

namespace portcullis {

/// Both words of a verdict, and what is wrong with the clock: "authentic, trusted, its clock is not set".
[[nodiscard]] std::string describe(const Verdict& verdict);

/// No subscriber gets more old views than this.
inline constexpr std::uint32_t max_last_views = 1000;

struct ViewMedia {
    MediaRole role = MediaRole::plate;
    Seq seq = 0;
};

struct View {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    ItemKind kind = ItemKind::read;
    UtcTime received_at{};
    Verdict verdict;
    /// From here on only in the view of a read that may be believed; else empty.
    std::optional<UtcTime> captured_at;
    std::string lane;
    Direction direction = Direction::unknown;
    std::string text;       // empty: unread
    std::string published;  // the text with its ambiguity sets: what a person is shown
    std::string raw;        // the text as voted, before plate formats were weighed
    float confidence = 0;
    std::vector<float> characters;  // confidence of each
    Jurisdiction jurisdiction;
    std::vector<ViewMedia> media;

    /// From the frame to the collector's hands, by the two clocks' claims; nothing for an unread view.
    [[nodiscard]] std::optional<double> latency_ms() const;
};

[[nodiscard]] Packet to_packet(const View& view);
/// Errors: corrupt.
[[nodiscard]] Result<View> parse_view(const Packet& packet);

/// Of a purpose and of a case number.
inline constexpr std::size_t max_purpose_bytes = 64;

struct Subscription {
    std::uint32_t last = 0;  // how many of the newest views to begin with
    /// Why, and for which case: without them the opener shows nothing. They stand in the audit log.
    std::string purpose;
    std::string case_number;
};
[[nodiscard]] Packet to_packet(const Subscription& subscription);
/// Errors: corrupt.
[[nodiscard]] Result<Subscription> parse_subscription(const Packet& packet);

/// Of why nothing is shown; what is longer is cut.
inline constexpr std::size_t max_refusal_bytes = 4096;
/// The opener's last packet to a viewer to whom it shows nothing (more).
[[nodiscard]] Packet refusal_packet(const std::string& reason);
/// The reason, if the packet is a refusal.
[[nodiscard]] std::optional<std::string> parse_refusal(const Packet& packet);

}  // namespace portcullis
