// The reader's read key is renewed between two records: what is asked for, when, and what is taken.
#include "pipeline/key_intake.hpp"

#include <doctest/doctest.h>

#include "inbox/inbox_writer.hpp"
#include "support/fake_clock.hpp"
#include "support/full_disk.hpp"
#include "unit/provision/registry.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A reader whose key is due, and an uplink's end of the inbox.
struct Reader {
    Registry registry;
    FakeClock clock{now};
    std::filesystem::path folder = registry.road.pki.folder() / "inbox";
    InboxWriter uplink = must(InboxWriter::create(folder));
    Inbox inbox{folder};
    KeyRenewal renewal = registry.renewal();
    std::filesystem::path spool = registry.road.pki.folder() / "spool";
    std::filesystem::path request = spool / read_request_name;
    KeyIntake intake{inbox, renewal, request, clock};
    std::string first = registry.key_in_use();

    Reader() { std::filesystem::create_directory(spool); }
    [[nodiscard]] bool asks() const { return std::filesystem::exists(request); }
    void put(ByteView bytes) { REQUIRE(uplink.put(certificate_name, bytes)); }
    /// What the registrar answers to the file that lies beside the spool.
    [[nodiscard]] Bytes answer() const {
        registry.hand_over(must(read_file(request, max_renewal_bytes)));
        REQUIRE(registry.pass(due).at(0).reason.empty());
        return registry.answer();
    }
};

}  // namespace

TEST_CASE("a read key that is due is asked for once, and its answer is taken out of the inbox") {
    Reader reader;
    CHECK_FALSE(reader.intake.look(due));
    CHECK(must(read_file(reader.request, max_renewal_bytes)) == *must(reader.renewal.request(due)));
    const Bytes answer = reader.answer();
    // The uplink may have it already; it is not written again as long as it is the same.
    std::filesystem::remove(reader.request);
    reader.clock.advance(renewal_look_interval);
    CHECK_FALSE(reader.intake.look(due));
    CHECK_FALSE(reader.asks());
    CHECK(reader.registry.key_in_use() == reader.first);
    reader.put(answer);
    CHECK(reader.intake.look(due));
    CHECK(reader.registry.key_in_use() != reader.first);
    CHECK_FALSE(reader.intake.look(due));
    CHECK(reader.intake.refused() == 0);
}

TEST_CASE("the file with the request goes when it is answered, and comes again when the next key is due") {
    Reader reader;
    CHECK_FALSE(reader.intake.look(due));
    reader.put(reader.answer());
    CHECK(reader.intake.look(due));
    CHECK_FALSE(reader.asks());
    reader.clock.advance(renewal_look_interval);
    CHECK_FALSE(reader.intake.look(due));
    CHECK_FALSE(reader.asks());
    reader.clock.advance(renewal_look_interval);
    CHECK_FALSE(reader.intake.look(due + 25 * day));
    CHECK(reader.asks());
}

TEST_CASE("whether the key is due is looked at each minute, and not between") {
    Reader reader;
    CHECK_FALSE(reader.intake.look(due - 5 * day));
    CHECK_FALSE(reader.asks());
    reader.clock.advance(renewal_look_interval - microseconds(1));
    CHECK_FALSE(reader.intake.look(due));
    CHECK_FALSE(reader.asks());
    reader.clock.advance(microseconds(1));
    CHECK_FALSE(reader.intake.look(due));
    CHECK(reader.asks());
}

TEST_CASE("attack: a compromised uplink leaves rubbish or foreign certificates: the key in use stays") {
    Reader reader;
    const Bytes foreign = reader.registry.certificate(reader.registry.road.pki.issue("other", "gate-1"));
    reader.put(foreign);  // before anything was asked for
    CHECK_FALSE(reader.intake.look(due - 5 * day));
    CHECK(reader.intake.refused() == 1);
    reader.clock.advance(renewal_look_interval);
    CHECK_FALSE(reader.intake.look(due));
    std::uint64_t refused = 1;
    for (const Bytes& answer : {foreign, Bytes(100), reader.registry.certificate(reader.registry.first)}) {
        reader.put(answer);
        CHECK_FALSE(reader.intake.look(due));
        CHECK(reader.intake.refused() == ++refused);
        CHECK(reader.registry.key_in_use() == reader.first);
        // What is no answer of ours never becomes one: it is looked at once.
        reader.clock.advance(renewal_look_interval);
        CHECK_FALSE(reader.intake.look(due));
        CHECK(reader.intake.refused() == refused);
    }
    reader.put(reader.answer());
    CHECK(reader.intake.look(due));
}

TEST_CASE("an answer that finds the disk full is taken a minute later, when there is room") {
    Reader reader;
    CHECK_FALSE(reader.intake.look(due));
    reader.put(reader.answer());
    {
        const FullDisk full;
        CHECK_FALSE(reader.intake.look(due));
    }
    CHECK(reader.intake.refused() == 1);
    CHECK(reader.registry.key_in_use() == reader.first);
    reader.clock.advance(renewal_look_interval - microseconds(1));
    CHECK_FALSE(reader.intake.look(due));
    reader.clock.advance(microseconds(1));
    CHECK(reader.intake.look(due));
    CHECK(reader.registry.key_in_use() != reader.first);
}

TEST_CASE("a request that cannot be made, or left for the uplink, is tried again each minute") {
    Reader reader;
    SUBCASE("no room for the next key") {
        const FullDisk full;
        CHECK_FALSE(reader.intake.look(due));
    }
    SUBCASE("no folder beside the spool") {
        std::filesystem::remove(reader.spool);
        CHECK_FALSE(reader.intake.look(due));
        std::filesystem::create_directory(reader.spool);
    }
    CHECK_FALSE(reader.asks());
    CHECK_FALSE(reader.intake.look(due));
    CHECK_FALSE(reader.asks());
    reader.clock.advance(renewal_look_interval);
    CHECK_FALSE(reader.intake.look(due));
    CHECK(reader.asks());
    CHECK(reader.registry.key_in_use() == reader.first);
}
