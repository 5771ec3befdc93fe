// The opener's sockets: who may ask, who may see, and that nobody can hold it up.
#include "collector/opener/opener_server.hpp"

#include <doctest/doctest.h>

#include <list>

#include <sys/wait.h>
#include <unistd.h>

#include "collector/ingest/opener_client.hpp"
#include "collector/link/accounts.hpp"
#include "database/database.hpp"
#include "support/rounds.hpp"
#include "support/temp_dir.hpp"
#include "unit/collector/server_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Whether the socket is closed by the other side without a word.
bool is_turned_away(PacketStream& stream) {
    const auto packet = stream.receive(milliseconds(0));
    return !packet && packet.error().code() == ErrorCode::closed;
}

/// Ingest's client that asks about one item, and the socket on which the test answers as an opener would.
struct ToyOpener {
    TempDir folder;
    OpenerClientSettings settings;
    OpenerClient client;
    UniqueFd listener;

    explicit ToyOpener(int max_deaths, milliseconds answer_patience = OpenerClientSettings{}.answer_patience)
        : settings(settings_of(max_deaths, answer_patience)),
          client(settings),
          listener(must(listen_unix(settings.socket, {}))) {
        OpenRequest request;
        request.id = 5;
        request.device = "gate-1";
        request.seq = 1;
        CHECK(client.ask(request));
    }

  private:
    [[nodiscard]] OpenerClientSettings settings_of(int max_deaths, milliseconds answer_patience) const {
        OpenerClientSettings wanted;
        wanted.socket = folder.path() / "ingest.sock";
        wanted.first_retry = milliseconds(1);
        wanted.answer_patience = answer_patience;
        wanted.max_deaths = max_deaths;
        return wanted;
    }
};

}  // namespace

TEST_CASE("the collector is greeted, asks, and gets its verdicts, a viewer sees the read") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(parse_hello(must(collector.receive(milliseconds(0)))));
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look()), patience));
    bench.turn();
    const SealedRecord record = bench.device.seal();
    for (const SealedItem& item : record.items)
        CHECK(bench.ask(collector, bench.request(item)).verdict.good());
    const View view = must(parse_view(must(viewer.receive(milliseconds(0)))));
    CHECK(view.text == "AB12CDE");
    CHECK(viewer.receive(milliseconds(0)).error().code() == ErrorCode::timeout);  // one line a record
    CHECK(bench.server.counters().good == 3);
}

TEST_CASE("another user than the collector is turned away") {
    ServerBench bench(::geteuid() + 1);
    PacketStream stranger = bench.connect(bench.ingest_path);
    CHECK(is_turned_away(stranger));
    CHECK(bench.server.counters().strangers == 1);
}

TEST_CASE("a process of another user is turned away though it could reach the socket") {
    if (::geteuid() != 0) {
        MESSAGE("SKIPPED: only root can become another user");
        return;
    }
    ServerBench bench;
    std::filesystem::permissions(bench.road.pki.folder(), std::filesystem::perms::all);
    std::filesystem::permissions(bench.ingest_path, std::filesystem::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        const bool changed = ::setgid(nobody) == 0 && ::setuid(nobody) == 0;
        auto socket = connect_unix(bench.ingest_path);
        if (!changed || !socket) ::_exit(2);
        const auto packet = PacketStream(std::move(*socket)).receive(patience);
        ::_exit(!packet && packet.error().code() == ErrorCode::closed ? 0 : 1);
    }
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0)
        must_do(bench.server.step(milliseconds(10)));
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(bench.server.counters().strangers == 1);
}

TEST_CASE("a collector that sends what is no request is let go, and the next one is served") {
    ServerBench bench;
    PacketStream bad = bench.connect(bench.ingest_path);
    CHECK(bad.receive(milliseconds(0)));
    must_do(bad.send(Packet{"{\"v\":1,\"op\":\"open\"}", {}}, patience));
    bench.turn();
    CHECK(is_turned_away(bad));
    PacketStream good = bench.connect(bench.ingest_path);
    CHECK(good.receive(milliseconds(0)));
    CHECK(bench.ask(good, bench.request(bench.device.seal().items[0])).verdict.good());
}

