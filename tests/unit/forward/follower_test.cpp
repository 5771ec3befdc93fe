// The forwarder as a viewer of the opener: what is shown is handed on once, and what refuses is asked again,
// later.
#include <doctest/doctest.h>

#include "collector/link/unix_socket.hpp"
#include "forward/read_router.hpp"
#include "forward/view_follower.hpp"
#include "forward_bench.hpp"
#include "support/captured_log.hpp"
#include "support/fake_clock.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// The opener's end of the view socket, and a follower of it.
struct FollowerBench {
    TempDir dir;
    FakeClock clock;
    UniqueFd listener;
    std::optional<PacketStream> opener;
    std::vector<Seq> given;
    ViewFollower follower{dir.path() / "view.sock",
                          {7, "parking", "2026-1"},
                          [this](const View& view) { given.push_back(view.seq); },
                          clock};

    FollowerBench() { listen(); }
    void listen() {
        auto socket = listen_unix(dir.path() / "view.sock", {});
        REQUIRE(socket);
        listener = std::move(*socket);
    }
    /// Its next connection and what it asks for; nothing when it did not come.
    std::optional<Subscription> admit() {
        auto socket = accept_unix(listener);
        REQUIRE(socket);
        if (!*socket) return std::nullopt;
        opener.emplace(std::move(**socket));
        const auto packet = opener->receive(std::chrono::seconds(5));
        REQUIRE(packet);
        const auto subscription = parse_subscription(*packet);
        REQUIRE(subscription);
        return *subscription;
    }
    void show(const View& view) { REQUIRE(opener->send(to_packet(view), std::chrono::seconds(5))); }
    void step() { follower.step(milliseconds(0)); }
};

}  // namespace

TEST_CASE("the follower says why it looks, and gives what is shown in its order") {
    FollowerBench bench;
    bench.step();
    const auto subscription = bench.admit();
    REQUIRE(subscription);
    CHECK(subscription->last == 7);
    CHECK(subscription->purpose == "parking");
    CHECK(subscription->case_number == "2026-1");
    CHECK(bench.follower.connected());
    for (Seq seq = 1; seq <= 3; ++seq)
        bench.show(told_view(seq));
    bench.step();
    CHECK(bench.given == std::vector<Seq>{1, 2, 3});
}

TEST_CASE("a follower that is refused asks again, ever later, and its log names the reason once") {
    FollowerBench bench;
    const CapturedLog log(bench.dir.path() / "log");
    microseconds waited{0};
    for (int attempt = 0; attempt < 4; ++attempt) {
        bench.step();
        for (int turns = 0; !bench.admit(); ++turns) {
            REQUIRE(turns < 100'000);
            bench.clock.advance(milliseconds(100));
            waited += milliseconds(100);
            bench.step();
        }
        REQUIRE(bench.opener->send(refusal_packet("'forwarder' does not stand in the access policy"),
                                   std::chrono::seconds(5)));
        bench.step();
        CHECK_FALSE(bench.follower.connected());
    }
    CHECK(waited >= first_follow_pause * (1 + 2 + 4));
    CHECK(log.count("does not stand in the access policy") == 1);
    CHECK(bench.given.empty());
}

TEST_CASE("after the opener ended the follower comes back, and what is shown twice is handed on once") {
    FollowerBench bench;
    std::vector<Seq> routed;
    ReadRouter router([&](const View& view) { routed.push_back(view.seq); });
    ViewFollower follower(
        bench.dir.path() / "view.sock", {10, "parking", "2026-1"},
        [&](const View& view) { router.route(view); }, bench.clock);
    follower.step(milliseconds(0));
    REQUIRE(bench.admit());
    bench.show(told_view(1));
    bench.show(doubtful_view());
    bench.show(told_view(2));
    follower.step(milliseconds(0));
    bench.opener.reset();
    bench.listener.reset();
    follower.step(milliseconds(0));
    CHECK_FALSE(follower.connected());
    bench.listen();
    bench.clock.advance(longest_follow_pause);
    follower.step(milliseconds(0));
    REQUIRE(bench.admit());
    for (Seq seq = 1; seq <= 3; ++seq)
        bench.show(told_view(seq));
    bench.show(told_view(17));  // the place of the doubtful one, which has been judged anew
    follower.step(milliseconds(0));
    CHECK(routed == std::vector<Seq>{1, 2, 3, 17});
    CHECK(router.routed() == 4);
}

TEST_CASE("what is no view ends the connection and is told to nobody") {
    FollowerBench bench;
    bench.step();
    REQUIRE(bench.admit());
    REQUIRE(bench.opener->send({"{\"v\":99,\"op\":\"view\"}", {}}, std::chrono::seconds(5)));
    bench.show(told_view(1));
    bench.step();
    CHECK_FALSE(bench.follower.connected());
    CHECK(bench.given.empty());
}

TEST_CASE("a router forgets the oldest read, not the newest") {
    std::size_t routed = 0;
    ReadRouter router([&](const View&) { ++routed; });
    for (Seq seq = 1; seq <= max_remembered_reads + 1; ++seq)
        router.route(told_view(seq));
    REQUIRE(routed == max_remembered_reads + 1);
    router.route(told_view(2));
    router.route(told_view(max_remembered_reads + 1));
    CHECK(routed == max_remembered_reads + 1);
    router.route(told_view(1));
    CHECK(routed == max_remembered_reads + 2);
}
