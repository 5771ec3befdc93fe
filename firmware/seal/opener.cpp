#include "seal/opener.hpp"

#include <openssl/err.h>

#include <algorithm>

#include "record/size_bucket.hpp"
#include "seal/cms_codec.hpp"
#include "seal/content.hpp"
#include "seal/gate.hpp"
#include "seal/statement.hpp"

namespace portcullis {

/// Outcome of one decryption. Cleansed when it goes, whatever happened.
struct EnvelopeOpener::Plaintext {
    Authenticity authenticity = Authenticity::damaged;
    Bytes bytes;
    Digest recipients{};
    std::string reason;
    std::string recipient;

    Plaintext() = default;
    Plaintext(Plaintext&&) = default;
    Plaintext& operator=(Plaintext&&) = delete;
    ~Plaintext() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

namespace {

/// What the signed text says of itself must fit the key that signed it and the envelope that held it.
template <class Payload>
Opened<Payload> judge(const SignedText& text, const Digest& recipients,
                      Result<Payload> (*parse)(std::string_view)) {
    Result<Payload> payload = parse(text.json);
    const char* wrong = nullptr;
    if (payload && payload->device != text.signer_name)
        wrong = "signed by the key of another device";
    else if (payload && payload->recipients != recipients)
        wrong = "sealed to other recipients than the signed ones";
    if (payload && wrong == nullptr)
        return {{Authenticity::authentic, text.trust}, std::move(*payload), text.signer_key_id, {}};
    return {{Authenticity::forged, text.trust},
            std::nullopt,
            text.signer_key_id,
            wrong != nullptr ? wrong : payload.error().message()};
}

template <class Payload>
Opened<Payload> judge_signed(ByteView content, const Digest& recipients, const TrustStore& trust,
                             UtcTime received, Result<Payload> (*parse)(std::string_view)) {
    Result<SignedText> text = verify_statement(content, trust, received);
    if (text) {
        const Cleanse cleanse(text->json);
        return judge(*text, recipients, parse);
    }
    const bool unknown = text.error().code() == ErrorCode::not_found;
    return {{Authenticity::forged, unknown ? KeyTrust::stranger : KeyTrust::unchecked},
            std::nullopt,
            {},
            text.error().message()};
}

bool is_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// As the sealer pads: to the one bucket, with zeros.
bool is_padded(ByteView padded, const MediaEntry& entry) {
    return entry.bytes > 0 && entry.bytes <= padded.size() &&
           padded.size() == bucket_bytes(entry.role, entry.bytes) &&
           is_zero(padded.subspan(static_cast<std::size_t>(entry.bytes)));
}

Result<Bytes> decrypt_with(const RecipientKey& recipient, ByteView blob) {
    ERR_clear_error();
    const CmsPtr cms = TRY(decode_cms(blob));
    // Older OpenSSL writes plaintext out before it has seen the tag: into memory of ours, and read only on 1.
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || CMS_decrypt(cms.get(), recipient.key.get(), recipient.certificate.get(), nullptr, out.get(),
                            CMS_BINARY) != 1)
        return fail(openssl_error(ErrorCode::corrupt, "opener: cannot decrypt"));
    const ByteView written = written_to(out.get());
    return Bytes(written.begin(), written.end());
}

}  // namespace

Result<RecipientKey> load_recipient(const RecipientFiles& files) {
    // Not in one braced list: a TRY that returns out of it leaks what stands before it, here the key.
    RecipientKey recipient;
    recipient.key = TRY(load_private_key(files.key));
    recipient.certificate = TRY(load_certificate(files.certificate));
    const std::string name = files.certificate.string();
    TRY(check_certificate(recipient.certificate.get(), CertificateUse::receive, name));
    TRY(check_pair(recipient.key.get(), recipient.certificate.get(), name));
    return recipient;
}

Result<Bytes> open_envelope(const RecipientKey& recipient, ByteView blob) {
    const GatedEnvelope gated = TRY(gate(blob));
    if (std::ranges::find(gated.recipients, key_id(recipient.certificate.get())) == gated.recipients.end())
        return fail(ErrorCode::refused, "opener: sealed to others than this key");
    return decrypt_with(recipient, blob);
}

Result<EnvelopeOpener> EnvelopeOpener::create(const std::vector<RecipientFiles>& recipients,
                                              TrustStore trust) {
    if (recipients.empty())
        return fail(ErrorCode::configuration, "opener: 0 recipient keys; name 1 to {}", max_recipient_keys);
    std::vector<RecipientKey> keys;
    keys.reserve(recipients.size());
    for (const RecipientFiles& files : recipients)
        keys.push_back(TRY(load_recipient(files)));
    return create(std::move(keys), std::move(trust));
}

Result<EnvelopeOpener> EnvelopeOpener::create(std::vector<RecipientKey> recipients, TrustStore trust) {
    if (recipients.size() > max_recipient_keys)
        return fail(ErrorCode::configuration, "opener: {} recipient keys; name at most {}", recipients.size(),
                    max_recipient_keys);
    EnvelopeOpener opener(std::move(trust));
    for (RecipientKey& given : recipients) {
        Recipient recipient;
        recipient.id = key_id(given.certificate.get());
        recipient.pair = std::move(given);
        opener.recipients_.push_back(std::move(recipient));
    }
    return opener;
}

Digest EnvelopeOpener::fingerprint() const {
    std::vector<std::string> ids = recipients();
    std::ranges::sort(ids);
    return sha256(as_bytes(fmt::format("{} {}", fmt::join(ids, " "), to_hex(trust_.fingerprint()))));
}

std::vector<std::string> EnvelopeOpener::recipients() const {
    std::vector<std::string> ids;
    for (const Recipient& recipient : recipients_)
        ids.push_back(recipient.id);
    return ids;
}

std::size_t EnvelopeOpener::forget(std::span<const std::string> ids) {
    return std::erase_if(recipients_, [&ids](const Recipient& recipient) {
        return std::ranges::find(ids, recipient.id) != ids.end();
    });
}

Result<SecretKey> EnvelopeOpener::derive(std::string_view recipient, ByteView salt,
                                         std::string_view purpose) const {
    const auto place = std::ranges::find(recipients_, recipient, &Recipient::id);
    if (place == recipients_.end()) return fail(ErrorCode::not_found, "opener: holds no key {}", recipient);
    return derive_key(place->pair.key.get(), salt, purpose);
}

EnvelopeOpener::Plaintext EnvelopeOpener::decrypt(ByteView blob) const {
    Plaintext plaintext;
    const auto give_up = [&plaintext](Authenticity authenticity, std::string reason) {
        plaintext.authenticity = authenticity;
        plaintext.reason = std::move(reason);
    };
    const Result<GatedEnvelope> gated = gate(blob);
    if (!gated) {
        give_up(Authenticity::damaged, gated.error().message());
        return plaintext;
    }
    give_up(Authenticity::unopened, "sealed to recipients of whom we hold no key");
    for (const Recipient& recipient : recipients_) {
        if (std::ranges::find(gated->recipients, recipient.id) == gated->recipients.end()) continue;
        // One recipient's block may be damaged and another's whole: each of our keys is tried.
        if (auto opened = decrypt_with(recipient.pair, blob)) {
            plaintext.bytes = std::move(*opened);
            if (Result<Digest> digest = recipients_digest(gated->recipients)) plaintext.recipients = *digest;
            plaintext.authenticity = Authenticity::authentic;
            plaintext.recipient = recipient.id;
            return plaintext;
        } else {
            give_up(Authenticity::damaged, opened.error().message());
        }
    }
    return plaintext;
}

template <class Payload>
Opened<Payload> EnvelopeOpener::open_text(ByteView blob, UtcTime received,
                                          Result<Payload> (*parse)(std::string_view)) const {
    const Plaintext plaintext = decrypt(blob);
    if (plaintext.authenticity != Authenticity::authentic)
        return {{plaintext.authenticity, KeyTrust::unchecked}, std::nullopt, {}, plaintext.reason};
    Opened<Payload> opened = judge_signed(plaintext.bytes, plaintext.recipients, trust_, received, parse);
    opened.recipient = plaintext.recipient;
    return opened;
}

OpenedRead judge_content(ByteView content, const Digest& recipients, const TrustStore& trust,
                         UtcTime received) {
    return judge_signed<ReadPayload>(content, recipients, trust, received, &parse_payload);
}

OpenedRead EnvelopeOpener::open_read(ByteView blob, UtcTime received) const {
    return open_text<ReadPayload>(blob, received, &parse_payload);
}

OpenedHealth EnvelopeOpener::open_health(ByteView blob, UtcTime received) const {
    return open_text<HealthPayload>(blob, received, &parse_health);
}

OpenedMedia EnvelopeOpener::open_media(ByteView blob) const {
    Plaintext plaintext = decrypt(blob);
    OpenedMedia media;
    media.authenticity = plaintext.authenticity;
    media.reason = plaintext.reason;
    if (plaintext.authenticity != Authenticity::authentic) return media;
    media.digest = sha256(plaintext.bytes);
    media.recipients = plaintext.recipients;
    media.padded = std::move(plaintext.bytes);
    return media;
}

Result<Bytes> EnvelopeOpener::open_bytes(ByteView blob) const {
    Plaintext plaintext = decrypt(blob);
    if (plaintext.authenticity == Authenticity::authentic) return std::move(plaintext.bytes);
    const bool foreign = plaintext.authenticity == Authenticity::unopened;
    return fail(foreign ? ErrorCode::refused : ErrorCode::corrupt, "opener: {}", plaintext.reason);
}

X509Ptr EnvelopeOpener::certificate_of(std::string_view recipient) const {
    const auto place = std::ranges::find(recipients_, recipient, &Recipient::id);
    if (place == recipients_.end()) return nullptr;
    X509* certificate = place->pair.certificate.get();
    X509_up_ref(certificate);
    return X509Ptr(certificate);
}

MatchedMedia match_media(const OpenedMedia& media, const ReadPayload& read, Seq seq) {
    if (media.authenticity != Authenticity::authentic) return {media.authenticity, std::nullopt, {}};
    const auto entry = std::ranges::find(read.media, seq, &MediaEntry::seq);
    const auto elsewhere = std::ranges::find(read.media, media.digest, &MediaEntry::sha256);
    if (entry == read.media.end() || (entry->sha256 != media.digest && elsewhere != read.media.end()))
        return {Authenticity::misplaced, std::nullopt, {}};
    const bool fits = entry->sha256 == media.digest && entry->recipients == media.recipients &&
                      is_padded(media.padded, *entry);
    if (!fits) return {Authenticity::forged, *entry, {}};
    const auto length = static_cast<std::ptrdiff_t>(entry->bytes);
    return {Authenticity::authentic, *entry, Bytes(media.padded.begin(), media.padded.begin() + length)};
}

}  // namespace portcullis
