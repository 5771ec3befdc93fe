// What is brought to the opener in another place, envelope or hand than it was sealed for: nothing of it is
// accepted, and everything genuine is. PORTCULLIS_ROUNDS sets how many of each.
#include <doctest/doctest.h>

#include <random>

#include "seal/encrypt.hpp"
#include "seal/gate.hpp"
#include "seal/statement.hpp"
#include "support/rounds.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t sealed_reads = 64;

/// Reads of one chain with the places they were sealed for.
struct Sealed {
    Road road;
    std::vector<Bytes> blobs;
    std::vector<ExpectedPlace> places;
    std::vector<OpenedRead> opened;

    Sealed() {
        ChainHead head = first_head();
        CaptureRecord record = sample_record();
        record.media.clear();
        for (std::size_t i = 0; i < sealed_reads; ++i) {
            const SealedItem item = road.seal(record, head).items.at(0);
            places.push_back({"gate-1", head.chain, head.next_seq, head.link});
            blobs.push_back(item.blob);
            opened.push_back(road.opener->open_read(item.blob, now));
            head.link = item.link;
            ++head.next_seq;
        }
    }
    [[nodiscard]] std::vector<X509Ptr> certificates(const std::vector<KeyFiles>& of) const {
        std::vector<X509Ptr> all;
        for (const KeyFiles& files : of)
            all.push_back(must(load_certificate(files.certificate)));
        return all;
    }
};

/// Anywhere else: another device, chain, seq or predecessor, or another read's place.
ExpectedPlace elsewhere(const Sealed& sealed, std::size_t own, std::mt19937& random) {
    ExpectedPlace place = sealed.places[own];
    switch (random() % 5) {
        case 0:
            place.device = fmt::format("gate-{}", 2 + random() % 1000);
            break;
        case 1:
            place.chain.bytes.at(random() % place.chain.bytes.size()) ^=
                static_cast<std::byte>(1U << (random() % 8));
            break;
        case 2:
            place.seq += 1 + random() % 100'000;
            break;
        case 3:
            place.previous->at(random() % place.previous->size()) ^=
                static_cast<std::byte>(1U << (random() % 8));
            break;
        default:
            place = sealed.places[(own + 1 + random() % (sealed_reads - 1)) % sealed_reads];
    }
    return place;
}

}  // namespace

TEST_CASE(
    "attack: genuine reads are brought to places that are not theirs: each is misplaced, at home each is "
    "good") {
    const Sealed sealed;
    std::mt19937 random(1);
    for (int round = rounds_or(2000); round > 0; --round) {
        const std::size_t own = random() % sealed_reads;
        REQUIRE(place_verdict(sealed.opened[own], sealed.places[own]).good());
        REQUIRE(place_verdict(sealed.opened[own], elsewhere(sealed, own, random)).authenticity ==
                Authenticity::misplaced);
    }
}

TEST_CASE("attack: a recipient wraps what it opened to others, or to more: each is forged") {
    const Sealed sealed;
    const Road& road = sealed.road;
    const KeyFiles added = road.pki.recipient("added");
    const EnvelopeOpener opener = road.opener_with({road.reader, road.evidence, added});
    const std::array audiences{sealed.certificates({road.evidence}), sealed.certificates({added}),
                               sealed.certificates({road.reader, added}),
                               sealed.certificates({road.reader, road.evidence})};
    std::mt19937 random(2);
    for (int round = rounds_or(40); round > 0; --round) {
        const std::size_t own = random() % sealed_reads;
        const Bytes inside = opener.open_media(sealed.blobs[own]).padded;
        const Bytes rewrapped = must(encrypt(inside, audiences.at(random() % audiences.size())));
        const OpenedRead read = opener.open_read(rewrapped, now);
        REQUIRE(read.verdict.authenticity == Authenticity::forged);
        REQUIRE_FALSE(read.payload);
    }
}

TEST_CASE("attack: reads sealed to keys of another epoch or collector: none opens") {
    const Sealed sealed;
    const EnvelopeOpener later =
        sealed.road.opener_with({sealed.road.pki.recipient("next-epoch"), sealed.road.evidence});
    std::mt19937 random(3);
    for (int round = rounds_or(200); round > 0; --round)
        REQUIRE(later.open_read(sealed.blobs[random() % sealed_reads], now).verdict.authenticity ==
                Authenticity::unopened);
}

TEST_CASE("attack: a device's TLS key signs reads, and a stranger in the device's name: none is good") {
    const Sealed sealed;
    const Road& road = sealed.road;
    // Of the same CA and with the device's name, but for client connections only.
    const KeyFiles tls = road.pki.issue("gate-1-tls", "gate-1", {.extended = "clientAuth"});
    road.pki.know(tls, "gate-1-tls");
    const KeyFiles stranger = road.pki.issue("gate-1-stranger", "gate-1", {.ca = "stranger-ca"});
    road.pki.know(stranger, "gate-1-stranger");
    const EnvelopeOpener opener = road.opener_with({road.reader});
    const std::vector<X509Ptr> readers = sealed.certificates({road.reader});
    const std::array<SetDesk::AnyKey, 2> hands{SetDesk::AnyKey(tls), SetDesk::AnyKey(stranger)};
    std::mt19937 random(4);
    for (int round = rounds_or(40); round > 0; --round) {
        const std::size_t own = random() % sealed_reads;
        const std::string text = must(encode_payload(*sealed.opened[own].payload));
        const bool by_tls = random() % 2 == 0;
        const OpenedRead read = opener.open_read(
            must(encrypt(must(sign_statement(hands.at(by_tls ? 0 : 1), text)), readers)), now);
        REQUIRE_FALSE(read.verdict.good());
        REQUIRE(read.verdict.key_trust == (by_tls ? KeyTrust::unfit : KeyTrust::stranger));
    }
}
