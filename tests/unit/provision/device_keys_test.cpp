#include "provision/device_keys.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "provision/issuer.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A device's folder, and the CA that answers it.
struct Table {
    TestPki pki;
    TempDir device;
    DeviceKeys keys{device.path()};
    Issuer issuer = must(Issuer::create(pki.folder() / "device-ca.crt", pki.folder() / "device-ca.key"));

    std::filesystem::path write(const X509Ptr& certificate, const char* name) const {
        const auto path = pki.folder() / name;
        REQUIRE(write_file_atomically(path, as_bytes(must(certificate_to_pem(certificate.get())))));
        return path;
    }
    std::filesystem::path answer_identity(const std::string& name = "gate-1") const {
        const MadeRequest made = must(keys.make_request(DeviceKey::identity, name, now));
        const RequestFile file = must(load_request(made.file));
        return write(must(issuer.enrol(file.csr, name, made.fingerprint, now)), "answer.crt");
    }
    Result<DeviceKey> install(const std::filesystem::path& file) const {
        return keys.install(file, pki.chain("device-ca"), "gate-1");
    }
    [[nodiscard]] bool has_certificate(DeviceKey which) const {
        return std::filesystem::exists(keys.certificate(which));
    }
};

bool refused(const Result<DeviceKey>& done, std::string_view part) {
    REQUIRE_FALSE(done);
    INFO(done.error().message());
    CHECK(done.error().code() == ErrorCode::refused);
    return done.error().message().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a device enrols: identity first, then the read key for which it vouches") {
    const Table table;
    CHECK(must(table.install(table.answer_identity())) == DeviceKey::identity);
    const MadeRequest read = must(table.keys.make_request(DeviceKey::read, "gate-1", now));
    const TrustStore vouchers =
        must(TrustStore::create({.ca_chain = table.pki.chain("device-ca"),
                                 .signers = table.keys.certificate(DeviceKey::identity),
                                 .use = CertificateUse::identify}));
    const X509Ptr issued = must(table.issuer.renew(must(load_request(read.file)).vouched, vouchers,
                                                   DeviceKey::read, now, read_key_life));
    CHECK(must(table.install(table.write(issued, "read.crt"))) == DeviceKey::read);
    CHECK(FileSigningKey::create(table.keys.key(DeviceKey::read), table.keys.certificate(DeviceKey::read))
              .has_value());
}

