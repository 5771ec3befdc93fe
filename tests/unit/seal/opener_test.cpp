// Each case carries the attack's name. What the collector must never do is take such a blob for a good read.
#include "seal/opener.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "record/size_bucket.hpp"
#include "seal/encrypt.hpp"
#include "seal/gate.hpp"
#include "seal/statement.hpp"
#include "unit/seal/forge.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A sealed read of seq 1, and what is needed to make another out of it.
struct Attack {
    Road road;
    SealedRecord sealed = road.seal(sample_record(), first_head());
    Bytes blob = sealed.items[0].blob;

    [[nodiscard]] OpenedRead open(ByteView forged, UtcTime at = now) const {
        return road.opener->open_read(forged, at);
    }
    [[nodiscard]] std::vector<X509Ptr> to(std::initializer_list<KeyFiles> recipients) const {
        std::vector<X509Ptr> certificates;
        for (const KeyFiles& files : recipients)
            certificates.push_back(must(load_certificate(files.certificate)));
        return certificates;
    }
    /// The payload as it was sealed, for an attacker who is a recipient.
    [[nodiscard]] ReadPayload payload() const { return *open(blob).payload; }
    [[nodiscard]] Bytes signed_by(const SigningKey& key, const ReadPayload& payload) const {
        return must(sign_statement(key, must(encode_payload(payload))));
    }
    [[nodiscard]] Bytes resealed(ByteView inside) const { return must(encrypt(inside, to({road.reader}))); }
};

/// An attacker's key asks nobody whether it is fit.
class LooseKey final : public SigningKey {
  public:
    explicit LooseKey(const KeyFiles& files)
        : key_(must(load_private_key(files.key))), certificate_(must(load_certificate(files.certificate))) {}
    [[nodiscard]] evp_pkey_st* key() const override { return key_.get(); }
    [[nodiscard]] x509_st* certificate() const override { return certificate_.get(); }

  private:
    KeyPtr key_;
    X509Ptr certificate_;
};

void check_refused(const OpenedRead& opened, Authenticity authenticity, KeyTrust trust) {
    CHECK(opened.verdict.authenticity == authenticity);
    CHECK(opened.verdict.key_trust == trust);
    CHECK_FALSE(opened.verdict.good());
    if (authenticity != Authenticity::authentic) CHECK_FALSE(opened.payload);
    if (authenticity != Authenticity::authentic) CHECK_FALSE(opened.reason.empty());
}

ExpectedPlace place_of(const SealedRecord& sealed) {
    return {"gate-1", sealed.chain, sealed.items[0].seq, first_head().link};
}

}  // namespace

TEST_CASE("an honest read opens with everything that was captured") {
    const Attack attack;
    const OpenedRead opened = attack.open(attack.blob);
    CHECK(opened.verdict.good());
    REQUIRE(opened.payload);
    CHECK(text_of(opened.payload->read.characters) == "AB12CDE");
    CHECK(opened.payload->fleet == "test-fleet");
    CHECK(opened.payload->boot == "boot-1");
    CHECK(opened.payload->passage.frames == 12);
    CHECK(opened.payload->media.size() == 2);
    CHECK(opened.signer_key_id == key_id(attack.road.key->certificate()));
    CHECK(place_verdict(opened, place_of(attack.sealed)).good());
}

TEST_CASE("a read by a key past its dates opens, and the verdict says expired") {
    const Attack attack;
    const OpenedRead opened = attack.open(attack.blob, now + 11 * day);
    check_refused(opened, Authenticity::authentic, KeyTrust::expired);
    CHECK(opened.payload);
}

TEST_CASE("attack: a flipped byte anywhere never changes what is read") {
    const Attack attack;
    const std::string before = must(encode_payload(attack.payload()));
    for (std::size_t i = 0; i < attack.blob.size(); i += 3) {
        Bytes flipped = attack.blob;
        flipped[i] ^= std::byte{0x10};
        const OpenedRead opened = attack.open(flipped);
        CHECK_FALSE(opened.payload);
        CHECK_FALSE(opened.verdict.good());
    }
    CHECK(must(encode_payload(attack.payload())) == before);
}

TEST_CASE("attack: a flipped byte of the tag or the ciphertext is damage") {
    const Attack attack;
    for (const std::size_t from_end : {1U, 16U, 40U, 500U}) {
        Bytes flipped = attack.blob;
        flipped[flipped.size() - from_end] ^= std::byte{1};
        check_refused(attack.open(flipped), Authenticity::damaged, KeyTrust::unchecked);
    }
}

