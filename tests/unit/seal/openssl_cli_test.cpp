// An auditor needs nothing of ours: the openssl command opens and verifies what we seal.
#include <doctest/doctest.h>

#include <cstdlib>

#include "base/file.hpp"
#include "record/size_bucket.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool run(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread
}

bool has_openssl() {
    if (run("openssl version >/dev/null")) return true;
    MESSAGE("SKIPPED: the openssl command is missing; apt-get install openssl");
    return false;
}

}  // namespace

TEST_CASE("the openssl command opens a sealed read and verifies its signature") {
    if (!has_openssl()) return;
    const Road road;
    const std::string dir = road.pki.folder().string();
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    REQUIRE(write_file_atomically(dir + "/X.cms", sealed.items[0].blob));
    REQUIRE(run("openssl cms -decrypt -binary -inform DER -in " + dir + "/X.cms -inkey " +
                road.reader.key.string() + " -recip " + road.reader.certificate.string() + " -out " + dir +
                "/X.p7s"));
    REQUIRE(run("openssl cms -verify -binary -inform DER -in " + dir +
                "/X.p7s -nointern -attime 1795420800 -certfile " + road.device.certificate.string() +
                " -CAfile " + road.pki.chain("device-ca").string() + " -out " + dir + "/X.json"));
    const std::string json = must(read_text_file(dir + "/X.json", max_payload_bytes));
    CHECK(text_of(must(parse_payload(json)).read.characters) == "AB12CDE");
}

TEST_CASE("the openssl command opens a sealed picture") {
    if (!has_openssl()) return;
    const Road road;
    const std::string dir = road.pki.folder().string();
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    REQUIRE(write_file_atomically(dir + "/X.cms", sealed.items[1].blob));
    REQUIRE(run("openssl cms -decrypt -binary -inform DER -in " + dir + "/X.cms -inkey " +
                road.evidence.key.string() + " -recip " + road.evidence.certificate.string() + " -out " +
                dir + "/X.jpg"));
    Bytes expected = sample_record().media[0].jpeg;
    expected.resize(bucket_bytes(MediaRole::plate, expected.size()));
    CHECK(must(read_file(dir + "/X.jpg", max_blob_bytes)) == expected);
}

TEST_CASE("make-pki gives a device, recipients and a collector that work together, and adds a device later") {
    if (!has_openssl()) return;
    const TempDir dir;
    const std::string pki = (dir.path() / "pki").string();
    const std::string make_pki = std::string(PORTCULLIS_SOURCE_DIR) + "/board/host/make-pki ";
    REQUIRE(run(make_pki + pki + " --device gate-1 --recipient auditor"));
    REQUIRE(run(make_pki + pki + " --device gate-2"));
    const UtcTime today = SystemClock().utc();
    for (const std::string device : {"gate-1", "gate-2"}) {
        const std::string files = pki + "/devices/" + device;
        const auto key = must(
            FileSigningKey::create(files + "/read.key", files + "/read.crt", CertificateUse::sign_reads));
        SealerSettings settings{device,
                                "fleet",
                                "boot",
                                {pki + "/recipients/auditor.crt"},
                                {pki + "/recipients/auditor.crt"},
                                {pki + "/recipients/auditor.crt"}};
        const Sealer sealer = must(Sealer::create(settings, *key));
        const EnvelopeOpener opener =
            must(EnvelopeOpener::create({{pki + "/recipients/auditor.key", pki + "/recipients/auditor.crt"}},
                                        must(TrustStore::create({.ca_chain = pki + "/device-chain.pem",
                                                                 .signers = pki + "/devices/signers"}))));
        const Bytes blob = must(sealer.seal(sample_record(), first_head(device), {})).items[0].blob;
        CHECK(opener.open_read(blob, today).verdict.good());
        CHECK(sealer.date_doubts(today).empty());
    }
    CHECK(FileSigningKey::create(pki + "/collector/receipt.key", pki + "/collector/receipt.crt",
                                 CertificateUse::sign_receipts));
    CHECK_FALSE(
        FileSigningKey::create(pki + "/devices/gate-1/identity.key", pki + "/devices/gate-1/identity.crt"));
}
