// A key asks for its successor by itself; the registrar answers; nobody else gets one.
#include "provision/key_renewal.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <set>
#include <tuple>

#include "base/file.hpp"
#include "provision/fingerprint.hpp"
#include "support/full_disk.hpp"
#include "unit/provision/registry.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool refused(const Result<void>& done, std::string_view part) {
    REQUIRE_FALSE(done);
    INFO(done.error().message());
    CHECK(done.error().code() == ErrorCode::refused);
    return done.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("three renewals while reads flow: every verdict stays trusted") {
    Registry registry;
    KeyRenewal renewal = registry.renewal();
    auto key = registry.open_key();
    Sealer sealer = registry.road.sealer_with(*key, "gate-1");
    ChainHead head = first_head();
    UtcTime at = due - 2 * day;
    std::set<std::string> signers;
    for (int half_day = 0; half_day < 2 * 75; ++half_day, at += std::chrono::hours(12)) {
        CAPTURE(half_day);
        if (const auto request = must(renewal.request(at))) {
            registry.hand_over(*request);
            const auto outcomes = registry.pass(at);
            REQUIRE(outcomes.size() == 1);
            CHECK(outcomes[0].reason.empty());
            REQUIRE(renewal.take(registry.answer()));
            auto next = registry.open_key();
            REQUIRE(sealer.replace_key(*next));
            key = std::move(next);
        }
        const SealedRecord record = must(sealer.seal(sample_record(), head, {}));
        head.next_seq += record.items.size();
        head.link = record.items.back().link;
        const auto opener = registry.road.opener_with({registry.road.reader, registry.road.evidence});
        const OpenedRead read = opener.open_read(record.items[0].blob, at);
        CHECK(read.verdict.good());
        signers.insert(read.signer_key_id);
    }
    CHECK(renewal.taken() >= 3);
    CHECK(signers.size() == renewal.taken() + 1);
}

TEST_CASE(
    "a key is asked for after two thirds of its life, once, and again with the same words after a restart") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    CHECK_FALSE(must(renewal.request(now - day)));
    CHECK_FALSE(std::filesystem::exists(registry.key("read.next.key")));
    const auto request = must(renewal.request(due));
    REQUIRE(request);
    CHECK(must(renewal.request(due + day)) == request);
    CHECK(must(registry.renewal().request(due)) == request);
    CHECK(registry.key_in_use() == key_id(must(load_certificate(registry.first.certificate)).get()));
}

TEST_CASE(
    "attack: an answer for another key, another name, of another CA, replayed or truncated is refused") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    const TestPki& pki = registry.road.pki;
    const std::string before = registry.key_in_use();
    CHECK(refused(renewal.take(registry.certificate(registry.first)), "nothing was asked for"));
    const auto request = must(renewal.request(due));
    registry.hand_over(*request);
    REQUIRE(registry.pass(due)[0].reason.empty());
    const Bytes good = registry.answer();
    const KeyPtr next = must(load_private_key(registry.key("read.next.key")));
    const auto issued_by = [&](const char* ca, const char* name) {
        const Issuer other = must(Issuer::create(pki.folder() / (std::string(ca) + ".crt"),
                                                 pki.folder() / (std::string(ca) + ".key")));
        const std::string words = must(fingerprint(next.get()));
        const X509Ptr made = must(other.enrol(must(make_csr(next.get(), name)), name, words, now));
        return to_bytes(must(certificate_to_pem(made.get())));
    };
    SUBCASE("another key") {
        CHECK(refused(renewal.take(registry.certificate(pki.issue("other", "gate-1"))), "another key"));
    }
    SUBCASE("the one in use, replayed") {
        CHECK(refused(renewal.take(registry.certificate(registry.first)), "another key"));
    }
    SUBCASE("another use") {
        CHECK(refused(renewal.take(issued_by("device-ca", "gate-1")), "wrong key usage"));
    }
    SUBCASE("truncated") {
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, good.size() / 2, good.size() - 30})
            CHECK(refused(renewal.take(ByteView(good).first(bytes)), bytes == 0 ? "0 bytes" : "no whole"));
        CHECK(refused(renewal.take(Bytes(max_renewal_bytes + 1)), "8193 bytes"));
    }
    SUBCASE("another name, another CA") {
        for (const auto& [ca, name, part] : {std::tuple{"device-ca", "gate-2", "another name"},
                                             std::tuple{"stranger-ca", "gate-1", "not issued by the CA"},
                                             std::tuple{"service-ca", "gate-1", "not issued by the CA"}}) {
            CAPTURE(ca);
            const X509Ptr issuer = must(load_certificate(pki.folder() / (std::string(ca) + ".crt")));
            const Issuer other = must(Issuer::create(pki.folder() / (std::string(ca) + ".crt"),
                                                     pki.folder() / (std::string(ca) + ".key")));
            const KeyFiles voucher = pki.issue("voucher", name, {.ca = ca});
            const auto signing = must(FileSigningKey::create(voucher.key, voucher.certificate));
            const SignedKeyRequest asked{name, DeviceKey::read, must(make_csr(next.get(), name)), now};
            const TrustStore trust =
                must(TrustStore::create({.ca_chain = pki.chain(ca), .signers = voucher.certificate}));
            const X509Ptr made =
                must(other.renew(must(sign_statement(*signing, must(encode_key_request(asked)))), trust,
                                 DeviceKey::read, now, read_key_life));
            CHECK(refused(renewal.take(to_bytes(must(certificate_to_pem(made.get())))), part));
        }
    }
    CHECK(registry.key_in_use() == before);
    // Whatever came before, the genuine answer is taken, and once.
    REQUIRE(renewal.take(good));
    CHECK(registry.key_in_use() != before);
    CHECK(refused(renewal.take(good), "nothing was asked for"));
}