TEST_CASE("who subscribes late gets the newest views that are kept, oldest first") {
    ServerBench bench(::geteuid(), 3);
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    for (int i = 0; i < 5; ++i)
        CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look(10)), patience));
    bench.turn();
    for (const Seq seq : {Seq{7}, Seq{10}, Seq{13}})
        CHECK(must(parse_view(must(viewer.receive(milliseconds(0))))).seq == seq);
    CHECK(viewer.receive(milliseconds(0)).error().code() == ErrorCode::timeout);
}

TEST_CASE("an item that is asked for again after a crash is shown once") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look()), patience));
    bench.turn();
    const OpenRequest request = bench.request(bench.device.seal().items[0]);
    CHECK(bench.ask(collector, request).verdict.good());
    CHECK(bench.ask(collector, request).verdict.good());
    CHECK(viewer.receive(milliseconds(0)));
    CHECK(viewer.receive(milliseconds(0)).error().code() == ErrorCode::timeout);
}

TEST_CASE("a viewer who does not read is let go, and verdicts go on") {
    Outbox outbox;
    for (std::size_t i = 0; i < Outbox::max_views; ++i)
        CHECK(outbox.push(std::make_shared<EncodedView>(to_bytes("view"), "gate-1")));
    CHECK_FALSE(outbox.push(std::make_shared<EncodedView>(to_bytes("view"), "gate-1")));
    ViewFeed feed(0);
    feed.subscribe(5, 0, {"gate-1"});
    View view;
    view.device = "gate-1";
    std::vector<int> full;
    for (Seq seq = 1; full.empty() && seq <= Outbox::max_views + 1; ++seq) {
        view.seq = seq;
        full = feed.publish(view);
    }
    CHECK(full == std::vector<int>{5});
}

TEST_CASE("one viewer who does not read loses his seat, the one who reads loses nothing") {
    ServerBench bench(::geteuid(), 0);
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    PacketStream idle = bench.connect(bench.views_path);
    PacketStream reading = bench.connect(bench.views_path);
    for (PacketStream* viewer : {&idle, &reading})
        must_do(viewer->send(to_packet(look()), patience));
    bench.turn();
    // Doubtful at once, by the gate: what counts here is the number of views.
    OpenRequest request = bench.request(bench.device.seal().items[0]);
    request.blob = to_bytes("no envelope");
    std::size_t asked = 0;
    std::size_t seen = 0;
    while (bench.server.counters().slow_viewers == 0 && asked < 20'000) {
        request.seq = ++asked;
        CHECK(bench.ask(collector, request).verdict.authenticity == Authenticity::damaged);
        while (reading.receive(milliseconds(0)))
            ++seen;
    }
    bench.turn();
    CHECK(bench.server.viewers() == 1);
    CHECK(asked > Outbox::max_views);
    while (reading.receive(milliseconds(0)))
        ++seen;
    CHECK(seen == asked);
}

TEST_CASE("an item that cannot be believed is shown without text") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look()), patience));
    bench.turn();
    OpenRequest request = bench.request(bench.device.seal().items[0]);
    request.seq = 99;
    CHECK(bench.ask(collector, request).verdict.authenticity == Authenticity::misplaced);
    const Packet packet = must(viewer.receive(milliseconds(0)));
    CHECK(packet.header.find("AB12CDE") == std::string::npos);
    CHECK(must(parse_view(packet)).verdict.authenticity == Authenticity::misplaced);
}

TEST_CASE("attack: no purpose or no case number: 0 opened, the viewer is told, and the log says who") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    const SealedItem read = bench.device.seal().items[0];
    CHECK(bench.ask(collector, bench.request(read)).verdict.good());
    for (const Subscription& bad : {Subscription{10, "", "2026-117"}, Subscription{10, "stolen-vehicle", ""},
                                    Subscription{10, "   ", "2026-117"}, Subscription{10, "a", "b\"\n"}}) {
        PacketStream viewer = bench.connect(bench.views_path);
        must_do(viewer.send(to_packet(bad), patience));
        bench.turn();
        const auto reason = parse_refusal(must(viewer.receive(milliseconds(0))));
        REQUIRE(reason);
        CHECK(reason->find("without a purpose and a case number") != std::string::npos);
        CHECK(is_turned_away(viewer));
    }
    PacketStream old = bench.connect(bench.views_path);  // the version before knew no purpose
    must_do(old.send(Packet{R"({"v":1,"op":"subscribe","last":10})", {}}, patience));
    bench.turn();
    CHECK(is_turned_away(old));
    CHECK(bench.server.counters().refused == 4);
    CHECK(bench.server.counters().shown == 0);
    CHECK(bench.entries().empty());
    const std::vector<Access> refused = bench.entries(AccessVerdict::refused);
    REQUIRE_FALSE(refused.empty());
    CHECK(refused[0].who == user_name(::geteuid()));
    CHECK(refused[0].case_number == "2026-117");
    CHECK(refused.size() <= 4);  // within a second they are one entry
}

