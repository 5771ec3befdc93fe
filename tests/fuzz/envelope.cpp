// A blob from the broker: gate, opener, and what an honest envelope around a dishonest inside gives.

#include <openssl/crypto.h>

#include "base/assert.hpp"
#include "fuzz/vector_keys.hpp"
#include "seal/cms_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/gate.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

using namespace portcullis;

namespace {

/// The plate of every read that the vectors' device has signed. Nobody can sign another.
constexpr std::string_view signed_plate = "VEC70R";

std::string plate_of(const ReadPayload& payload) {
    std::string plate;
    for (const CharacterReading& character : payload.read.characters)
        plate += character.letter;
    return plate;
}

void check_gated(const GatedEnvelope& gated, ByteView blob) {
    PORTCULLIS_ASSERT(!gated.recipients.empty() && gated.recipients.size() <= max_recipients);
    for (const std::string& id : gated.recipients)
        PORTCULLIS_ASSERT(id.size() == 2 * key_id_bytes);
    PORTCULLIS_ASSERT(gated.content_bytes < blob.size());
    PORTCULLIS_ASSERT(decode_cms(blob));  // what we let in, OpenSSL takes as whole
}

void check_read(const OpenedRead& read, const Result<GatedEnvelope>& gated) {
    const Authenticity authenticity = read.verdict.authenticity;
    PORTCULLIS_ASSERT(gated || authenticity == Authenticity::damaged);
    PORTCULLIS_ASSERT(read.payload.has_value() == (authenticity == Authenticity::authentic));
    PORTCULLIS_ASSERT(read.reason.empty() == (authenticity == Authenticity::authentic));
    if (!read.payload) return;
    PORTCULLIS_ASSERT(plate_of(*read.payload) == signed_plate && read.payload->device == "gate-1");
    PORTCULLIS_ASSERT(read.payload->recipients == fuzz::must(recipients_digest(gated->recipients)));
}

void check_media(const OpenedMedia& media, const Result<GatedEnvelope>& gated) {
    const bool opened = media.authenticity == Authenticity::authentic;
    PORTCULLIS_ASSERT(gated || media.authenticity == Authenticity::damaged);
    PORTCULLIS_ASSERT(media.padded.size() == (opened ? gated->content_bytes : 0));
}

/// Sealed honestly, it opens, and then its own signature decides.
void check_inside(ByteView inside, const EnvelopeOpener& opener) {
    if (!check_signed_profile(inside)) return;
    std::vector<X509Ptr> recipients;
    recipients.push_back(fuzz::must(load_certificate(fuzz::vectors / "reader.crt")));
    const Bytes blob = fuzz::must(encrypt(inside, recipients));
    const OpenedRead read = opener.open_read(blob, fuzz::now);
    check_read(read, gate(blob));
    const bool holds = verify_statement(inside, opener.trust(), fuzz::now).has_value();
    PORTCULLIS_ASSERT(holds || read.verdict.authenticity == Authenticity::forged);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const EnvelopeOpener opener = fuzz::vector_opener();
    const ByteView blob = fuzz::input_bytes(data, size);
    const Result<GatedEnvelope> gated = gate(blob);
    if (gated) check_gated(*gated, blob);
    check_read(opener.open_read(blob, fuzz::now), gated);
    PORTCULLIS_ASSERT(!opener.open_health(blob, fuzz::now).payload);  // the vectors' device has signed none
    check_media(opener.open_media(blob), gated);
    check_inside(blob, opener);
    return 0;
}
