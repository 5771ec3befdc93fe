// What does not come is noticed: silent devices, tails cut off; told once, and taken back when it comes.
#include <doctest/doctest.h>

#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using std::chrono::seconds;

namespace {

struct Watch {
    CollectorBench bench;
    TestDevice device{bench.road};

    void status(Seq last, bool retained = false, const std::string& state = "up") {
        BrokerMessage message;
        message.topic = "lpr/v1/dev/gate-1/status";
        message.payload = to_bytes(
            fmt::format(R"({{"v":1,"state":"{}","chain":"0123456789abcdef","last_seq":{}}})", state, last));
        message.retained = retained;
        CHECK(bench.deliver(message).reception == Reception::heard);
    }
    /// Seconds pass, with a round at each status interval.
    void pass(seconds time) {
        for (seconds done{0}; done < time; done += status_interval) {
            bench.clock.advance(status_interval);
            bench.look_round(true);
        }
    }
    std::vector<std::string> told() {
        std::vector<std::string> all;
        for (const IncidentRow& row : bench.incidents(100))
            all.insert(all.begin(), row.what);
        return all;
    }
    DeviceRow row() {
        return bench.read([&](Store& store) { return store.devices.find("gate-1"); }).value();
    }

    Watch() { bench.look_round(true); }
};

using Told = std::vector<std::string>;
const std::string silent = "is silent: neither items nor status come";
const std::string again = "is heard again";
const std::string tail = "its status names items that do not come";

}  // namespace

TEST_CASE("a device that falls silent is told once, and when it is heard again") {
    Watch watch;
    watch.pass(seconds(600));
    watch.bench.deliver(watch.device.messages(watch.device.seal()));
    watch.pass(seconds(120));
    CHECK(watch.told().empty());
    watch.pass(seconds(3600));
    CHECK(watch.told() == Told{silent});
    CHECK(watch.row().silent_since);
    CHECK(watch.bench.verify().find("silent: gate-1") != std::string::npos);
    SUBCASE("by an item") {
        watch.bench.deliver(watch.device.messages(watch.device.seal()));
    }
    SUBCASE("by its status") {
        watch.status(3);
    }
    CHECK(watch.told() == Told{silent, again});
    CHECK_FALSE(watch.row().silent_since);
}

TEST_CASE("what the broker kept for us, a will and junk are no signs of life") {
    Watch watch;
    watch.status(0);
    watch.pass(seconds(600));
    CHECK(watch.told() == Told{silent});
    watch.status(0, true);
    watch.status(0, false, "lost");
    BrokerMessage junk;
    junk.topic = "lpr/v1/dev/gate-1/status";
    for (const char* text :
         {"", "{", "[]", "7", R"({"state":"up"})", R"({"state":"up","chain":7,"last_seq":1})",
          R"({"state":"up","chain":"0123456789abcdef","last_seq":-1})",
          R"({"state":"up","chain":"0123456789abcdef","last_seq":99999999999999999999})"}) {
        junk.payload = to_bytes(text);
        CHECK(watch.bench.deliver(junk).reception == Reception::heard);
    }
    junk.payload = Bytes(100'000, std::byte{'['});
    watch.bench.deliver(junk);
    junk.topic = "lpr/v1/dev/COLLECTOR!/status";
    watch.bench.deliver(junk);
    CHECK(watch.told() == Told{silent});
}

TEST_CASE("nobody is called silent while we ourselves do not listen") {
    Watch watch;
    watch.status(0);
    watch.bench.look_round(false);
    watch.bench.clock.advance(std::chrono::hours(5));
    watch.bench.look_round(true);
    watch.status(0);
    watch.pass(seconds(120));
    CHECK(watch.told().empty());
}

TEST_CASE("a tail that is cut off is told once, and no longer when it comes") {
    Watch watch;
    watch.bench.deliver(watch.device.messages(watch.device.seal()));
    const auto cut = watch.device.messages(watch.device.seal());
    for (int minute = 0; minute < 8; ++minute) {
        watch.status(6);
        watch.pass(status_interval);
    }
    CHECK(watch.told() == Told{tail});
    CHECK(watch.row().tail_told);
    watch.bench.deliver(cut);
    CHECK_FALSE(watch.row().tail_told);
    for (int minute = 0; minute < 4; ++minute) {
        watch.status(6);
        watch.pass(status_interval);
    }
    CHECK(watch.told() == Told{tail});
}

TEST_CASE("the same incident again and again is one line with a count, and a new one after an hour") {
    CollectorBench bench;
    TestDevice device(bench.road);
    BrokerMessage junk = device.messages(device.seal())[0];
    junk.payload = to_bytes("junk");
    for (int i = 0; i < 100; ++i)
        bench.deliver(junk);
    REQUIRE(bench.read([&](Store& store) { return store.incidents.count(); }) == 1);
    const IncidentRow row = bench.incidents(1).at(0);
    CHECK(row.times == 100);
    CHECK(row.last_at == bench.clock.utc());
    bench.clock.advance(one_incident + seconds(1));
    bench.deliver(junk);
    CHECK(bench.read([&](Store& store) { return store.incidents.count(); }) == 2);
}