TEST_CASE("12.13: as many entries as openings, each durable before the viewer has a byte of it") {
    // PORTCULLIS_ROUNDS says how many reads; two people look.
    const auto reads = static_cast<std::size_t>(rounds_or(20));
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    PacketStream first = bench.connect(bench.views_path);
    PacketStream second = bench.connect(bench.views_path);
    must_do(first.send(to_packet(look()), patience));
    must_do(second.send(to_packet(Subscription{0, "hit-and-run", "2026-200"}), patience));
    bench.turn();
    std::vector<Seq> seen;
    for (std::size_t i = 0; i < reads; ++i) {
        CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
        for (PacketStream* viewer : {&first, &second})
            seen.push_back(must(parse_view(must(viewer->receive(milliseconds(0))))).seq);
    }
    // What cannot be believed shows no text: it opens nothing to anybody.
    OpenRequest junk = bench.request(bench.device.seal().items[0]);
    junk.blob = to_bytes("no envelope");
    CHECK_FALSE(bench.ask(collector, junk).verdict.good());
    const std::vector<Access> entries = bench.entries();
    REQUIRE(entries.size() == 2 * reads);
    CHECK(bench.server.counters().shown == 2 * reads);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        REQUIRE(entries[i].seq == seen[i]);
        REQUIRE(entries[i].device == "gate-1");
        REQUIRE(entries[i].chain == bench.device.head.chain);
        REQUIRE(entries[i].uid == ::geteuid());
        REQUIRE(entries[i].purpose == (i % 2 == 0 ? "stolen-vehicle" : "hit-and-run"));
        REQUIRE(entries[i].case_number == (i % 2 == 0 ? "2026-117" : "2026-200"));
    }
}

TEST_CASE("who subscribes late has an entry for each kept view that he is shown") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    for (int i = 0; i < 3; ++i)
        CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    CHECK(bench.entries().empty());  // judging is nobody's look
    CHECK(bench.server.counters().opened == 3);
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look(2)), patience));
    bench.turn();
    CHECK(bench.entries().size() == 2);
    CHECK(bench.server.counters().shown == 2);
}

TEST_CASE("the audit log cannot be written: nothing is shown, the viewer is told, verdicts go on") {
    ServerBench bench;
    PacketStream collector = bench.connect(bench.ingest_path);
    CHECK(collector.receive(milliseconds(0)));
    PacketStream viewer = bench.connect(bench.views_path);
    must_do(viewer.send(to_packet(look()), patience));
    bench.turn();
    {
        Database other = must(Database::open({.path = bench.audit_path}));
        must_do(other.execute("DELETE FROM log; DROP TABLE entry"));
    }
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
    const auto reason = parse_refusal(must(viewer.receive(milliseconds(0))));
    REQUIRE(reason);
    CHECK(reason->find("audit log cannot be written") != std::string::npos);
    CHECK(is_turned_away(viewer));
    CHECK(bench.server.counters().shown == 0);
    CHECK(bench.server.viewers() == 0);
    CHECK(bench.ask(collector, bench.request(bench.device.seal().items[0])).verdict.good());
}

