// A message that anybody who reached the broker may have published: its hints, its payload, what is stored of
// it.
//
// Input: the topic and one user property "name=value" a line; behind an empty line the payload.

#include "base/assert.hpp"
#include "base/log.hpp"
#include "collector/ingest/ingest.hpp"
#include "fuzz/vector_keys.hpp"
#include "seal/gate.hpp"
#include "support/fake_clock.hpp"

using namespace portcullis;

namespace {

constexpr LogLevel nothing{0};

BrokerMessage message_of(std::string_view input) {
    BrokerMessage message;
    const std::size_t end = std::min(input.find("\n\n"), input.size());
    message.payload = to_bytes(input.substr(std::min(end + 2, input.size())));
    std::string_view head = input.substr(0, end);
    const auto next_line = [&head] {
        const std::string_view line = head.substr(0, head.find('\n'));
        head.remove_prefix(std::min(line.size() + 1, head.size()));
        return line;
    };
    message.topic = next_line();
    while (!head.empty()) {
        const std::string_view line = next_line();
        const std::size_t equals = std::min(line.find('='), line.size());
        message.properties.emplace_back(line.substr(0, equals),
                                        line.substr(std::min(equals + 1, line.size())));
    }
    return message;
}

void check_parsed(const Incoming& incoming, const BrokerMessage& message) {
    PORTCULLIS_ASSERT(is_device_name(incoming.device));
    PORTCULLIS_ASSERT(message.topic ==
                      fmt::format("lpr/v1/dev/{}/{}", incoming.device, topic_leaf(incoming.kind)));
    PORTCULLIS_ASSERT(incoming.seq >= 1 && incoming.seq <= max_seq);
    PORTCULLIS_ASSERT(incoming.first <= incoming.last);
}

bool is_item(ItemKind kind) {
    return kind == ItemKind::read || kind == ItemKind::plate || kind == ItemKind::overview;
}

/// Only what parses, and passes the gate or carries the device's signature, gets a place.
void check_received(const Received& received, const Result<Incoming>& incoming,
                    const BrokerMessage& message) {
    if (received.reception == Reception::refused) {
        PORTCULLIS_ASSERT(received.verdict && !received.verdict->good());
        return;
    }
    if (received.reception == Reception::heard) {  // a status: a hint, nothing of it is stored
        PORTCULLIS_ASSERT(!received.verdict);
        return;
    }
    PORTCULLIS_ASSERT(incoming && received.reception == Reception::stored);
    if (is_item(incoming->kind))
        PORTCULLIS_ASSERT(gate(message.payload) && !received.verdict);
    else
        PORTCULLIS_ASSERT(received.verdict->good() && incoming->device == "gate-1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    static const test::FakeClock clock(fuzz::now);
    static const std::unique_ptr<FileSigningKey> receipt_key = fuzz::vector_device_key();
    set_log_level(nothing);
    const BrokerMessage message = message_of(as_text(fuzz::input_bytes(data, size)));
    const Result<Incoming> incoming = parse_incoming(message);
    if (incoming) check_parsed(*incoming, message);

    scratch.clear();
    Ingest ingest(fuzz::must(Store::open({.path = scratch.path() / "store.db", .quarantine = {}})),
                  fuzz::vector_trust(), *receipt_key, clock);
    const std::vector<Received> received = fuzz::must(ingest.accept({message, message}));
    PORTCULLIS_ASSERT(received.size() == 2);
    check_received(received[0], incoming, message);
    const Reception first = received[0].reception;
    PORTCULLIS_ASSERT(received[1].reception == (first == Reception::stored ? Reception::duplicate : first));
    PORTCULLIS_ASSERT(fuzz::must(ingest.store().quarantine.count()) == (first == Reception::refused ? 2 : 0));
    const bool for_the_opener = first == Reception::stored && is_item(incoming->kind);
    PORTCULLIS_ASSERT(fuzz::must(ingest.to_judge(2)).size() == (for_the_opener ? 1 : 0));
    PORTCULLIS_ASSERT(ingest.receipts());
    return 0;
}
