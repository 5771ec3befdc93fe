#pragma once
// ReadPayload: the signed JSON of one read (README.md of this room shows every key). Canonical: one value has
// one text, so encode_payload(parse_payload(text)) == text or parse_payload refuses. Values; pure functions,
// reentrant. The text holds personal data: whoever holds it cleanses it, nobody logs it.

#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "core/capture_record.hpp"
#include "core/ids.hpp"

namespace portcullis {

/// The text is padded with spaces in its last key to min_payload_bytes, beyond it to a multiple of
/// payload_block_bytes: a sealed read must not tell the plate's length. Plates of up to 12 characters with
/// all their alternatives and two pictures stay within the minimum, whatever the numbers, while fleet,
/// device, boot, lane, jurisdiction and firmware have at most 180 bytes together.
inline constexpr std::size_t min_payload_bytes = 2304;
inline constexpr std::size_t payload_block_bytes = 256;
inline constexpr std::size_t max_payload_bytes = 4096;
inline constexpr std::size_t max_plate_characters = 24;  // of one plate, and of its raw text
inline constexpr std::size_t max_alternatives = 3;       // of one character
inline constexpr std::size_t max_media = 4;              // of one record
inline constexpr std::size_t max_name_bytes = 64;        // fleet, boot, lane, jurisdiction, firmware, model

/// What the read says of one picture of its record, which travels as its own sealed item.
struct MediaEntry {
    MediaRole role = MediaRole::plate;
    Seq seq = 0;              // its place in the read's own chain
    Digest sha256{};          // over the picture as sealed: padded to its bucket (size_bucket.hpp)
    std::uint64_t bytes = 0;  // of the JPEG itself, without padding
    Digest recipients{};      // recipients_digest of its envelope
    bool operator==(const MediaEntry&) const = default;
};

struct ReadPayload {
    std::string fleet;
    std::string device;
    ChainId chain;
    std::string boot;  // id of this run of the device
    Seq seq = 0;
    Digest previous{};  // link(seq - 1): the read's place in its chain
    Digest
        last_receipt{};  // digest of the newest collector's receipt: captured after it; zero before the first
    UtcTime captured{};  // a claim of the device's clock
    BootTime captured_since_boot{};
    ClockState clock;
    Read read;  // unread: neither raw text nor a confidence of its jurisdiction
    Quad quad;  // in the frame's pixels, to a tenth
    Passage passage;
    std::string firmware;
    std::string model;
    std::vector<MediaEntry> media;
    Digest recipients{};  // recipients_digest of the read's own envelope: one taken away is noticed
    /// SHA-256 of the signed recipient set that named them; zero when the device lives by certificates in
    /// files.
    Digest recipient_set{};
    bool stale_set = false;  // the device has got no new set for more than 7 days
};

/// Errors: invalid_argument (names the field that is out of its range), exhausted (over max_payload_bytes).
[[nodiscard]] Result<std::string> encode_payload(const ReadPayload& payload);

/// Errors: refused (unknown version; names the key where the text leaves the canonical form).
[[nodiscard]] Result<ReadPayload> parse_payload(std::string_view json);

/// SHA-256 over the sorted 20-byte key ids, given as hex.
[[nodiscard]] Result<Digest> recipients_digest(std::vector<std::string> key_ids);

}  // namespace portcullis
