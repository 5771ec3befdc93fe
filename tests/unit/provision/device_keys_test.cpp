#include "provision/device_keys.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "provision/issuer.hpp"
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
