// The i-th call to the collector's disk fails, for each i until a run meets no failure: what was answered
// with a receipt is stored, what failed is taken when it comes again, and nobody is accused. By default
// each tenth i, of another ten in each row; with PORTCULLIS_ROUNDS of 10 or more every one.
#include <fstream>

#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "support/disk_faults.hpp"
#include "support/rounds.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr int checkpoint_pages = 20;  // of the -wal file: it is worked off in the midst of the script
constexpr int tries = 3;

/// What a device sealed: two records with their pictures, and a checkpoint; made once.
struct Sent {
    Road road;
    std::unique_ptr<FileSigningKey> receipt_key = [this] {
        const KeyFiles files = road.pki.issue("receipt", "collector", {.ca = "service-ca"});
        return must(FileSigningKey::create(files.key, files.certificate, CertificateUse::sign_receipts));
    }();
    TestDevice device{road};
    std::vector<std::vector<BrokerMessage>> batches{device.messages(device.seal()),
                                                    device.messages(device.seal()),
                                                    {device.message(device.checkpoint())}};
};

class Collector {
  public:
    Collector(FaultVfs& disk, const Sent& sent)
        : disk_(disk), sent_(sent), judge_(sent.road.opener_with({sent.road.reader, sent.road.evidence})) {
        REQUIRE(std::ofstream(dir_.path() / "store.db").is_open());
        open();
    }

    void run() {
        for (const auto& batch : sent_.batches) {
            try_on(disk_, tries, [&] { return ingest_->accept(batch); });
            give_receipts();
        }
        for (int turn = 0; turn < 10; ++turn)
            judge();
        give_receipts();
        ingest_.reset();
        disk_.mend();
        open();
        check();
    }

  private:
    void open() {
        auto store = try_on(disk_, tries, [&] {
            return Store::open({.path = dir_.path() / "store.db", .quarantine = {}, .create = true});
        });
        ingest_.emplace(std::move(store), sent_.road.trust(), *sent_.receipt_key, clock_);
        ingest_->opener_keys_are(judge_.keys());
    }

    void judge() {
        std::vector<OpenReply> replies;
        for (const OpenRequest& request : try_on(disk_, tries, [&] { return ingest_->to_judge(16); }))
            replies.push_back(judge_.judge(request).reply);
        // Nothing was kept of a failed one: the same is asked again.
        if (!replies.empty() && !ingest_->judged(replies)) {
            REQUIRE(disk_.struck());
            disk_.mend();
        }
    }

    /// Each receipt is held against the store: it may promise nothing that is not there.
    void give_receipts() {
        clock_.advance(min_receipt_interval);
        for (const BrokerMessage& message : try_on(disk_, tries, [&] { return ingest_->receipts(); })) {
            const FaultVfs::Asleep asleep(disk_);
            const SignedShape shape = must(check_signed_profile(message.payload));
            const Receipt receipt = must(parse_receipt(as_text(shape.content)));
            const ChainRow chain = only_chain();
            REQUIRE(receipt.upto <= chain.upto);
            REQUIRE(receipt.link == sent_.device.links.at(receipt.upto));
            for (Seq seq = 1; seq <= receipt.upto; ++seq)
                REQUIRE(must(ingest_->store().items.find(chain.id, seq)));
        }
    }

    ChainRow only_chain() {
        const auto chains = must(ingest_->store().chains.branches("gate-1", sent_.device.head.chain));
        REQUIRE(chains.size() == 1);
        return chains.front();
    }

    void check() {
        const FaultVfs::Asleep asleep(disk_);
        for (int turn = 0; turn < 10; ++turn)
            judge();
        const ChainRow chain = only_chain();
        CHECK(chain.upto == sent_.device.head.next_seq - 1);
        CHECK(chain.upto_link == sent_.device.head.link);
        CHECK(chain.confirmed + 1 >= chain.upto);
        for (Seq seq = 1; seq <= chain.upto; ++seq) {
            const auto item = must(ingest_->store().items.find(chain.id, seq));
            REQUIRE(item);
            REQUIRE(item->verdict);
            CHECK(item->verdict->good());
        }
        CHECK(must(ingest_->store().gaps.count_open()) == 0);
        CHECK(must(ingest_->store().quarantine.newest(1)).empty());
        CHECK(must(ingest_->store().incidents.count()) == 0);
    }

    FaultVfs& disk_;
    const Sent& sent_;
    TempDir dir_;
    FakeClock clock_{now};
    Judge judge_;
    std::optional<Ingest> ingest_;
};

}  // namespace

TEST_CASE("whichever call to the collector's disk fails, no receipt promises what is not stored") {
    const Sent sent;
    const std::uint64_t stride = rounds_or(1) >= 10 ? 1 : 10;
    const std::uint64_t runs = fail_each_call(checkpoint_pages, stride, [&](FaultVfs& disk) {
        Collector collector(disk, sent);
        collector.run();
    });
    CHECK(runs > disk_faults.size());
}
