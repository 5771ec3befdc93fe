// What is read of a collector's store.
#include "api/store_reading.hpp"

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr UtcTime now{std::chrono::seconds(1'795'593'600)};

}  // namespace

TEST_CASE("devices, chains, open gaps and incidents are read from a store that is only looked at") {
    const TempDir folder;
    {
        Store store = Store::open({folder.path() / "store.db", {}, true}).value();
        Transaction transaction = store.begin().value();
        REQUIRE(store.devices.find_or_add("gate-1", now).value());
        ChainRow whole = store.chains.add("gate-1", {}, now).value();
        whole.upto = whole.last = 5;
        REQUIRE(store.chains.save(whole));
        ChainId id;
        id.bytes.fill(std::byte{7});
        ChainRow holed = store.chains.add("gate-1", id, now).value();
        holed.upto = 2;
        holed.last = 9;
        REQUIRE(store.chains.save(holed));
        REQUIRE(store.gaps.open(holed.id, 3, 4, now));
        REQUIRE(store.incidents.add({now, "gate-1", id, 3, "missing", 1, now, 3}));
        REQUIRE(transaction.commit());
    }
    Store store = Store::open({folder.path() / "store.db", {}, false}).value();
    const StoreReading reading = read_store(store).value();
    REQUIRE(reading.devices.size() == 1);
    REQUIRE(reading.chains.size() == 2);
    CHECK(reading.gaps.size() == 1);
    CHECK(reading.open_gaps == 1);
    CHECK(reading.incident_count == 1);
    CHECK(reading.incidents.at(0).what == "missing");
    CHECK_FALSE(reading.truncated);
    const ChainsByDevice chains = chains_by_device(reading);
    CHECK(chains.at("gate-1").size() == 2);
    CHECK(reading.gaps
              .at(chains.at("gate-1")[1]->upto == 2 ? chains.at("gate-1")[1]->id
                                                    : chains.at("gate-1")[0]->id)[0]
              .last == 4);
}
