#include "collector/link/opener_question.hpp"

#include "collector/link/unix_socket.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

namespace {

constexpr milliseconds send_patience{2000};
constexpr milliseconds answer_patience{30'000};

}  // namespace

Result<Packet> ask_opener(UniqueFd socket, const Packet& question) {
    PacketStream stream(std::move(socket));
    TRY(stream.send(question, send_patience));
    auto packet = stream.receive(answer_patience);
    if (!packet && packet.error().code() == ErrorCode::closed)
        return fail(ErrorCode::closed, "the opener let us go without an answer: is it of this version?");
    if (packet)
        if (const auto reason = parse_refusal(*packet)) return fail(ErrorCode::refused, "{}", *reason);
    return packet;
}

}  // namespace portcullis