TEST_CASE("a key that only its hardware can use is never followed by one in a bare file") {
    const Registry registry;
    const std::string_view wrapped =
        "-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n";
    REQUIRE(write_file_atomically(registry.key("read.key"), as_bytes(wrapped), 0600));
    KeyRenewalSettings settings = registry.settings();
    const auto error_of = [&] {
        const auto request = must(KeyRenewal::create(settings)).request(due);
        REQUIRE_FALSE(request);
        return request.error().message();
    };
    CHECK(error_of().find("lives in hardware") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(registry.key("read.next.key")));
    int made = 0;
    settings.wrapped = [&](ByteView in_use) -> Result<Bytes> {
        CHECK(as_text(in_use) == wrapped);
        ++made;
        return fail(ErrorCode::io, "the chip is away");
    };
    CHECK(error_of().find("the chip is away") != std::string::npos);
    // One that lies there, whoever left it, is not taken for it.
    std::filesystem::copy_file(registry.first.key, registry.key("read.next.key"));
    CHECK(error_of().find("the chip is away") != std::string::npos);
    CHECK(made == 2);
}

TEST_CASE("a disk that is full in the middle of a renewal leaves the old key working") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    const std::string before = registry.key_in_use();
    {
        const FullDisk full;
        CHECK_FALSE(renewal.request(due));
    }
    CHECK(registry.key_in_use() == before);
    registry.hand_over(*must(renewal.request(due)));
    REQUIRE(registry.pass(due)[0].reason.empty());
    {
        const FullDisk full;
        const auto taken = renewal.take(registry.answer());
        REQUIRE_FALSE(taken);
        CHECK(taken.error().code() != ErrorCode::refused);  // offer it again
    }
    CHECK(registry.key_in_use() == before);
    CHECK(must(KeyRenewal::create(registry.settings())).taken() == 0);
    CHECK(registry.key_in_use() == before);
    REQUIRE(renewal.take(registry.answer()));
    CHECK(registry.key_in_use() != before);
}

TEST_CASE("a power cut in the middle of a renewal: key and certificate are a pair after the next start") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    registry.hand_over(*must(renewal.request(due)));
    REQUIRE(registry.pass(due)[0].reason.empty());
    std::ofstream(registry.key("read.next.crt")) << as_text(registry.answer());
    SUBCASE("before the key was renamed") {}
    SUBCASE("before the certificate was renamed") {
        std::filesystem::rename(registry.key("read.next.key"), registry.key("read.key"));
        CHECK_FALSE(FileSigningKey::create(registry.key("read.key"), registry.key("read.crt")));
    }
    static_cast<void>(registry.renewal());
    CHECK(registry.key_in_use() != key_id(must(load_certificate(registry.first.certificate)).get()));
    CHECK_FALSE(std::filesystem::exists(registry.key("read.next.crt")));
}

