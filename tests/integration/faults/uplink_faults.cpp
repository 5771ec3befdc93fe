// Broker, inbox and receipts: the real uplink and the reader's end of the inbox, a broker of the test.
#include <fstream>

#include "integration/faults/fault_row.hpp"
#include "unit/uplink/desk.hpp"
#include "uplink/uplink_service.hpp"

namespace portcullis::test {

namespace {

bool delivered(Desk& desk) {
    const auto items = desk.turn_and_take();
    for (const auto& one : items)
        desk.broker.accept(one.token);
    desk.deliver(desk.receipt(desk.head.next_seq - 1));
    desk.turn();
    desk.turn();
    return desk.spooled() == 0;
}

Seen broker_away() {
    const LogCatcher log;
    Desk desk;
    desk.broker.connect();
    desk.turn();
    desk.broker.disconnect();
    desk.append(3);
    desk.turn();
    Seen seen{desk.spooled() == 3 && desk.broker.take_items().empty() ? "spools" : "lost", log.text(), false};
    desk.broker.connect();
    seen.recovered = delivered(desk);
    return seen;
}

Seen broker_never_there() {
    const LogCatcher log;
    Desk desk;
    desk.append(3);
    desk.broker.disconnect();
    desk.turn();
    Seen seen{desk.spooled() == 3 ? "spools" : "lost", log.text(), false};
    desk.broker.connect();
    seen.recovered = delivered(desk);
    return seen;
}

Seen broker_denies() {
    const LogCatcher log;
    Desk desk;
    desk.append(1);
    desk.broker.connect();
    for (const auto& one : desk.turn_and_take())
        desk.broker.deny(one.token);
    desk.turn();
    Seen seen{desk.spooled() == 1 ? "held" : "lost", log.text(), false};
    desk.clock.advance(std::chrono::seconds(61));
    seen.recovered = delivered(desk);
    return seen;
}

Seen broker_full() {
    Desk desk;
    desk.append(2);
    desk.broker.connect();
    desk.broker.full = true;
    desk.turn();
    Seen seen{desk.spooled() == 2 && desk.broker.take_items().empty() ? "spools" : "lost", "", false};
    desk.broker.full = false;
    seen.recovered = delivered(desk);
    return seen;
}

Seen killed_in_flight() {
    Desk desk;
    desk.append(2);
    desk.broker.connect();
    static_cast<void>(desk.turn_and_take());  // published, no word yet: the uplink dies
    desk.uplink.emplace(desk.settings, desk.broker, desk.trust(),
                        must(InboxWriter::create(desk.dir.path() / "inbox")), desk.clock);
    REQUIRE(desk.broker.start(desk.uplink->handlers()));
    Seen seen{desk.spooled() == 2 ? "spools" : "lost", "", false};
    desk.broker.connect();
    seen.recovered = delivered(desk);
    return seen;
}

/// The broker has `count` items: what is missing is the receipt.
void send(Desk& desk, int count) {
    desk.append(count);
    desk.broker.connect();
    for (const auto& one : desk.turn_and_take())
        desk.broker.accept(one.token);
}

template <class Receipt>
Seen bad_receipt(Receipt bad) {
    const LogCatcher log;
    Desk desk;
    send(desk, 2);
    desk.deliver(bad(desk));
    desk.turn();
    Seen seen{desk.spooled() == 2 ? "held" : "released", log.text(), false};
    desk.deliver(desk.receipt(2));
    desk.turn();
    seen.recovered = desk.spooled() == 0;
    return seen;
}

Seen forged_receipt() {
    return bad_receipt([](const Desk& desk) {
        const KeyFiles stranger = desk.pki.issue("stranger", "collector", {.ca = "stranger-ca"});
        return desk.sign(must(encode_receipt(desk.receipt(2))), stranger);
    });
}

Seen broken_receipt() {
    return bad_receipt([](const Desk& /*desk*/) { return Bytes(500); });
}

/// The inbox's file system has no room, or the folder is gone: a file stands where it should.
Seen inbox_full() {
    const LogCatcher log;
    Desk desk;
    send(desk, 1);
    const auto folder = desk.dir.path() / "inbox";
    std::filesystem::remove_all(folder);
    std::ofstream(folder) << "full";
    desk.deliver(desk.receipt(1));
    desk.turn();
    Seen seen{desk.spooled() == 1 ? "held" : "released", log.text(), false};
    std::filesystem::remove(folder);
    std::filesystem::create_directory(folder);
    desk.clock.advance(std::chrono::seconds(31));  // it is sent again, and brings another receipt
    seen.recovered = delivered(desk);
    return seen;
}

Seen rubbish_in_the_inbox() {
    const LogCatcher log;
    Desk desk;
    desk.append(1);
    std::ofstream(desk.dir.path() / "inbox" / receipt_name(desk.head.chain)) << "rubbish";
    desk.turn();
    Seen seen{desk.spooled() == 1 ? "held" : "released", log.text(), false};
    desk.broker.connect();
    seen.recovered = delivered(desk);
    return seen;
}

/// What the reader leaves of its health is not what the codec writes.
Seen rubbish_for_a_note() {
    const LogCatcher log;
    const TempDir folder;
    const auto file = folder.path() / "reader.json";
    FakeClock clock;
    ReaderNote note(file, clock);
    std::ofstream(file) << R"({"v":1,"kind":"note","plate":"AB12CDE"})";
    const auto status = [&] {
        const BrokerMessage message = status_message("gate-1", {}, {}, note.look(), clock.utc());
        return std::string(as_text(message.payload));
    };
    const bool empty = status().find(R"("reader":{}})") != std::string::npos;
    Seen seen{empty ? "status without the reader" : "passed on", log.text(), false};
    std::filesystem::remove(file);
    std::ofstream(file) << must(encode_note({HealthReport(), clock.since_boot()}));
    seen.recovered = status().find(R"("reader":{"up":0)") != std::string::npos;
    return seen;
}

Seen no_reader_yet() {
    const LogCatcher log;
    Desk desk;
    desk.broker.connect();
    UplinkServiceSettings settings{
        .spool = desk.spool_settings, .poll_interval = milliseconds(1), .retry_interval = milliseconds(1)};
    settings.spool.path = desk.dir.path() / "later.db";
    Heartbeat heartbeat(desk.clock, "carry", std::chrono::seconds(30));
    UplinkService service(settings, *desk.uplink, heartbeat);
    std::stop_source stop;
    std::optional<Spool> reader;
    Seen seen{"waits", "", false};
    int turns = 0;
    const auto done = service.run(stop.get_token(), [&] {
        if (++turns == 3) {
            seen.said = log.text();
            reader =
                must(Spool::open(settings.spool, [](const Tombstone&) -> Result<Bytes> { return Bytes(1); }));
            ChainHead head = reader->head();
            REQUIRE(reader->append(next_read(head)));
        }
        if (!desk.broker.take_items().empty()) seen.recovered = true;
        if (seen.recovered || turns > 1000) stop.request_stop();
    });
    if (!done) seen.state = "ended";
    return seen;
}

}  // namespace

FaultRows uplink_faults() {
    const char* const nothing_lost = "all that waits is delivered when it is back";
    return {
        {"broker", Fault::offline, "it goes away", "spools", "not connected, records stay in the spool",
         nothing_lost, broker_away},
        {"broker", Fault::offline, "it is not there at the start", "spools",
         "not connected, records stay in the spool", nothing_lost, broker_never_there},
        {"broker", Fault::error, "its rules say no", "held", "the broker does not take our items",
         "tried again each minute", broker_denies},
        {"broker", Fault::full, "its library's window is full", "spools", "", nothing_lost, broker_full},
        {"uplink", Fault::kill, "it dies with items in flight", "spools", "",
         "they are sent again; the collector knows duplicates", killed_in_flight},
        {"uplink", Fault::offline, "no reader has made the spool yet", "waits",
         "waiting for the reader to make the spool", "attaches when it is there", no_reader_yet},
        {"receipt", Fault::error, "signed by a stranger", "held", "receipt refused, nothing released",
         "a good receipt releases", forged_receipt},
        {"receipt", Fault::corrupt, "rubbish from the broker", "held", "receipt refused, nothing released",
         "a good receipt releases", broken_receipt},
        {"inbox", Fault::full, "the uplink cannot write it", "held",
         "a receipt cannot be handed to the reader", "sent again, the items bring another receipt",
         inbox_full},
        {"status", Fault::corrupt, "the reader's note is not ours", "status without the reader",
         "the reader's note of its health is not passed on", "the next good note is passed on",
         rubbish_for_a_note},
        {"inbox", Fault::corrupt, "rubbish stands in it", "held",
         "a receipt in the inbox is refused, nothing released", "a good receipt releases",
         rubbish_in_the_inbox},
    };
}

}  // namespace portcullis::test
