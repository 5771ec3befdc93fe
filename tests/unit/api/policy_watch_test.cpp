// The policy that the API goes by: replaced without a signal, never by an older or a false one.
#include "api/policy_watch.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_policies.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct WatchBench {
    PolicyDesk keys;
    FakeClock clock{now};
    std::filesystem::path file = keys.desk.pki.folder() / "access.policy";

    void put(ByteView blob) const { REQUIRE(write_file_atomically(file, blob)); }
    [[nodiscard]] AccessFiles files() const { return {file, keys.rules()}; }
};

}  // namespace

TEST_CASE("a replaced policy is taken within a second, an older one, a false one and none are not") {
    WatchBench bench;
    bench.put(bench.keys.sign(bench.keys.policy(7)));
    const auto watch = must(PolicyWatch::create(bench.files(), bench.clock));
    CHECK(watch->current()->policy.version == 7);
    bench.put(bench.keys.sign(bench.keys.policy(8)));
    CHECK(watch->current()->policy.version == 7);  // the file is not looked at for each request
    const auto in_a_second = [&] {
        bench.clock.advance(std::chrono::seconds(1));
        return watch->current()->policy.version;
    };
    CHECK(in_a_second() == 8);
    bench.put(bench.keys.sign(bench.keys.policy(7)));
    CHECK(in_a_second() == 8);
    bench.put(Bytes(100, std::byte{'x'}));
    CHECK(in_a_second() == 8);
    std::filesystem::remove(bench.file);
    CHECK(in_a_second() == 8);
    bench.put(bench.keys.sign(bench.keys.policy(9)));
    CHECK(in_a_second() == 9);
}

TEST_CASE("without a policy in order the API does not start, and says what to do") {
    WatchBench bench;
    const auto complaint = [&] {
        const auto watch = PolicyWatch::create(bench.files(), bench.clock);
        REQUIRE_FALSE(watch);
        CHECK(watch.error().code() == ErrorCode::configuration);
        return watch.error().message();
    };
    CHECK(complaint().find("portcullis policy access sign") != std::string::npos);
    bench.put(Bytes(100, std::byte{'x'}));
    CHECK(complaint().find("portcullis policy access sign") != std::string::npos);
}