TEST_CASE("attack: a compromised uplink, which has the identity key, asks the registrar for a read key") {
    const Registry registry;
    const KeyFiles identity = registry.road.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    std::filesystem::copy_file(identity.certificate, registry.identities / "gate-1.crt");
    const KeyPtr own = must(make_key());
    for (const DeviceKey asked : {DeviceKey::read, DeviceKey::identity}) {
        registry.hand_over(registry.request_by(identity, CertificateUse::identify, asked, own.get()));
        const auto outcomes = registry.pass(now);
        REQUIRE(outcomes.size() == 1);
        CHECK(outcomes[0].reason.find("unknown key") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(registry.folder / "answers" / "gate-1.read.crt"));
    // Control: for the identity's own successor it may.
    registry.hand_over(
        registry.request_by(identity, CertificateUse::identify, DeviceKey::identity, own.get()),
        "gate-1.identity");
    for (const RegistrarOutcome& outcome : registry.pass(now))
        CHECK(outcome.reason.empty() == (outcome.file == "gate-1.identity.csr"));
}

TEST_CASE("attack: who has a copy of the read key names another successor behind the device's back") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    const KeyPtr own = must(make_key());
    registry.hand_over(*must(renewal.request(due)));
    REQUIRE(registry.pass(due)[0].reason.empty());
    const Bytes genuine = registry.answer();
    registry.hand_over(
        registry.request_by(registry.first, CertificateUse::sign_reads, DeviceKey::read, own.get()));
    CHECK(registry.pass(due)[0].reason.find("another successor") != std::string::npos);
    CHECK(registry.answer() == genuine);
    // The same key asks again for the same one: the same answer.
    registry.hand_over(*must(renewal.request(due)));
    CHECK(registry.pass(due)[0].reason.empty());
    CHECK(registry.answer() == genuine);
}

TEST_CASE("a denied, expired or foreign device's request gets no answer, and a bare one neither") {
    const Registry registry;
    KeyRenewal renewal = registry.renewal();
    registry.hand_over(*must(renewal.request(due)));
    CHECK(registry.pass(now + 11 * day)[0].reason.find("expired") != std::string::npos);
    std::ofstream(registry.folder / "denied") << "gate-1\n";
    const auto denied = must(answer_renewals({.folder = registry.folder,
                                              .ca_chain = registry.road.pki.chain("device-ca"),
                                              .signers = registry.road.pki.signers(),
                                              .identities = {},
                                              .deny_list = registry.folder / "denied"},
                                             registry.issuer, due));
    CHECK(denied.at(0).reason.find("revoked") != std::string::npos);
    RequestFile bare;
    bare.csr = must(make_csr(must(make_key()).get(), "gate-1"));
    REQUIRE(write_file_atomically(registry.folder / "requests" / "gate-1.read.csr",
                                  as_bytes(must(to_pem(bare)))));
    CHECK(registry.pass(due)[0].reason.find("no key of the device") != std::string::npos);
    registry.hand_over(*must(renewal.request(due)), "gate-2.read");
    CHECK(registry.pass(due)[1].reason.find("not for the device of its file's name") != std::string::npos);
}

TEST_CASE("a key that cannot be renewed here is told at the start, with the cure") {
    const Registry registry;
    const auto fails = [](KeyRenewalSettings settings, std::string_view part) {
        const auto made = KeyRenewal::create(std::move(settings));
        REQUIRE_FALSE(made);
        INFO(made.error().message());
        CHECK(made.error().code() == ErrorCode::configuration);
        return made.error().message().find(part) != std::string::npos;
    };
    KeyRenewalSettings hardware = registry.settings();
    hardware.key = "pkcs11:token=lane;object=read";
    CHECK(fails(hardware, "lives in hardware"));
    KeyRenewalSettings other = registry.settings();
    other.key = registry.first.key;
    CHECK(fails(other, "must be called read.key and read.crt"));
    KeyRenewalSettings nowhere = registry.settings();
    nowhere.key = "/proc/1/read.key";
    nowhere.certificate = "/proc/1/read.crt";
    CHECK(fails(nowhere, "cannot write to"));
}