TEST_CASE("private keys are for their owner's eyes only") {
    const Table table;
    must(table.keys.make_request(DeviceKey::identity, "gate-1", now));
    struct stat info {};
    REQUIRE(::stat(table.keys.key(DeviceKey::identity).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
}

TEST_CASE("a lost request is written again for the same key") {
    const Table table;
    const MadeRequest first = must(table.keys.make_request(DeviceKey::identity, "gate-1", now));
    std::filesystem::remove(first.file);
    const MadeRequest second = must(table.keys.make_request(DeviceKey::identity, "gate-1", now));
    CHECK(second.fingerprint == first.fingerprint);
    CHECK(std::filesystem::exists(second.file));
}

TEST_CASE("a key with a certificate is never overwritten") {
    const Table table;
    REQUIRE(table.install(table.answer_identity()));
    const Bytes before = must(read_file(table.keys.key(DeviceKey::identity), 10'000));
    const auto again = table.keys.make_request(DeviceKey::identity, "gate-1", now);
    REQUIRE_FALSE(again);
    CHECK(again.error().code() == ErrorCode::refused);
    CHECK(must(read_file(table.keys.key(DeviceKey::identity), 10'000)) == before);
}

TEST_CASE("a read key is not asked for before the identity is installed, nor for a name of a service") {
    const Table table;
    CHECK_FALSE(table.keys.make_request(DeviceKey::read, "gate-1", now));
    CHECK_FALSE(table.keys.make_request(DeviceKey::identity, "collector", now));
    CHECK_FALSE(std::filesystem::exists(table.keys.key(DeviceKey::identity)));
}

TEST_CASE("attack: a certificate for another key, another name, or of another CA is not installed") {
    const Table table;
    const MadeRequest made = must(table.keys.make_request(DeviceKey::identity, "gate-1", now));
    const RequestFile file = must(load_request(made.file));
    const KeyFiles other = table.pki.issue("other", "gate-1", {.extended = "clientAuth"});
    CHECK(refused(table.install(other.certificate), "another private key"));

    const KeyPtr own = must(load_private_key(table.keys.key(DeviceKey::identity)));
    const Bytes renamed = must(make_csr(own.get(), "gate-2"));
    CHECK(refused(
        table.install(table.write(must(table.issuer.enrol(renamed, "gate-2", made.fingerprint, now)), "r")),
        "another name"));

    for (const char* ca : {"service-ca", "stranger-ca"}) {
        const Issuer foreign = must(Issuer::create(table.pki.folder() / (std::string(ca) + ".crt"),
                                                   table.pki.folder() / (std::string(ca) + ".key")));
        const X509Ptr issued = must(foreign.enrol(file.csr, "gate-1", made.fingerprint, now));
        CHECK(refused(table.install(table.write(issued, "f.crt")), "not issued by the CA"));
    }
    CHECK_FALSE(table.has_certificate(DeviceKey::identity));
}

TEST_CASE("a request file that is none is refused with its name") {
    const TempDir dir;
    for (const char* text :
         {"", "gate-1", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"}) {
        REQUIRE(write_file_atomically(dir.path() / "x.csr", as_bytes(text)));
        const auto file = load_request(dir.path() / "x.csr");
        REQUIRE_FALSE(file);
        CHECK(file.error().code() == ErrorCode::configuration);
        CHECK(file.error().message().find("x.csr") != std::string::npos);
    }
    CHECK_FALSE(load_request(dir.path() / "missing"));
}

namespace {

TrustStore in_use(const Table& table, DeviceKey which) {
    return must(TrustStore::create({.ca_chain = table.pki.chain("device-ca"),
                                    .signers = table.keys.certificate(which),
                                    .use = use_of(which)}));
}

/// A device with both keys.
void enrol(const Table& table) {
    REQUIRE(table.install(table.answer_identity()));
    const MadeRequest read = must(table.keys.make_request(DeviceKey::read, "gate-1", now));
    const X509Ptr issued =
        must(table.issuer.renew(must(load_request(read.file)).vouched, in_use(table, DeviceKey::identity),
                                DeviceKey::read, now, read_key_life));
    REQUIRE(table.install(table.write(issued, "read.crt")));
}

Bytes key_file(const Table& table, DeviceKey which) {
    return must(read_file(table.keys.key(which), 10'000));
}

X509Ptr answer_renewal(const Table& table, DeviceKey which, UtcTime at) {
    const MadeRequest made = must(table.keys.make_renewal(which, "gate-1", at));
    return must(table.issuer.renew(must(load_request(made.file)).vouched, in_use(table, which), which, at,
                                   life_of(which)));
}

}  // namespace

TEST_CASE(
    "three renewals of each key: the one in use asks for the next, and stays until its certificate comes") {
    const Table table;
    enrol(table);
    for (const DeviceKey which : {DeviceKey::read, DeviceKey::identity}) {
        CAPTURE(to_string(which));
        UtcTime at = now;
        for (int i = 0; i < 3; ++i) {
            at += life_of(which) * 2 / 3;
            const Bytes before = key_file(table, which);
            const X509Ptr answer = answer_renewal(table, which, at);
            CHECK(key_file(table, which) == before);
            CHECK(
                FileSigningKey::create(table.keys.key(which), table.keys.certificate(which), use_of(which)));
            CHECK(must(table.install(table.write(answer, "next.crt"))) == which);
            CHECK(key_file(table, which) != before);
            CHECK_FALSE(std::filesystem::exists(table.keys.next_key(which)));
            CHECK(
                FileSigningKey::create(table.keys.key(which), table.keys.certificate(which), use_of(which)));
            const TrustStore trust = in_use(table, which);
            CHECK(trust.check(key_id(answer.get()), at) == KeyTrust::trusted);
            CHECK(not_after(answer.get()) == std::min(UtcTime(at + life_of(which)), now + 1000 * day));
        }
    }
}

TEST_CASE("attack: a compromised uplink, which has the identity key, asks for the next read key") {
    const Table table;
    enrol(table);
    const KeyPtr own = must(make_key());
    const auto identity =
        must(FileSigningKey::create(table.keys.key(DeviceKey::identity),
                                    table.keys.certificate(DeviceKey::identity), CertificateUse::identify));
    const SignedKeyRequest wanted{"gate-1", DeviceKey::read, must(make_csr(own.get(), "gate-1")), now};
    const Bytes vouched = must(sign_statement(*identity, must(encode_key_request(wanted))));
    const auto answer =
        table.issuer.renew(vouched, in_use(table, DeviceKey::read), DeviceKey::read, now, read_key_life);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message().find("unknown key") != std::string::npos);
}

TEST_CASE(
    "attack: an answer for another key, another name, another use, or by the service CA: the key in use "
    "stays") {
    const Table table;
    enrol(table);
    const Bytes before = key_file(table, DeviceKey::read);
    const MadeRequest made = must(table.keys.make_renewal(DeviceKey::read, "gate-1", now));
    const KeyPtr next = must(load_private_key(table.keys.next_key(DeviceKey::read)));
    const auto issued_for = [&](EVP_PKEY* key, const char* name, const char* ca) {
        const Issuer by = must(Issuer::create(table.pki.folder() / (std::string(ca) + ".crt"),
                                              table.pki.folder() / (std::string(ca) + ".key")));
        const KeyFiles voucher = table.pki.issue("voucher", name, {.ca = "device-ca"});
        const auto signer = must(FileSigningKey::create(voucher.key, voucher.certificate));
        const SignedKeyRequest wanted{name, DeviceKey::read, must(make_csr(key, name)), now};
        const TrustStore trust = must(
            TrustStore::create({.ca_chain = table.pki.chain("device-ca"), .signers = voucher.certificate}));
        return table.write(must(by.renew(must(sign_statement(*signer, must(encode_key_request(wanted)))),
                                         trust, DeviceKey::read, now, read_key_life)),
                           "answer.crt");
    };
    const KeyPtr other = must(make_key());
    CHECK(refused(table.install(issued_for(other.get(), "gate-1", "device-ca")), "another private key"));
    CHECK(refused(table.install(issued_for(next.get(), "gate-2", "device-ca")), "another name"));
    CHECK(refused(table.install(issued_for(next.get(), "gate-1", "service-ca")), "not issued by the CA"));
    CHECK(key_file(table, DeviceKey::read) == before);
    CHECK(std::filesystem::exists(table.keys.next_key(DeviceKey::read)));
    CHECK(must(table.install(issued_for(next.get(), "gate-1", "device-ca"))) == DeviceKey::read);
}

TEST_CASE("a power cut between key and certificate of a renewal is mended by the same install") {
    const Table table;
    enrol(table);
    const auto answer = table.write(answer_renewal(table, DeviceKey::read, now), "next.crt");
    std::filesystem::rename(table.keys.next_key(DeviceKey::read), table.keys.key(DeviceKey::read));
    CHECK_FALSE(
        FileSigningKey::create(table.keys.key(DeviceKey::read), table.keys.certificate(DeviceKey::read)));
    CHECK(must(table.install(answer)) == DeviceKey::read);
    CHECK(FileSigningKey::create(table.keys.key(DeviceKey::read), table.keys.certificate(DeviceKey::read)));
}

TEST_CASE("what is not there is not renewed, and a lost request for the next key is written again") {
    const Table table;
    CHECK_FALSE(table.keys.make_renewal(DeviceKey::identity, "gate-1", now));
    enrol(table);
    const MadeRequest first = must(table.keys.make_renewal(DeviceKey::read, "gate-1", now));
    std::filesystem::remove(first.file);
    CHECK(must(table.keys.make_renewal(DeviceKey::read, "gate-1", now)).fingerprint == first.fingerprint);
}