TEST_CASE("the client asks in order, outlives its opener, and goes on with the next") {
    Road road;
    TestDevice device(road);
    OpenerClientSettings settings;
    settings.socket = road.pki.folder() / "ingest.sock";
    settings.first_retry = milliseconds(1);
    settings.last_retry = milliseconds(5);
    OpenerClient client(settings);
    std::vector<OpenReply> replies;
    const auto gather = [&] {
        for (const OpenReply& reply : client.take_replies())
            replies.push_back(reply);
    };
    for (std::uint64_t id = 1; id <= 4; ++id) {
        const SealedItem item = device.seal().items[0];
        OpenRequest request;
        request.id = id;
        request.device = "gate-1";
        request.chain = device.head.chain;
        request.seq = item.seq;
        request.received_at = now;
        request.blob = item.blob;
        CHECK(client.ask(std::move(request)));
    }
    const PolicyFile policy;
    const FakeClock clock{now};
    for (int life = 0; life < 2; ++life) {
        const std::size_t wanted = life == 0 ? 2 : 4;  // killed after about two answers
        OpenerServer server(Judge(road.opener_with({road.reader})), ViewFeed(0),
                            policy.desk_on(road.pki.folder() / "audit.db", clock),
                            {must(listen_unix(settings.socket, {})),
                             must(listen_unix(road.pki.folder() / "view.sock", {})), ::geteuid()});
        while (replies.size() < wanted) {
            must_do(server.step(milliseconds(1)));
            gather();
        }
    }
    REQUIRE(replies.size() == 4);
    for (std::size_t i = 0; i < replies.size(); ++i) {
        CHECK(replies[i].id == i + 1);
        CHECK(replies[i].verdict.good());
    }
}

TEST_CASE("an item under which the opener dies again and again does not block those behind it") {
    ToyOpener opener(3);
    int deaths = 0;
    std::vector<OpenReply> replies;
    while (replies.empty()) {
        auto socket = must(accept_unix(opener.listener));
        if (socket) {
            PacketStream stream(std::move(*socket));
            must_do(stream.send(hello_packet(Digest{}), patience));
            if (stream.receive(patience)) ++deaths;  // takes the request, and dies of it
        }
        replies = opener.client.take_replies();
    }
    CHECK(deaths == 3);
    CHECK(replies.at(0).id == 5);
    CHECK(replies.at(0).verdict.authenticity == Authenticity::damaged);
}

TEST_CASE("of many items that are asked for together only the one under which the opener dies is condemned") {
    ToyOpener opener(3);
    constexpr std::uint64_t last = 44;
    constexpr std::uint64_t deadly = 30;
    for (std::uint64_t id = 6; id <= last; ++id) {
        OpenRequest request;
        request.id = id;
        request.device = "gate-1";
        request.seq = id;
        CHECK(opener.client.ask(request));
    }
    std::vector<OpenReply> replies;
    std::size_t most_together = 0;
    const auto gather = [&] {
        for (const OpenReply& reply : opener.client.take_replies())
            replies.push_back(reply);
    };
    while (replies.size() < last - 4) {
        auto socket = must(accept_unix(opener.listener));
        gather();
        if (!socket) continue;
        PacketStream stream(std::move(*socket));
        must_do(stream.send(hello_packet(Digest{}), patience));
        // One that takes all that has come before it answers, and dies over one of them.
        for (bool alive = true; alive && replies.size() < last - 4; gather()) {
            std::vector<OpenReply> judged;
            auto packet = stream.receive(milliseconds(10));
            while (alive && packet) {
                const OpenRequest request = must(parse_open_request(std::move(*packet)));
                alive = request.id != deadly;
                OpenReply reply;
                reply.id = request.id;
                reply.verdict = {Authenticity::authentic, KeyTrust::trusted};
                judged.push_back(reply);
                packet = stream.receive(milliseconds(10));
            }
            most_together = std::max(most_together, judged.size());
            for (const OpenReply& reply : judged)
                if (alive) must_do(stream.send(to_packet(reply), patience));
        }
    }
    for (std::size_t i = 0; i < replies.size(); ++i) {
        CHECK(replies[i].id == i + 5);
        CHECK((replies[i].verdict.authenticity == Authenticity::damaged) == (replies[i].id == deadly));
    }
    CHECK(most_together > 1);
    CHECK(most_together <= open_together);
}