TEST_CASE("attack: trailing bytes, a cut end, nothing at all") {
    const Attack attack;
    Bytes longer = attack.blob;
    longer.push_back(std::byte{0});
    check_refused(attack.open(longer), Authenticity::damaged, KeyTrust::unchecked);
    check_refused(attack.open(ByteView(attack.blob).first(attack.blob.size() - 1)), Authenticity::damaged,
                  KeyTrust::unchecked);
    check_refused(attack.open({}), Authenticity::damaged, KeyTrust::unchecked);
}

TEST_CASE("attack: a tag cut to 4 bytes, which OpenSSL 3.0 would accept") {
    const Attack attack;
    DerNode tree = parse_der(attack.blob);
    std::vector<DerNode>& parts = tree.children[1].children[0].children;
    parts.back().content.resize(4);
    parts[2].children[1].children[1].children[1].content.assign(1, 4);
    check_refused(attack.open(blob_of(tree)), Authenticity::damaged, KeyTrust::unchecked);
}

TEST_CASE("attack: a blob over the limit is refused before anything of it is parsed") {
    const Road road;
    CHECK(gate(Bytes(max_blob_bytes + 1)).error().code() == ErrorCode::exhausted);
    CHECK(road.opener->open_read(Bytes(max_blob_bytes + 1), now).verdict.authenticity ==
          Authenticity::damaged);
}

TEST_CASE("a blob sealed to others is unopened, not damaged") {
    const Attack attack;
    const EnvelopeOpener other = attack.road.opener_with({attack.road.pki.recipient("somebody")});
    check_refused(other.open_read(attack.blob, now), Authenticity::unopened, KeyTrust::unchecked);
}

TEST_CASE("attack: the other recipient is stripped, so that only one can open") {
    const Attack attack;
    SealerSettings settings{"gate-1",
                            "f",
                            "b",
                            {attack.road.reader.certificate, attack.road.evidence.certificate},
                            {attack.road.evidence.certificate},
                            {attack.road.evidence.certificate}};
    const Sealer sealer = must(Sealer::create(settings, *attack.road.key));
    const Bytes both = must(sealer.seal(sample_record(), first_head(), {})).items[0].blob;
    CHECK(attack.open(both).verdict.good());
    for (const std::ptrdiff_t which : {0, 1}) {
        DerNode tree = parse_der(both);
        std::vector<DerNode>& recipients = recipients_of(tree).children;
        recipients.erase(recipients.begin() + which);
        check_refused(attack.open(blob_of(tree)), Authenticity::forged, KeyTrust::trusted);
    }
}

TEST_CASE("a damaged block of one recipient does not keep another key of ours from opening") {
    const Attack attack;
    Bytes both = must(encrypt(to_bytes("whatever"), attack.to({attack.road.reader, attack.road.evidence})));
    // Each block ends with the recipient's key id, an OCTET STRING of 20 bytes, and the wrapped key, one
    // of 40.
    std::vector<Bytes::iterator> wrapped;
    for (auto at = both.begin(); at + 24 < both.end(); ++at)
        if (at[0] == std::byte{0x04} && at[1] == std::byte{20} && at[22] == std::byte{0x04} &&
            at[23] == std::byte{40})
            wrapped.push_back(at + 24);
    REQUIRE(wrapped.size() == 2);
    const EnvelopeOpener opener = attack.road.opener_with({attack.road.reader, attack.road.evidence});
    for (const auto at : wrapped) {
        *at ^= std::byte{1};
        CHECK(opener.open_media(both).padded == to_bytes("whatever"));
        *at ^= std::byte{1};
    }
    for (const auto at : wrapped)
        *at ^= std::byte{1};
    CHECK(opener.open_media(both).authenticity == Authenticity::damaged);
}

TEST_CASE("attack: a recipient re-wraps the signed text to somebody else as well") {
    const Attack attack;
    const KeyFiles friend_of_his = attack.road.pki.recipient("friend");
    const Bytes inside = attack.signed_by(*attack.road.key, attack.payload());
    const Bytes rewrapped = must(encrypt(inside, attack.to({attack.road.reader, friend_of_his})));
    check_refused(attack.open(rewrapped), Authenticity::forged, KeyTrust::trusted);
}

TEST_CASE(
    "attack: re-wrapped to the same recipients opens, but does not fit the chain over the sealed bytes") {
    const Attack attack;
    const Bytes rewrapped = attack.resealed(attack.signed_by(*attack.road.key, attack.payload()));
    CHECK(attack.open(rewrapped).verdict.good());
    CHECK(next_link(first_head().link, 1, sha256(rewrapped)) != attack.sealed.items[0].link);
}

