#pragma once
// Packet: the unit of the Unix sockets between ingest, opener and the tools. On the wire:
//   "PCL1" | header bytes (u32) | blob bytes (u32) | header (JSON) | blob          numbers big-endian
// Lengths are checked before a byte of the body is taken. Codec and reader are pure: no sockets here.

#include <optional>
#include <string>

#include "core/sealed_item.hpp"

namespace portcullis {

inline constexpr std::size_t max_packet_header_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t max_packet_blob_bytes = max_blob_bytes;

struct Packet {
    std::string header;
    Bytes blob;
};

/// Errors: exhausted (header or blob over its limit).
[[nodiscard]] Result<Bytes> encode_packet(const Packet& packet);

/// Cuts a byte stream into packets. After an error the stream is lost: close it. Wipes what it held.
/// Thread-bound.
class PacketReader {
  public:
    PacketReader() = default;
    PacketReader(PacketReader&&) noexcept = default;
    PacketReader& operator=(PacketReader&&) noexcept = default;
    PacketReader(const PacketReader&) = delete;
    PacketReader& operator=(const PacketReader&) = delete;
    ~PacketReader();

    void feed(ByteView bytes);
    /// The next whole packet, or nothing yet. Errors: corrupt (not our protocol), exhausted (over a limit).
    [[nodiscard]] Result<std::optional<Packet>> next();

  private:
    Bytes buffer_;
};

}  // namespace portcullis
