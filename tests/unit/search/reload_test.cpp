// What the opener reads again on SIGHUP: above all, keys that were destroyed are gone at once.
#include "apps/opener/reload.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "drivers/keys/file/file_signing_key.hpp"
#include "seal/key_store.hpp"
#include "support/captured_log.hpp"
#include "unit/collector/server_bench.hpp"
#include "unit/search/plates.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::chrono::sys_days first_day = std::chrono::floor<std::chrono::days>(now);
constexpr std::chrono::sys_days second_day = first_day + std::chrono::days(1);

/// An opener whose keys lie in a key store: of the first day those that open reads, of the second those of
/// pictures.
struct Desk {
    ServerBench bench{::geteuid(), 10, true};
    Road& road = bench.road;
    std::filesystem::path folder = road.pki.folder();
    KeyStoreFiles files{folder / "keys.store", folder / "kek"};
    KeyFiles auditor = road.pki.recipient("auditor");
    KeyFiles witness = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    OpenerSettings settings;
    std::optional<OpenerKeys> keys;
    PacketStream collector = bench.collector();

    Desk() {
        KeyStore store = must(KeyStore::create(files));
        add(store, first_day, road.reader);
        add(store, second_day, road.evidence);
        settings.key_store.file = files.store;
        settings.key_store.kek = files.kek;
        settings.devices.ca_chain = road.pki.chain("device-ca");
        settings.devices.signers = road.pki.signers();
        settings.search.index = bench.index_path;
        settings.search.auditor = auditor.certificate;
        keys.emplace(must(OpenerKeys::create(settings)));
        hang_up();
    }
    static void add(KeyStore& store, std::chrono::sys_days epoch, const KeyFiles& pair) {
        const RecipientKey key = must(load_recipient({pair.key, pair.certificate}));
        must_do(store.add(epoch, key.key.get(), key.certificate.get()));
    }
    void destroy(std::chrono::sys_days epoch) const {
        const auto signer =
            must(FileSigningKey::create(witness.key, witness.certificate, CertificateUse::sign_receipts));
        static_cast<void>(must(must(KeyStore::open(files)).destroy(epoch, *signer, now)));
    }
    /// As SIGHUP does; the collector hears of other keys.
    void hang_up() {
        reload(settings, *keys, bench.server);
        for (;;) {
            auto hello = must(collector.receive_now());
            if (!hello) return;
            CHECK(parse_hello(*hello));
        }
    }
    Authenticity judge(const SealedItem& item) {
        return bench.ask(collector, bench.request(item)).verdict.authenticity;
    }
    /// Of how many reads a late subscriber is shown the plate at once.
    std::size_t shown() {
        PacketStream viewer = bench.viewer(look(10));
        std::size_t plates = 0;
        while (const auto packet = must(viewer.receive_now()))
            if (!must(parse_view(*packet)).text.empty()) ++plates;
        return plates;
    }
};

}  // namespace

TEST_CASE("an opener whose last key was destroyed opens nothing after SIGHUP, tells it, and goes on") {
    Desk desk;
    const SealedRecord first = desk.bench.device.seal();
    const SealedRecord second = desk.bench.device.seal();
    CHECK(desk.judge(first.items[0]) == Authenticity::authentic);
    CHECK(desk.shown() == 1);
    CHECK_FALSE(desk.keys->changed());
    desk.destroy(first_day);
    desk.destroy(second_day);
    CHECK(desk.keys->changed());  // without a signal
    const CapturedLog log(desk.folder / "log");
    desk.hang_up();
    CHECK_FALSE(desk.keys->changed());
    CHECK(log.text().find("holds no key of a recipient") != std::string::npos);
    CHECK(desk.judge(second.items[0]) == Authenticity::unopened);
    CHECK(desk.judge(first.items[0]) == Authenticity::unopened);
    // Nor is anybody shown what was opened before.
    CHECK(desk.shown() == 0);
    CHECK(rows_in(desk.bench.index_path) == 0);
    KeyStore store = must(KeyStore::open(desk.files));
    Desk::add(store, first_day + std::chrono::days(2), desk.road.reader);
    desk.hang_up();
    CHECK(desk.judge(second.items[0]) == Authenticity::authentic);
}

TEST_CASE("a key that was destroyed is gone after SIGHUP also when something else cannot be read") {
    Desk desk;
    const SealedRecord record = desk.bench.device.seal();
    CHECK(desk.judge(record.items[0]) == Authenticity::authentic);
    const SealedRecord next = desk.bench.device.seal();
    desk.destroy(first_day);
    const std::filesystem::path chain = desk.settings.devices.ca_chain;
    desk.settings.devices.ca_chain = desk.folder / "missing.pem";
    const CapturedLog log(desk.folder / "log");
    desk.hang_up();
    CHECK(log.text().find("destroyed keys are forgotten all the same keys=1") != std::string::npos);
    CHECK(desk.judge(next.items[0]) == Authenticity::unopened);
    // The key that was not destroyed is still there.
    CHECK(desk.shown() == 0);
    desk.settings.devices.ca_chain = chain;
    desk.hang_up();
    CHECK(desk.judge(next.items[0]) == Authenticity::unopened);
}

TEST_CASE("a key store that cannot be read leaves the keys, and is told") {
    Desk desk;
    const std::filesystem::path aside = desk.folder / "aside";
    std::filesystem::rename(desk.files.store, aside);
    const CapturedLog log(desk.folder / "log");
    desk.hang_up();
    CHECK(log.text().find("which are destroyed is not known") != std::string::npos);
    CHECK(desk.judge(desk.bench.device.seal().items[0]) == Authenticity::authentic);
    std::filesystem::rename(aside, desk.files.store);
    desk.destroy(first_day);
    desk.hang_up();
    CHECK(desk.judge(desk.bench.device.seal().items[0]) == Authenticity::unopened);
}

TEST_CASE("another auditor counts from SIGHUP on, and one that is none leaves the one before") {
    Desk desk;
    const auto ask = [&desk] {
        PacketStream viewer = desk.bench.connect(desk.bench.views_path);
        SearchRequest request;
        request.purpose = look().purpose;
        request.case_number = look().case_number;
        request.question.plate = "AB12CDE";
        must_do(viewer.send(to_packet(request), patience));
        desk.bench.turn();
        AuditLog log = must(AuditLog::read_only(desk.bench.audit_path));
        Bytes asked;
        for (const AuditRow& row : must(log.rows(0, 1000)))
            if (!row.asked.empty()) asked = row.asked;
        return asked;
    };
    const auto opens = [](const KeyFiles& files, const Bytes& asked) {
        return open_envelope(must(load_recipient({files.key, files.certificate})), asked).has_value();
    };
    CHECK(opens(desk.auditor, ask()));
    const KeyFiles next = desk.road.pki.recipient("next-auditor");
    desk.settings.search.auditor = next.certificate;
    desk.hang_up();
    const Bytes asked = ask();
    CHECK(opens(next, asked));
    CHECK_FALSE(opens(desk.auditor, asked));
    desk.settings.search.auditor = desk.folder / "missing.crt";
    desk.hang_up();
    CHECK(opens(next, ask()));
}
