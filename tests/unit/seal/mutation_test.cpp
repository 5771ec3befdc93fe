// Blobs are malleable in their recipients' blocks; their content never is. PORTCULLIS_ROUNDS sets the number
// of mutants.
#include <doctest/doctest.h>

#include <random>

#include "support/rounds.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

class Mutator {
  public:
    explicit Mutator(unsigned seed) : random_(seed) {}

    Bytes mutate(Bytes blob, const Bytes& other) {
        for (std::size_t changes = 1 + below(3); changes > 0; --changes)
            change(blob, other);
        return blob;
    }

  private:
    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }
    std::byte any_byte() { return static_cast<std::byte>(below(256)); }

    void change(Bytes& blob, const Bytes& other) {
        const std::size_t at = below(blob.size());
        const auto place = blob.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(6)) {
            case 0:
                *place ^= static_cast<std::byte>(1U << below(8));
                break;
            case 1:
                *place = any_byte();
                break;
            case 2:
                blob.insert(place, any_byte());
                break;
            case 3:
                if (blob.size() > 1) blob.erase(place);
                break;
            case 4:  // a piece of another good blob in the same place
                for (std::size_t i = at; i < std::min({at + 64, blob.size(), other.size()}); ++i)
                    blob[i] = other[i];
                break;
            default:
                blob.resize(1 + at);
        }
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("attack: of thousands of mutants of a sealed read none opens with changed content") {
    const Road road;
    const SealerSettings settings{"gate-1",
                                  "f",
                                  "b",
                                  {road.reader.certificate, road.evidence.certificate},
                                  {road.evidence.certificate},
                                  {road.evidence.certificate}};
    const Sealer sealer = must(Sealer::create(settings, *road.key));
    CaptureRecord record = sample_record();
    const Bytes blob = must(sealer.seal(record, first_head(), {})).items[0].blob;
    record.read.characters[0].letter = 'Z';
    const Bytes other = must(sealer.seal(record, first_head(), {})).items[0].blob;
    const EnvelopeOpener opener = road.opener_with({road.reader});
    const std::string honest = must(encode_payload(*opener.open_read(blob, now).payload));

    const int mutants = rounds_or(5000);
    Mutator mutator(20261123);
    int opened = 0;
    int damaged = 0;
    for (int i = 0; i < mutants; ++i) {
        const Bytes mutant = mutator.mutate(blob, other);
        const OpenedRead read = opener.open_read(mutant, now);
        damaged += read.verdict.authenticity == Authenticity::damaged ? 1 : 0;
        if (!read.payload) continue;
        ++opened;
        REQUIRE(must(encode_payload(*read.payload)) == honest);
    }
    MESSAGE(opened << " of " << mutants << " opened unchanged, " << damaged << " were damaged");
    CHECK(damaged > mutants / 2);
}

TEST_CASE("attack: of thousands of mutants of a sealed picture none opens with changed bytes") {
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    const ReadPayload read = *road.opener->open_read(sealed.items[0].blob, now).payload;
    Mutator mutator(7);
    for (int i = rounds_or(1000); i > 0; --i) {
        const Bytes mutant = mutator.mutate(sealed.items[1].blob, sealed.items[2].blob);
        const MatchedMedia matched = match_media(road.opener->open_media(mutant), read, 2);
        if (matched.authenticity == Authenticity::authentic)
            REQUIRE(matched.jpeg == sample_record().media[0].jpeg);
    }
}
