#include "collector/link/packet.hpp"

#include <algorithm>

#include "collector/link/wipe.hpp"

namespace portcullis {

namespace {

constexpr std::string_view magic = "PCL1";
constexpr std::size_t prefix_bytes = 12;

struct Lengths {
    std::size_t header;
    std::size_t blob;
};

Result<Lengths> check_lengths(std::size_t header, std::size_t blob) {
    if (header > max_packet_header_bytes)
        return fail(ErrorCode::exhausted, "packet: its header of {} bytes is over the limit of {}", header,
                    max_packet_header_bytes);
    if (blob > max_packet_blob_bytes)
        return fail(ErrorCode::exhausted, "packet: its blob of {} bytes is over the limit of {}", blob,
                    max_packet_blob_bytes);
    return Lengths{header, blob};
}

Result<Lengths> parse_prefix(ByteView bytes) {
    if (as_text(bytes.first(magic.size())) != magic)
        return fail(ErrorCode::corrupt, "packet: does not begin with {}; is the other side a portcullis?",
                    magic);
    return check_lengths(read_u32(bytes.subspan<4, 4>()), read_u32(bytes.subspan<8, 4>()));
}

}  // namespace

Result<Bytes> encode_packet(const Packet& packet) {
    TRY(check_lengths(packet.header.size(), packet.blob.size()));
    Bytes out;
    out.reserve(prefix_bytes + packet.header.size() + packet.blob.size());
    const ByteView start = as_bytes(magic);
    out.insert(out.end(), start.begin(), start.end());
    append_u32(out, static_cast<std::uint32_t>(packet.header.size()));
    append_u32(out, static_cast<std::uint32_t>(packet.blob.size()));
    const ByteView header = as_bytes(packet.header);
    out.insert(out.end(), header.begin(), header.end());
    out.insert(out.end(), packet.blob.begin(), packet.blob.end());
    return out;
}

PacketReader::~PacketReader() {
    wipe(buffer_);
}

void PacketReader::feed(ByteView bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Packet>> PacketReader::next() {
    if (buffer_.size() < prefix_bytes) return std::optional<Packet>();
    const Lengths lengths = TRY(parse_prefix(buffer_));
    const std::size_t whole = prefix_bytes + lengths.header + lengths.blob;
    if (buffer_.size() < whole) return std::optional<Packet>();
    const ByteView body = ByteView(buffer_).subspan(prefix_bytes, lengths.header + lengths.blob);
    Packet packet;
    packet.header = std::string(as_text(body.first(lengths.header)));
    packet.blob.assign(body.begin() + static_cast<std::ptrdiff_t>(lengths.header), body.end());
    Bytes rest(buffer_.begin() + static_cast<std::ptrdiff_t>(whole), buffer_.end());
    wipe(buffer_);
    buffer_ = std::move(rest);
    return std::optional<Packet>(std::move(packet));
}

}  // namespace portcullis
