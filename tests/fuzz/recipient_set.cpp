// The text of a recipient set: the codec, and what a device's gate takes when the policy key has signed it.
// The input cannot be signed beforehand, so it is signed here.

#define DOCTEST_CONFIG_IMPLEMENT  // the key maker of the unit tests checks what it makes
#include <doctest/doctest.h>

#include <algorithm>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "record/recipient_set_codec.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;

namespace {

/// The policy key and one genuine recipient for each purpose.
struct Desk {
    test::SetDesk desk{std::chrono::days(30'000)};
    RecipientSetGate gate = desk.gate();
    std::vector<Bytes> certificates;

    Desk() {
        for (const char* oid :
             {oid_receive_reads, oid_receive_plates, oid_receive_overviews, oid_receive_health}) {
            const test::KeyFiles files = desk.pki.issue(fmt::format("fuzz-{}", certificates.size()), "fuzz",
                                                        {.ca = "recipient-ca",
                                                         .usage = "keyAgreement",
                                                         .extended = oid,
                                                         .from = test::now - std::chrono::days(20'000),
                                                         .until = test::now + std::chrono::days(20'000)});
            const X509Ptr certificate = fuzz::must(load_certificate(files.certificate));
            certificates.push_back(certificate_to_der(certificate.get()));
        }
    }
};

/// A certificate of one byte stands for a genuine one: no mutation makes one of those.
void put_certificates(RecipientSet& set, const std::vector<Bytes>& genuine) {
    for (RecipientEntry& entry : set.entries)
        if (entry.certificate.size() == 1)
            entry.certificate = genuine[std::to_integer<std::size_t>(entry.certificate[0]) % genuine.size()];
    std::ranges::sort(set.entries, std::less<>());
}

void check_accepted(const KnownRecipients& known, const RecipientSetGate& gate, ByteView blob) {
    PORTCULLIS_ASSERT(known.certificates.size() == known.set.entries.size() && known.digest == sha256(blob));
    for (const Purpose purpose : all_purposes)
        for (const std::size_t place : known.in_force(purpose, test::now))
            PORTCULLIS_ASSERT(place < known.set.entries.size() &&
                              known.set.entries[place].purpose == purpose);
    PORTCULLIS_ASSERT(!known.in_force(Purpose::read, test::now).empty());
    PORTCULLIS_ASSERT(!gate.open(blob, SetInUse{known.set.version, Digest{}}, test::now));
    PORTCULLIS_ASSERT(!gate.open(blob, SetInUse{known.set.version + 1, known.digest}, test::now));
    PORTCULLIS_ASSERT(gate.open(blob, SetInUse{known.set.version, known.digest}, test::now).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static doctest::Context checks;
    checks.setAsDefaultForAssertsOutOfTestCases();
    static const Desk desk;
    const ByteView input = fuzz::input_bytes(data, size);
    PORTCULLIS_ASSERT(!desk.gate.open(input, std::nullopt, test::now));  // nobody has signed it
    Result<RecipientSet> set = parse_recipient_set(as_text(input));
    if (!set) return 0;
    PORTCULLIS_ASSERT(fuzz::must(encode_recipient_set(*set)) == as_text(input));
    PORTCULLIS_ASSERT(!set->entries.empty() && set->entries.size() <= max_set_entries);
    put_certificates(*set, desk.certificates);
    const auto key = fuzz::must(FileSigningKey::create(desk.desk.policy.key, desk.desk.policy.certificate,
                                                       CertificateUse::sign_policy));
    const Result<Bytes> blob = sign_recipient_set(*key, *set);
    if (!blob) return 0;  // two entries became alike
    if (const auto known = desk.gate.open(*blob, std::nullopt, test::now))
        check_accepted(*known, desk.gate, *blob);
    return 0;
}
