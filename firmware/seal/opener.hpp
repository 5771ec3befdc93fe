#pragma once
// EnvelopeOpener: the collector's side, the only code of the house that decrypts. What it opens stays in
// memory; on any failure not a byte of it is used, and it is cleansed. Thread-safe but for
// refresh_trust() and forget().

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/recipient_keys.hpp"
#include "core/verdict.hpp"
#include "record/health_codec.hpp"
#include "record/payload.hpp"
#include "seal/derived_key.hpp"
#include "seal/trust.hpp"

namespace portcullis {

struct RecipientFiles {
    std::filesystem::path key;
    std::filesystem::path certificate;
};

/// A recipient's key in memory.
struct RecipientKey {
    KeyPtr key;
    X509Ptr certificate;
};

/// Errors: configuration (names the file and the cure).
[[nodiscard]] Result<RecipientKey> load_recipient(const RecipientFiles& files);

/// What an envelope holds, for who has one key and wants nothing else of it (an auditor); the caller cleanses
/// it. Errors: refused (not our one shape, or not sealed to this key), corrupt.
[[nodiscard]] Result<Bytes> open_envelope(const RecipientKey& recipient, ByteView blob);

/// payload stands when authentic (whatever the key is worth: look at the verdict), and never when forged.
template <class Payload>
struct Opened {
    Verdict verdict;
    std::optional<Payload> payload;
    std::string signer_key_id;  // empty when nothing came as far as a signature
    std::string reason;         // why the authenticity is not `authentic`; for logs
    std::string recipient{};    // id of the key of ours that opened it; empty when none did
};
using OpenedRead = Opened<ReadPayload>;
using OpenedHealth = Opened<HealthPayload>;

/// A picture that opened is not evidence yet: match_media ties it to the read that names it.
struct OpenedMedia {
    Authenticity authenticity = Authenticity::unopened;  // authentic: opened whole; else unopened or damaged
    Bytes padded;                                        // empty unless opened
    Digest digest{};                                     // SHA-256 of padded
    Digest recipients{};                                 // recipients_digest of its envelope
    std::string reason;
};

struct MatchedMedia {
    Authenticity authenticity = Authenticity::forged;  // authentic, forged or misplaced (or as it was opened)
    std::optional<MediaEntry> entry;
    Bytes jpeg;  // without padding; empty unless authentic
};

/// Where the collector found a record: what the topic, its ledger and the chain say. previous is empty when
/// the item before is missing, so its link is unknown.
struct ExpectedPlace {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    std::optional<Digest> previous;
};

class EnvelopeOpener {
  public:
    /// The recipients' dates do not matter: what was sealed in time is opened later too.
    /// Errors: configuration (none is named; names the file and the cure).
    [[nodiscard]] static Result<EnvelopeOpener> create(const std::vector<RecipientFiles>& recipients,
                                                       TrustStore trust);

    /// The same with keys that are loaded: out of a KeyStore. Without any, when all epochs are destroyed,
    /// nothing opens. Errors: configuration (more than max_recipient_keys).
    [[nodiscard]] static Result<EnvelopeOpener> create(std::vector<RecipientKey> recipients,
                                                       TrustStore trust);

    /// received: the collector's clock at receipt, at which the signing key is judged.
    [[nodiscard]] OpenedRead open_read(ByteView blob, UtcTime received) const;
    [[nodiscard]] OpenedHealth open_health(ByteView blob, UtcTime received) const;
    [[nodiscard]] OpenedMedia open_media(ByteView blob) const;
    /// Bytes that we sealed, or somebody for us, and that are no item of a chain; the caller cleanses them.
    /// Errors: refused (not our one shape, sealed to none of our keys), corrupt.
    [[nodiscard]] Result<Bytes> open_bytes(ByteView blob) const;
    /// Of the recipient with this key id; none when we hold no such key.
    [[nodiscard]] X509Ptr certificate_of(std::string_view recipient) const;
    [[nodiscard]] const TrustStore& trust() const { return trust_; }
    /// Ids of the recipients' keys.
    [[nodiscard]] std::vector<std::string> recipients() const;
    /// Those of these keys that we hold are gone when it returns; gives how many.
    std::size_t forget(std::span<const std::string> ids);
    /// A secret that goes with this recipient's key (derived_key.hpp). Errors: not_found (we hold no such
    /// key), internal, io.
    [[nodiscard]] Result<SecretKey> derive(std::string_view recipient, ByteView salt,
                                           std::string_view purpose) const;
    /// Changes when a recipient key comes or goes, or the trust in a signer changes.
    [[nodiscard]] Digest fingerprint() const;
    /// Honours a replaced deny list or revocation list (TrustStore::refresh).
    [[nodiscard]] Result<bool> refresh_trust() { return trust_.refresh(); }

  private:
    struct Recipient {
        RecipientKey pair;
        std::string id;
    };
    struct Plaintext;
    explicit EnvelopeOpener(TrustStore trust) : trust_(std::move(trust)) {}
    [[nodiscard]] Plaintext decrypt(ByteView blob) const;
    template <class Payload>
    [[nodiscard]] Opened<Payload> open_text(ByteView blob, UtcTime received,
                                            Result<Payload> (*parse)(std::string_view)) const;

    std::vector<Recipient> recipients_;
    TrustStore trust_;
};

/// authentic becomes misplaced when the payload does not belong at `place`; other verdicts stay as they are.
template <class Payload>
[[nodiscard]] Verdict place_verdict(const Opened<Payload>& opened, const ExpectedPlace& place) {
    Verdict verdict = opened.verdict;
    if (verdict.authenticity != Authenticity::authentic || !opened.payload) return verdict;
    const Payload& claimed = *opened.payload;
    const bool here = claimed.device == place.device && claimed.chain == place.chain &&
                      claimed.seq == place.seq && (!place.previous || claimed.previous == *place.previous);
    if (!here) verdict.authenticity = Authenticity::misplaced;
    return verdict;
}

/// The entry of the authentic read that this picture, found at `seq` of the read's chain, must fit.
[[nodiscard]] MatchedMedia match_media(const OpenedMedia& media, const ReadPayload& read, Seq seq);

}  // namespace portcullis
