#include "collector/link/view_stream.hpp"

namespace portcullis {

namespace {

constexpr milliseconds subscribe_patience{2000};

}  // namespace

Result<ViewStream> ViewStream::subscribe(UniqueFd socket, const Subscription& subscription) {
    PacketStream stream(std::move(socket));
    TRY(stream.send(to_packet(subscription), subscribe_patience));
    return ViewStream(std::move(stream));
}

Result<std::optional<Packet>> ViewStream::next_now() {
    auto packet = stream_.receive_now();
    if (!packet && packet.error().code() == ErrorCode::closed)
        return fail(ErrorCode::closed,
                    "the opener ended, or let us go: we read too slowly, or may not look any more");
    if (!packet || !*packet) return packet;
    if (const auto reason = parse_refusal(**packet)) return fail(ErrorCode::refused, "{}", *reason);
    return packet;
}

}  // namespace portcullis