TEST_CASE("attack: stripped attributes inside an honest envelope") {
    const Attack attack;
    const Bytes inside = strip_attributes(attack.signed_by(*attack.road.key, attack.payload()));
    check_refused(attack.open(attack.resealed(inside)), Authenticity::forged, KeyTrust::unchecked);
}

TEST_CASE("attack: no signature inside an honest envelope") {
    const Attack attack;
    const std::string json = must(encode_payload(attack.payload()));
    check_refused(attack.open(attack.resealed(as_bytes(json))), Authenticity::forged, KeyTrust::unchecked);
}

TEST_CASE("attack: not encrypted at all") {
    const Attack attack;
    const Bytes inside = attack.signed_by(*attack.road.key, attack.payload());
    check_refused(attack.open(inside), Authenticity::damaged, KeyTrust::unchecked);
}

TEST_CASE("attack: signed by a stranger's key") {
    const Attack attack;
    const KeyFiles files = attack.road.pki.issue("stranger", "gate-1", {.ca = "stranger-ca"});
    const auto stranger = must(FileSigningKey::create(files.key, files.certificate));
    const Bytes forged = attack.resealed(attack.signed_by(*stranger, attack.payload()));
    check_refused(attack.open(forged), Authenticity::forged, KeyTrust::stranger);
}

TEST_CASE("attack: a stranger's certificate slipped among the known signers") {
    const Attack attack;
    const KeyFiles files = attack.road.pki.issue("stranger", "gate-1", {.ca = "stranger-ca"});
    const auto stranger = must(FileSigningKey::create(files.key, files.certificate));
    attack.road.pki.know(files, "slipped-in");
    const Bytes forged = attack.resealed(attack.signed_by(*stranger, attack.payload()));
    const EnvelopeOpener opener = attack.road.opener_with({attack.road.reader});
    check_refused(opener.open_read(forged, now), Authenticity::authentic, KeyTrust::stranger);
}

TEST_CASE("attack: another device's good key signs a read in this device's name") {
    const Attack attack;
    const KeyFiles files = attack.road.pki.device("gate-2");
    const auto other = must(FileSigningKey::create(files.key, files.certificate));
    const Bytes forged = attack.resealed(attack.signed_by(*other, attack.payload()));
    const EnvelopeOpener opener = attack.road.opener_with({attack.road.reader});
    check_refused(opener.open_read(forged, now), Authenticity::forged, KeyTrust::trusted);
}

TEST_CASE("attack: the TLS key of the device signs a read") {
    const Attack attack;
    const KeyFiles files = attack.road.pki.issue("identity", "gate-1", {.extended = "clientAuth"});
    attack.road.pki.know(files, "identity");
    const LooseKey identity(files);
    const Bytes forged = attack.resealed(attack.signed_by(identity, attack.payload()));
    const EnvelopeOpener opener = attack.road.opener_with({attack.road.reader});
    check_refused(opener.open_read(forged, now), Authenticity::authentic, KeyTrust::unfit);
}

TEST_CASE("attack: a stolen key, put on the deny list") {
    const Attack attack;
    const std::filesystem::path list = attack.road.pki.folder() / "deny";
    REQUIRE(write_file_atomically(list, as_bytes(key_id(attack.road.key->certificate()) + "\n")));
    TrustStore trust = must(TrustStore::create({.ca_chain = attack.road.pki.chain("device-ca"),
                                                .signers = attack.road.pki.signers(),
                                                .deny_list = list}));
    const EnvelopeOpener opener = must(
        EnvelopeOpener::create({{attack.road.reader.key, attack.road.reader.certificate}}, std::move(trust)));
    check_refused(opener.open_read(attack.blob, now), Authenticity::authentic, KeyTrust::revoked);
}

TEST_CASE("attack: a signed statement of another kind sealed as a read") {
    const Attack attack;
    ChainHead head = first_head();
    head.next_seq = 2;
    const SealedItem checkpoint = must(attack.road.sealer->checkpoint(head, 1, now));
    check_refused(attack.open(attack.resealed(checkpoint.blob)), Authenticity::forged, KeyTrust::trusted);
}

TEST_CASE("attack: swapped, replayed and moved records are misplaced") {
    const Attack attack;
    const OpenedRead opened = attack.open(attack.blob);
    const auto moved = [&](void (*elsewhere)(ExpectedPlace&)) {
        ExpectedPlace place = place_of(attack.sealed);
        elsewhere(place);
        return place_verdict(opened, place).authenticity;
    };
    CHECK(moved([](ExpectedPlace& p) { p.seq = 2; }) == Authenticity::misplaced);
    CHECK(moved([](ExpectedPlace& p) { p.device = "gate-2"; }) == Authenticity::misplaced);
    CHECK(moved([](ExpectedPlace& p) { p.chain.bytes[0] ^= std::byte{1}; }) == Authenticity::misplaced);
    CHECK(moved([](ExpectedPlace& p) { p.previous->front() ^= std::byte{1}; }) == Authenticity::misplaced);
    CHECK(moved([](ExpectedPlace& p) { p.previous.reset(); }) == Authenticity::authentic);
}

