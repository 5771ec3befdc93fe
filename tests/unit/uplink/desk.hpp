#pragma once
// A device's spool and uplink, a broker of the test, and the collector's receipt key.

#include <doctest/doctest.h>

#include "inbox/receipt_intake.hpp"
#include "record/statement_codec.hpp"
#include "seal/statement.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_clock.hpp"
#include "support/sealed_chain.hpp"
#include "support/temp_dir.hpp"
#include "unit/seal/test_pki.hpp"
#include "uplink/uplink.hpp"

namespace portcullis::test {

class Desk {
  public:
    explicit Desk(UplinkSettings given = {}, std::uint64_t quota_items = 1'000'000)
        : settings(std::move(given)) {
        settings.device = "gate-1";
        spool_settings = {.path = dir.path() / "spool.db", .device = "gate-1", .quota_items = quota_items};
        open_reader();
        uplink.emplace(settings, broker, trust(), must(InboxWriter::create(dir.path() / "inbox")), clock);
        REQUIRE(broker.start(uplink->handlers()));
        guest = must(Spool::attach(spool_settings, clock));
    }

    void open_reader() {
        reader.reset();
        reader = must(Spool::open(
            spool_settings,
            TombstoneMaker(
                [](const Tombstone& one) -> Result<Bytes> { return to_bytes(TRY(encode_tombstone(one))); },
                [](ByteView blob) { return parse_tombstone(as_text(blob)); }),
            clock));
        head = reader->head();
        intake.emplace(must(ReceiptIntake::create(
            inbox, "gate-1", [this]() -> Result<TrustStore> { return trust(); }, *reader, clock)));
        if (guest) guest = must(Spool::attach(spool_settings, clock));
    }
    void append(int reads) {
        for (int i = 0; i < reads; ++i) {
            REQUIRE(reader->append(next_read(head)));
            links.push_back(head.link);
        }
    }
    /// The uplink's turn, and then the reader looks into the inbox.
    void turn() {
        REQUIRE(uplink->turn(*guest));
        intake->look();
    }
    std::vector<FakeBroker::Published> turn_and_take() {
        turn();
        return broker.take_items();
    }
    std::vector<Seq> turn_and_take_seqs() {
        std::vector<Seq> seqs;
        for (const auto& one : turn_and_take())
            seqs.push_back(std::stoull(property_of(one.message, "seq")));
        return seqs;
    }

    [[nodiscard]] TrustStore trust() const {
        return must(TrustStore::create({.ca_chain = pki.chain("service-ca"),
                                        .signers = receipt_key.certificate,
                                        .use = CertificateUse::sign_receipts,
                                        .revocations = {},
                                        .deny_list = {}}));
    }
    [[nodiscard]] Receipt receipt(Seq upto) const {
        return {"gate-1", head.chain, upto, links.at(upto - 1), clock.utc()};
    }
    [[nodiscard]] Bytes sign(const std::string& json, const KeyFiles& files) const {
        const auto key =
            must(FileSigningKey::create(files.key, files.certificate, CertificateUse::sign_receipts));
        return must(sign_statement(*key, json));
    }
    void deliver(Bytes payload) {
        broker.deliver({.topic = "lpr/v1/dev/gate-1/ack", .payload = std::move(payload)});
    }
    void deliver(const Receipt& one) { deliver(sign(must(encode_receipt(one)), receipt_key)); }
    [[nodiscard]] std::size_t spooled() {
        return must(guest->peek(0, 1'000'000, std::size_t{1} << 30)).size();
    }

    TempDir dir;
    FakeClock clock{now};
    TestPki pki;
    KeyFiles receipt_key = pki.issue("receipt", "collector", {.ca = "service-ca"});
    UplinkSettings settings;
    SpoolSettings spool_settings;
    FakeBroker broker;
    std::optional<Spool> reader;
    Inbox inbox{dir.path() / "inbox"};
    std::optional<ReceiptIntake> intake;
    std::optional<Spool> guest;
    std::optional<Uplink> uplink;
    ChainHead head;
    std::vector<Digest> links;  // links[seq - 1]
};

}  // namespace portcullis::test
