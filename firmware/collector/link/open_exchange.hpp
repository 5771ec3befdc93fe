#pragma once
// What ingest asks the opener, and what the opener answers. Nothing readable crosses back: a verdict, the
// signed digests of the item before and of the collector's own receipt, and nothing else. Values; pure
// functions, reentrant.

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "collector/link/packet.hpp"
#include "core/verdict.hpp"

namespace portcullis {

/// No chain lives longer: every JSON reader keeps integers up to here exact (RFC 7493).
inline constexpr Seq max_seq = (Seq{1} << 53U) - 1;

/// The opener's first packet: it knows this peer and will answer. Without it nothing is asked. It comes
/// again, unasked, when the opener has other keys. keys: EnvelopeOpener::fingerprint.
[[nodiscard]] Packet hello_packet(const Digest& keys);
/// Gives the keys' fingerprint. Errors: corrupt.
[[nodiscard]] Result<Digest> parse_hello(const Packet& packet);

/// A receipt that was given, and when; no time: nobody knows it any more.
struct GivenReceipt {
    Digest digest{};
    std::optional<UtcTime> at;
    bool operator==(const GivenReceipt&) const = default;
};
inline constexpr std::size_t max_given_receipts = 8;  // with one request

struct OpenRequest {
    std::uint64_t id = 0;  // chosen by ingest, repeated in the reply
    std::string device;
    ChainId chain;
    Seq seq = 0;
    ItemKind kind = ItemKind::read;  // no statement: those are verified by ingest itself
    std::optional<Digest> previous;  // link(seq - 1), if ingest knows it
    /// A key in its dates has confirmed this chain, and there is no gap from there to this item: only then an
    /// expired key's read is shown.
    bool vouched = false;
    UtcTime received_at{};
    /// Of a read or a health record: receipts that its device may have had when it was made.
    std::vector<GivenReceipt> receipts = {};
    bool again = false;  // judged before: wanted for its pictures' digests only, gives no view
    /// Another blob stands in its place, and is shown `again` just before: wanted is whether the device
    /// signed both. No view; `duplicate` when both hold the same signed text, `waits` when the other was not
    /// seen.
    bool claim = false;
    Bytes blob;
};

enum class OpenOutcome {
    judged,
    asks,   // a read, a health record: when was the receipt given that it names? Send it again, with that
            // receipt
    waits,  // a picture whose read the opener has not seen (of late): send the read, then the picture again
};

/// What a read or a health record says of the recipient set to which it was sealed.
struct SetClaim {
    Digest digest{};
    bool stale = false;
    bool operator==(const SetClaim&) const = default;
};

struct OpenReply {
    std::uint64_t id = 0;
    OpenOutcome outcome = OpenOutcome::judged;
    Verdict verdict;
    /// A read or health record whose signature holds: the link(seq - 1) that its device signed.
    std::optional<Digest> signed_previous;
    /// Digest of the receipt that such a one names; nothing before its device's first.
    std::optional<Digest> receipt;
    /// True when the signed (device, chain, seq) is the place where it came in, whatever its link says.
    bool in_place = false;
    /// Of such a one, if it was sealed to a set at all.
    std::optional<SetClaim> recipient_set;
};

[[nodiscard]] Packet to_packet(OpenRequest request);
[[nodiscard]] Packet to_packet(const OpenReply& reply);
/// Errors of both: corrupt.
[[nodiscard]] Result<OpenRequest> parse_open_request(Packet packet);
[[nodiscard]] Result<OpenReply> parse_open_reply(const Packet& packet);

}  // namespace portcullis