TEST_CASE("a verdict that is not authentic stays as it is, whatever the place") {
    const Attack attack;
    const OpenedRead damaged = attack.open({});
    CHECK(place_verdict(damaged, {}).authenticity == Authenticity::damaged);
}

TEST_CASE("a picture opens and fits the read that names it") {
    const Attack attack;
    const ReadPayload read = attack.payload();
    for (const std::size_t i : {1U, 2U}) {
        const OpenedMedia media = attack.road.opener->open_media(attack.sealed.items[i].blob);
        const MatchedMedia matched = match_media(media, read, attack.sealed.items[i].seq);
        CHECK(matched.authenticity == Authenticity::authentic);
        CHECK(matched.jpeg == sample_record().media[i - 1].jpeg);
    }
}

TEST_CASE("attack: two pictures of a record swapped, and one of another record put in") {
    const Attack attack;
    const ReadPayload read = attack.payload();
    const OpenedMedia plate = attack.road.opener->open_media(attack.sealed.items[1].blob);
    CHECK(match_media(plate, read, 3).authenticity == Authenticity::misplaced);
    CHECK(match_media(plate, read, 9).authenticity == Authenticity::misplaced);
    CaptureRecord other = sample_record();
    other.media[0].jpeg.assign(3000, std::byte{1});
    const SealedRecord foreign = attack.road.seal(other, first_head());
    const OpenedMedia stranger = attack.road.opener->open_media(foreign.items[1].blob);
    const MatchedMedia matched = match_media(stranger, read, 2);
    CHECK(matched.authenticity == Authenticity::forged);
    CHECK(matched.jpeg.empty());
}

TEST_CASE("attack: a picture re-wrapped to other recipients is forged") {
    const Attack attack;
    Bytes padded = sample_record().media[0].jpeg;
    padded.resize(bucket_bytes(MediaRole::plate, padded.size()));
    const Bytes rewrapped = must(encrypt(padded, attack.to({attack.road.evidence, attack.road.reader})));
    const OpenedMedia media = attack.road.opener->open_media(rewrapped);
    CHECK(media.authenticity == Authenticity::authentic);
    CHECK(match_media(media, attack.payload(), 2).authenticity == Authenticity::forged);
}

TEST_CASE("attack: a damaged picture gives no bytes") {
    const Attack attack;
    Bytes flipped = attack.sealed.items[1].blob;
    flipped.back() ^= std::byte{1};
    const OpenedMedia media = attack.road.opener->open_media(flipped);
    CHECK(media.authenticity == Authenticity::damaged);
    CHECK(media.padded.empty());
    CHECK(match_media(media, attack.payload(), 2).authenticity == Authenticity::damaged);
}

TEST_CASE("a picture for others is unopened while the read opens") {
    const Attack attack;
    const EnvelopeOpener reads_only = attack.road.opener_with({attack.road.reader});
    CHECK(reads_only.open_read(attack.blob, now).verdict.good());
    CHECK(reads_only.open_media(attack.sealed.items[1].blob).authenticity == Authenticity::unopened);
}

TEST_CASE("an opener without keys, with a wrong pair or a signing certificate is refused") {
    const Attack attack;
    const auto refused = [&](const std::vector<RecipientFiles>& files) {
        const Result<EnvelopeOpener> opener = EnvelopeOpener::create(files, attack.road.trust());
        return opener ? "accepted" : opener.error().message();
    };
    CHECK(refused({}).find("0 recipient keys") != std::string::npos);
    CHECK(refused({{attack.road.reader.key, attack.road.evidence.certificate}}).find("another private key") !=
          std::string::npos);
    CHECK(refused({{attack.road.device.key, attack.road.device.certificate}}).find("keyAgreement") !=
          std::string::npos);
}

TEST_CASE("a recipient key whose certificate is missing is refused, and freed (LeakSanitizer looks)") {
    const Road road;
    const Result<EnvelopeOpener> opener =
        EnvelopeOpener::create({{road.reader.key, road.pki.folder() / "missing.crt"}}, road.trust());
    REQUIRE_FALSE(opener);
    CHECK(opener.error().message().find("missing.crt") != std::string::npos);
}