TEST_CASE("an opener that is slow is not dead: no item is condemned for its time-outs") {
    ToyOpener opener(2, milliseconds(1));
    std::list<PacketStream> silent;
    for (int taken = 0; taken < 4;) {  // takes the request, and says nothing
        auto socket = must(accept_unix(opener.listener));
        if (!socket) continue;
        silent.emplace_back(std::move(*socket));
        // Its patience may end during the greeting already.
        if (silent.back().send(hello_packet(Digest{}), patience) && silent.back().receive(patience)) ++taken;
    }
    CHECK(opener.client.take_replies().empty());
}

TEST_CASE("an opener that gets other keys says so to a collector that asks nothing") {
    Road road;
    OpenerClientSettings settings;
    settings.socket = road.pki.folder() / "ingest.sock";
    settings.idle_look = milliseconds(1);
    const PolicyFile policy;
    const FakeClock clock{now};
    OpenerServer server(Judge(road.opener_with({road.reader})), ViewFeed(0),
                        policy.desk_on(road.pki.folder() / "audit.db", clock),
                        {must(listen_unix(settings.socket, {})),
                         must(listen_unix(road.pki.folder() / "view.sock", {})), ::geteuid()});
    OpenerClient client(settings);
    const Digest before = road.opener_with({road.reader}).fingerprint();
    while (client.keys() != before)
        must_do(server.step(milliseconds(1)));
    EnvelopeOpener more = road.opener_with({road.reader, road.evidence});
    const Digest after = more.fingerprint();
    CHECK(after != before);
    server.replace_keys(std::move(more));
    while (client.keys() != after)
        must_do(server.step(milliseconds(1)));
    CHECK(client.connected());
}

TEST_CASE("an opener that hangs up without a greeting condemns nothing") {
    Road road;
    OpenerClientSettings settings;
    settings.socket = road.pki.folder() / "ingest.sock";
    settings.first_retry = milliseconds(1);
    settings.last_retry = milliseconds(1);
    settings.max_deaths = 2;
    OpenerClient client(settings);
    const UniqueFd listener = must(listen_unix(settings.socket, {}));
    OpenRequest request;
    request.device = "gate-1";
    request.seq = 1;
    CHECK(client.ask(request));
    for (int refused = 0; refused < 10;)
        if (must(accept_unix(listener))) ++refused;
    CHECK(client.take_replies().empty());
    CHECK_FALSE(client.connected());
}

TEST_CASE("a user or group that this host does not know is an error with a cure") {
    CHECK(must(user_id("root")) == 0);
    CHECK(must(user_id("123")) == 123);
    CHECK(must(group_id("root")) == 0);
    CHECK(user_id("no-such-user-here").error().code() == ErrorCode::configuration);
    CHECK(user_name(0) == "root");
    CHECK(user_name(3'999'999'999U) == "uid 3999999999");
    CHECK(group_id("no-such-group-here").error().code() == ErrorCode::configuration);
}

TEST_CASE("an opener that answers what is no answer, or another's, is left, and the item is asked again") {
    ToyOpener opener(100);
    OpenReply right;
    right.id = 5;
    right.verdict = {Authenticity::authentic, KeyTrust::trusted};
    OpenReply other = right;
    other.id = 6;
    Packet nonsense;
    nonsense.header = "{}";
    const std::vector<Packet> answers{nonsense, to_packet(other), to_packet(right)};
    std::vector<OpenReply> replies;
    std::size_t life = 0;
    std::list<PacketStream> streams;
    while (replies.empty()) {
        auto socket = must(accept_unix(opener.listener));
        if (socket) {
            PacketStream& stream = streams.emplace_back(std::move(*socket));
            // It greets with nonsense at first, later it tells of other keys before it answers. The client
            // may be gone by then.
            static_cast<void>(stream.send(life == 0 ? nonsense : hello_packet(Digest{}), patience));
            if (life > 0 && stream.receive(patience)) {
                const Packet keys = hello_packet(sha256(as_bytes("other keys")));
                static_cast<void>(stream.send(keys, patience));
                static_cast<void>(stream.send(answers.at(std::min(life - 1, answers.size() - 1)), patience));
            }
            ++life;
        }
        replies = opener.client.take_replies();
    }
    CHECK(replies.at(0).id == 5);
    CHECK(replies.at(0).verdict.good());
    CHECK(life == 4);
    CHECK(opener.client.keys() == sha256(as_bytes("other keys")));
}
