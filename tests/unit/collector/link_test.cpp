// The wire between the collector's two processes and the tools: strict, bounded, and only for whom it is
// meant.
#include <doctest/doctest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

#include "collector/link/open_exchange.hpp"
#include "collector/link/unix_socket.hpp"
#include "collector/link/view_exchange.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using portcullis::test::TempDir;

namespace {

OpenRequest sample_request() {
    OpenRequest request;
    request.id = 7;
    request.device = "gate-1";
    request.seq = 12;
    request.kind = ItemKind::plate;
    request.previous = sha256(as_bytes("previous"));
    request.received_at = UtcTime(microseconds(1'750'000'000'123'456));
    request.blob = to_bytes("sealed");
    return request;
}

std::pair<PacketStream, PacketStream> connected_pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return {PacketStream(UniqueFd(ends[0])), PacketStream(UniqueFd(ends[1]))};
}

/// A packet's header with one text exchanged for another.
Packet with(Packet packet, const std::string& from, const std::string& to) {
    const auto place = packet.header.find(from);
    REQUIRE(place != std::string::npos);
    packet.header.replace(place, from.size(), to);
    return packet;
}

Bytes prefix(std::uint32_t header, std::uint32_t blob) {
    Bytes bytes = to_bytes("PCL1");
    append_u32(bytes, header);
    append_u32(bytes, blob);
    return bytes;
}

}  // namespace

TEST_CASE("packets come out as they went in, however the stream was cut") {
    const Packet packet = to_packet(sample_request());
    Bytes stream;
    for (int i = 0; i < 3; ++i) {
        const auto bytes = encode_packet(packet);
        REQUIRE(bytes);
        stream.insert(stream.end(), bytes->begin(), bytes->end());
    }
    for (const std::size_t piece : {1U, 2U, 7U, 64U, 100'000U}) {
        PacketReader reader;
        int found = 0;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            reader.feed(ByteView(stream).subspan(at, std::min(piece, stream.size() - at)));
            for (auto next = reader.next(); next && *next; next = reader.next()) {
                CHECK((*next)->header == packet.header);
                CHECK((*next)->blob == packet.blob);
                ++found;
            }
        }
        CHECK(found == 3);
    }
}

TEST_CASE("a length over its limit is refused before its bytes are taken") {
    PacketReader header_too_long;
    header_too_long.feed(prefix(max_packet_header_bytes + 1, 0));
    CHECK(header_too_long.next().error().code() == ErrorCode::exhausted);
    PacketReader blob_too_long;
    blob_too_long.feed(prefix(2, 0xffffffff));
    CHECK(blob_too_long.next().error().code() == ErrorCode::exhausted);
    PacketReader other_protocol;
    other_protocol.feed(as_bytes("GET / HTTP/1.1\r\n"));
    CHECK(other_protocol.next().error().code() == ErrorCode::corrupt);
    CHECK_FALSE(encode_packet(Packet{std::string(max_packet_header_bytes + 1, ' '), {}}));
    CHECK_FALSE(encode_packet(Packet{"{}", Bytes(max_packet_blob_bytes + 1)}));
}

TEST_CASE("a request comes back as it was") {
    const OpenRequest request = sample_request();
    const auto parsed = parse_open_request(to_packet(request));
    REQUIRE(parsed);
    CHECK(parsed->id == request.id);
    CHECK(parsed->device == request.device);
    CHECK(parsed->chain == request.chain);
    CHECK(parsed->seq == request.seq);
    CHECK(parsed->kind == request.kind);
    CHECK(parsed->previous == request.previous);
    CHECK(parsed->received_at == request.received_at);
    CHECK_FALSE(parsed->again);
    CHECK(parsed->blob == request.blob);
}

TEST_CASE("a request for a health record comes back as it was sent, one for a statement is refused") {
    const Packet plate = to_packet(sample_request());
    CHECK(parse_open_request(with(plate, "\"plate\"", "\"health\""))->kind == ItemKind::health);
    for (const char* kind : {"\"checkpoint\"", "\"life\"", "\"tombstone\""})
        CHECK_FALSE(parse_open_request(with(plate, "\"plate\"", kind)));
}

TEST_CASE("a request that is not exactly ours is refused") {
    const Packet good = to_packet(sample_request());
    const std::vector<Packet> bad{with(good, "\"v\":3", "\"v\":2"),
                                  with(good, "gate-1", "GATE"),
                                  with(good, "\"seq\":12", "\"seq\":0"),
                                  with(good, "\"seq\":12", "\"seq\":-12"),
                                  with(good, "\"seq\":12", "\"seq\":12.0"),
                                  with(good, "\"seq\":12", "\"seq\":18446744073709551615"),
                                  with(good, "\"plate\"", "\"checkpoint\""),
                                  with(good, "\"plate\"", "\"nonsense\""),
                                  with(good, "\"again\":false", "\"again\":0"),
                                  with(good, "\"again\":false,", ""),
                                  with(good, "\"again\":false", "\"again\":false,\"more\":1"),
                                  with(good, "\"op\":\"open\"", "\"op\":\"close\""),
                                  Packet{"", {}},
                                  Packet{"[]", {}},
                                  Packet{"{\"v\":3", {}},
                                  Packet{std::string(10'000, '['), {}}};
    for (const Packet& packet : bad) {
        CAPTURE(packet.header);
        const auto parsed = parse_open_request(packet);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code() == ErrorCode::corrupt);
    }
}

TEST_CASE("a reply carries its verdict and nothing readable") {
    OpenReply reply;
    reply.id = 9;
    reply.verdict = {Authenticity::misplaced, KeyTrust::expired};
    reply.signed_previous = sha256(as_bytes("x"));
    reply.in_place = true;
    reply.recipient_set = SetClaim{sha256(as_bytes("set")), true};
    const auto parsed = parse_open_reply(to_packet(reply));
    REQUIRE(parsed);
    CHECK(parsed->id == 9);
    CHECK(parsed->verdict == reply.verdict);
    CHECK(parsed->signed_previous == reply.signed_previous);
    CHECK(parsed->in_place);
    CHECK(parsed->recipient_set == reply.recipient_set);
    CHECK(parsed->outcome == OpenOutcome::judged);
    reply.outcome = OpenOutcome::waits;
    CHECK(parse_open_reply(to_packet(reply))->outcome == OpenOutcome::waits);
    CHECK_FALSE(parse_open_reply(with(to_packet(reply), "misplaced", "splendid")));
    CHECK_FALSE(parse_open_reply(Packet{"{}", {}}));
}

TEST_CASE("a view comes back as it was, and tells the latency") {
    View view;
    view.device = "gate-1";
    view.seq = 3;
    view.received_at = UtcTime(microseconds(1'750'000'000'500'000));
    view.verdict = {Authenticity::authentic, KeyTrust::trusted};
    view.captured_at = UtcTime(microseconds(1'750'000'000'000'000));
    view.lane = "lane-1";
    view.direction = Direction::receding;
    view.text = "AB12CDE";
    view.confidence = 0.5F;
    view.characters = {0.25F, 0.5F};
    view.published = "AB1[2Z]CDE";
    view.raw = "AB1ZCDE";
    view.jurisdiction = {"gb", 0.75F};
    view.media = {{MediaRole::plate, 4}, {MediaRole::overview, 5}};
    const auto parsed = parse_view(to_packet(view));
    REQUIRE(parsed);
    CHECK(parsed->text == "AB12CDE");
    CHECK(parsed->published == "AB1[2Z]CDE");
    CHECK(parsed->raw == "AB1ZCDE");
    CHECK(parsed->jurisdiction.code == "gb");
    CHECK(parsed->jurisdiction.confidence == 0.75F);
    CHECK(parsed->direction == Direction::receding);
    CHECK(parsed->characters == view.characters);
    CHECK(parsed->media.size() == 2);
    CHECK(parsed->media[1].role == MediaRole::overview);
    CHECK(parsed->latency_ms() == 500.0);
    CHECK_FALSE(parse_view(with(to_packet(view), "\"good\":true", "\"good\":false")));
    CHECK_FALSE(parse_view(with(to_packet(view), "\"v\":3", "\"v\":2")));
    CHECK_FALSE(parse_view(with(to_packet(view), "_confidence\":0.75", "_confidence\":1.75")));
    view.captured_at.reset();
    const auto doubtful = parse_view(to_packet(view));
    REQUIRE(doubtful);
    CHECK(doubtful->text.empty());
    CHECK_FALSE(doubtful->latency_ms());
    for (const char* text : {"AB12CDE", "AB1[2Z]CDE", "AB1ZCDE", "gb"})
        CHECK(to_packet(view).header.find(text) == std::string::npos);
}

TEST_CASE("the longest plate with every alternative in doubt fits a view") {
    constexpr std::size_t longest_plate = 24;
    View view;
    view.seq = 1;
    view.captured_at = view.received_at;
    const std::vector<CharacterReading> characters(longest_plate,
                                                   {'A', 0.25F, {{'4', 0.25F}, {'H', 0.25F}, {'R', 0.25F}}});
    view.text = view.raw = text_of(characters);
    view.published = published_text(characters);
    CHECK(view.published.size() == 144);
    const auto parsed = parse_view(to_packet(view));
    REQUIRE(parsed);
    CHECK(parsed->published == view.published);
    view.published.assign(193, 'A');
    CHECK_FALSE(parse_view(to_packet(view)));
}

TEST_CASE("a subscription asks for no more views than are kept at most") {
    const Subscription most{max_last_views, "stolen-vehicle", "2026-117"};
    const auto parsed = parse_subscription(to_packet(most));
    REQUIRE(parsed);
    CHECK(parsed->last == max_last_views);
    CHECK(parsed->purpose == most.purpose);
    CHECK(parsed->case_number == most.case_number);
    CHECK_FALSE(parse_subscription(to_packet(Subscription{max_last_views + 1, "p", "c"})));
    CHECK_FALSE(parse_subscription(to_packet(Subscription{1, std::string(max_purpose_bytes + 1, 'p'), "c"})));
    CHECK_FALSE(parse_subscription(Packet{"{\"v\":1,\"op\":\"subscribe\"}", {}}));
}

TEST_CASE("a refusal is told from a view, with its reason") {
    CHECK(parse_refusal(refusal_packet("no case number")) == "no case number");
    CHECK_FALSE(parse_refusal(to_packet(Subscription{1, "p", "c"})));
    CHECK_FALSE(parse_refusal(Packet{R"({"v":2,"op":"refused"})", {}}));
}

TEST_CASE("a large packet crosses a socket whole, and a closed peer is told") {
    auto [here, there] = connected_pair();
    Packet packet{"{}", Bytes(max_packet_blob_bytes, std::byte{0x5a})};
    Result<void> sent;
    std::thread sender(
        [&sent, &packet, stream = &here] { sent = stream->send(packet, std::chrono::seconds(20)); });
    const auto received = there.receive(std::chrono::seconds(20));
    sender.join();
    CHECK(sent);
    REQUIRE(received);
    CHECK(received->blob == packet.blob);
    there = PacketStream(UniqueFd());
    CHECK(here.receive(milliseconds(0)).error().code() == ErrorCode::closed);
    CHECK(here.send(packet, std::chrono::seconds(1)).error().code() == ErrorCode::closed);
}

TEST_CASE("nobody waits longer than his patience") {
    auto [here, there] = connected_pair();
    CHECK(here.receive(milliseconds(1)).error().code() == ErrorCode::timeout);
    const Packet large{"{}", Bytes(max_packet_blob_bytes)};
    CHECK(here.send(large, milliseconds(1)).error().code() == ErrorCode::timeout);  // nobody reads there
}

TEST_CASE("a socket is for whom its mode says, and a dead process's socket is taken over") {
    const TempDir folder;
    const auto path = folder.path() / "a.sock";
    CHECK(connect_unix(path).error().code() == ErrorCode::not_found);
    {
        const auto listener = listen_unix(path, {});
        REQUIRE(listener);
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
        CHECK(listen_unix(path, {}).error().code() == ErrorCode::configuration);  // in use
    }
    CHECK(connect_unix(path).error().code() == ErrorCode::not_found);  // its file is still there
    const auto again = listen_unix(path, {});
    REQUIRE(again);
    const auto client = connect_unix(path);
    REQUIRE(client);
    const auto server = accept_unix(*again);
    REQUIRE((server && *server));
    const auto peer = peer_of(**server);
    REQUIRE(peer);
    CHECK(peer->uid == ::getuid());
    CHECK(peer->pid == ::getpid());
}

TEST_CASE("a path that can be no socket is an error with a cure") {
    const TempDir folder;
    CHECK(listen_unix(folder.path() / std::string(200, 'x'), {}).error().code() == ErrorCode::configuration);
    CHECK(connect_unix("").error().code() == ErrorCode::configuration);
    const auto file = folder.path() / "file";
    std::ofstream(file) << "not a socket";
    CHECK(listen_unix(file, {}).error().code() == ErrorCode::configuration);
    CHECK(std::filesystem::file_size(file) == 12);  // and it was not removed
}
