// Revocation while a process runs: TrustStore::refresh, without judging a chain again.
#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "seal/trust.hpp"
#include "unit/seal/revocation_list.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Two devices, of which gate-1 has two read keys, and an empty deny list.
struct Fleet {
    TestPki pki;
    KeyFiles first = pki.device("gate-1");
    KeyFiles second = pki.issue("gate-1-renewed", "gate-1");
    KeyFiles other = pki.device("gate-2");
    std::filesystem::path list = pki.folder() / "deny";

    Fleet() {
        pki.know(second, "gate-1-renewed");
        deny("");
    }
    void deny(const std::string& text) const { REQUIRE(write_file_atomically(list, as_bytes(text))); }
    [[nodiscard]] TrustStore trust() const {
        return must(TrustStore::create(
            {.ca_chain = pki.chain("device-ca"), .signers = pki.signers(), .deny_list = list}));
    }
    [[nodiscard]] static std::string id(const KeyFiles& files) {
        return key_id(must(load_certificate(files.certificate)).get());
    }
};

}  // namespace

TEST_CASE("a key put on the deny list is revoked with the next look, one taken off is trusted again") {
    const Fleet fleet;
    TrustStore trust = fleet.trust();
    CHECK_FALSE(must(trust.refresh()));
    CHECK(trust.check(fleet.id(fleet.first), now) == KeyTrust::trusted);
    fleet.deny(fleet.id(fleet.first) + "\n");
    CHECK(must(trust.refresh()));
    CHECK_FALSE(must(trust.refresh()));
    CHECK(trust.check(fleet.id(fleet.first), now) == KeyTrust::revoked);
    CHECK(trust.check(fleet.id(fleet.second), now) == KeyTrust::trusted);
    CHECK_FALSE(trust.denies("gate-1"));  // its other key stands
    fleet.deny("");
    CHECK(must(trust.refresh()));
    CHECK(trust.check(fleet.id(fleet.first), now) == KeyTrust::trusted);
}

TEST_CASE("a name on the deny list revokes every key of that device, and no other's") {
    const Fleet fleet;
    TrustStore trust = fleet.trust();
    fleet.deny("# stolen on Monday\n  gate-1  # both keys\r\nnever-seen\n");
    CHECK(must(trust.refresh()));
    for (const KeyFiles& files : {fleet.first, fleet.second})
        CHECK(trust.check(fleet.id(files), now) == KeyTrust::revoked);
    CHECK(trust.check(fleet.id(fleet.other), now) == KeyTrust::trusted);
    CHECK(trust.denies("gate-1"));
    CHECK(trust.denies("never-seen"));
    CHECK_FALSE(trust.denies("gate-2"));
    CHECK_FALSE(trust.denies("unknown"));
}

TEST_CASE("a device of whose keys each is denied is denied") {
    const Fleet fleet;
    TrustStore trust = fleet.trust();
    fleet.deny(fleet.id(fleet.first) + "\n" + fleet.id(fleet.second) + "\n");
    CHECK(must(trust.refresh()));
    CHECK(trust.denies("gate-1"));
    CHECK_FALSE(trust.denies("gate-2"));
}

TEST_CASE("a deny list that is broken or gone pardons nobody, and is told once") {
    const Fleet fleet;
    fleet.deny("gate-1\n");
    TrustStore trust = fleet.trust();
    fleet.deny("gate-2\nGate 7\n");
    const Result<bool> broken = trust.refresh();
    REQUIRE_FALSE(broken);
    CHECK(broken.error().message().find("deny:2:") != std::string::npos);
    CHECK_FALSE(must(trust.refresh()));
    CHECK(trust.denies("gate-1"));
    CHECK_FALSE(trust.denies("gate-2"));
    std::filesystem::remove(fleet.list);
    CHECK_FALSE(trust.refresh());
    CHECK_FALSE(must(trust.refresh()));
    CHECK(trust.denies("gate-1"));
    fleet.deny("gate-2\n");
    CHECK(must(trust.refresh()));
    CHECK_FALSE(trust.denies("gate-1"));
    CHECK(trust.denies("gate-2"));
}

TEST_CASE("a deny list written in place is seen as well") {
    const Fleet fleet;
    TrustStore trust = fleet.trust();
    std::ofstream(fleet.list, std::ios::app) << "gate-2\n";
    CHECK(must(trust.refresh()));
    CHECK(trust.denies("gate-2"));
}

TEST_CASE("a new revocation list is honoured, one of a foreign CA is not, and does not hide the deny list") {
    const Fleet fleet;
    TrustSettings settings{.ca_chain = fleet.pki.chain("device-ca"), .signers = fleet.pki.signers()};
    settings.deny_list = fleet.list;
    settings.revocations = revocation_list(fleet.pki, fleet.other, "device-ca");
    TrustStore trust = must(TrustStore::create(settings));
    CHECK(trust.check(fleet.id(fleet.other), now) == KeyTrust::revoked);
    CHECK(trust.denies("gate-2"));
    revocation_list(fleet.pki, fleet.first, "device-ca");
    CHECK(must(trust.refresh()));
    CHECK(trust.check(fleet.id(fleet.first), now) == KeyTrust::revoked);
    CHECK_FALSE(trust.denies("gate-1"));
    CHECK(trust.check(fleet.id(fleet.other), now) == KeyTrust::trusted);
    revocation_list(fleet.pki, fleet.second, "stranger-ca");
    fleet.deny("gate-2\n");
    CHECK_FALSE(trust.refresh());
    CHECK(trust.check(fleet.id(fleet.second), now) == KeyTrust::trusted);
    CHECK(trust.check(fleet.id(fleet.first), now) == KeyTrust::revoked);
    CHECK(trust.denies("gate-2"));
}
