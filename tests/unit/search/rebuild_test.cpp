// `portcullis index rebuild` as a person runs it.
#include "apps/portcullis/index_command.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "support/command_run.hpp"
#include "unit/collector/collector_bench.hpp"
#include "unit/search/plates.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A collector with four reads of gate-1, of which the opener believes all but the last, and an index that
/// the opener has just made.
struct Shelf {
    CollectorBench bench;
    TestDevice device{bench.road};
    std::filesystem::path index = bench.road.pki.folder() / "index.db";
    std::filesystem::path settings = bench.road.pki.folder() / "opener.toml";
    SystemClock clock;

    Shelf() {
        for (int i = 0; i < 3; ++i)
            bench.deliver(device.messages(device.seal()));
        BrokerMessage junk = junk_like(bench.road, device.message(device.seal().items[0]));
        bench.deliver(junk);
        bench.judge_all();
        write_settings(bench.road.reader);
        make_index();
    }
    void make_index() const { static_cast<void>(must(PlateRegister::create(index, clock))); }
    void write_settings(const KeyFiles& key, bool with_index = true) const {
        std::ofstream(settings) << "[recipients]\nkeys = [\"" << key.key.string() << "\"]\ncertificates = [\""
                                << key.certificate.string() << "\"]\n[devices]\nca_chain = \""
                                << bench.road.pki.chain("device-ca").string() << "\"\nsigners = \""
                                << bench.road.pki.signers().string()
                                << "\"\n[access]\nfleet = \"f\"\npolicy = \"p\"\n"
                                << "policy_chain = \"c\"\npolicy_signers = \"s\"\n[search]\nindex = \""
                                << (with_index ? index.string() : "") << "\"\n";
    }
    [[nodiscard]] Outcome rebuild() const {
        return run_command(&add_index_command, "index",
                           {"rebuild", "--config", settings.string(), "--store", bench.place().string()});
    }
    [[nodiscard]] std::vector<IndexedPassage> found() const {
        return plates_in(index, bench.road.opener_with({bench.road.reader}), "AB12CDE");
    }
};

}  // namespace

TEST_CASE("a lost index is made anew from the store, as the opener made it") {
    const Shelf shelf;
    CHECK(shelf.found().empty());
    CHECK(holes_in(shelf.index).size() == 1);
    const Outcome done = shelf.rebuild();
    INFO(done.out);
    REQUIRE(done.code == 0);
    CHECK(done.out == "reads looked at: 3\nnew in the index: 3\nnot to be opened any more: 0\n");
    const auto found = shelf.found();
    REQUIRE(found.size() == 3);
    CHECK(found[0].captured == shelf.device.clock);
    CHECK(found[0].device == "gate-1");
    CHECK(holes_in(shelf.index).empty());
    const Outcome again = shelf.rebuild();
    CHECK(again.out == "reads looked at: 3\nnew in the index: 0\nnot to be opened any more: 0\n");
    CHECK(rows_in(shelf.index) == 3);
}

TEST_CASE("what the opener entered before is the same as what a rebuild enters") {
    Shelf shelf;
    {
        PlateRegister plates = must(PlateRegister::create(shelf.index, shelf.clock));
        plates.use_keys(shelf.bench.judge->opener());
        for (const ChainRow& chain : must(shelf.bench.store().chains.all(10)))
            for (const ItemRow& item : must(shelf.bench.store().items.from(chain.id, 1, 100))) {
                if (item.kind != ItemKind::read || !item.verdict) continue;
                OpenRequest request;
                request.device = chain.device;
                request.chain = chain.chain;
                request.seq = item.seq;
                request.kind = item.kind;
                request.received_at = item.received_at;
                request.blob = must(shelf.bench.store().items.blob(item.id));
                const Judgement judgement = shelf.bench.judge->judge(request);
                if (judgement.passage) plates.enter(*judgement.passage, judgement.recipient);
            }
        CHECK(plates.entered() == 3);
    }
    CHECK(shelf.rebuild().out.find("new in the index: 0\n") != std::string::npos);
}

TEST_CASE("a rebuild without an epoch's key leaves its reads closed") {
    const Shelf shelf;
    shelf.write_settings(shelf.bench.road.evidence);
    const Outcome done = shelf.rebuild();
    CHECK(done.code == 0);
    CHECK(done.out == "reads looked at: 3\nnew in the index: 0\nnot to be opened any more: 3\n");
    CHECK(rows_in(shelf.index) == 0);
}

TEST_CASE("a rebuild says what is missing: no index named, none there, no store, no settings") {
    const Shelf shelf;
    shelf.write_settings(shelf.bench.road.reader, false);
    Outcome refused = shelf.rebuild();
    CHECK(refused.code == 2);
    CHECK(refused.out.find("search.index names no file") != std::string::npos);
    shelf.write_settings(shelf.bench.road.reader);
    std::filesystem::remove(shelf.index);
    refused = shelf.rebuild();
    CHECK(refused.code == 1);
    CHECK(refused.out.find("portcullis-opener makes it") != std::string::npos);
    shelf.make_index();
    const Outcome no_store = run_command(
        &add_index_command, "index",
        {"rebuild", "--config", shelf.settings.string(), "--store", shelf.index.string() + ".none"});
    CHECK(no_store.code == 1);
    const Outcome no_settings = run_command(&add_index_command, "index", {"rebuild", "--config", "/no/such"});
    CHECK(no_settings.code == 2);
    CHECK(run_command(&add_index_command, "index", {}).code == 2);
}
