#pragma once
// Sealer: the device's side. Signs and encrypts what a passage left behind; holds no key that could open it.
// Thread-bound (the signing key is).

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/capture_record.hpp"
#include "core/health_report.hpp"
#include "core/sealed_item.hpp"
#include "core/statement.hpp"
#include "ports/signing_key.hpp"
#include "seal/certificate.hpp"
#include "seal/own_signers.hpp"

namespace portcullis {

struct ReadPayload;
struct HealthPayload;

struct SealerSettings {
    std::string device;  // must be the common name of the signing key's certificate
    std::string fleet;
    std::string boot;  // id of this run of the device
    /// Certificates of those who may open, 1 to max_recipients for each audience.
    std::vector<std::filesystem::path> read_recipients;
    std::vector<std::filesystem::path> plate_recipients;
    std::vector<std::filesystem::path> overview_recipients;
    /// Of health records; may be empty: then they are sealed to the reads' recipients.
    std::vector<std::filesystem::path> health_recipients = {};
    /// Nobody may open until replace_audiences says who; the paths above must be empty.
    bool recipients_by_set = false;
};

/// Who may open what, as a recipient set says it.
struct Audiences {
    std::vector<X509Ptr> read;
    std::vector<X509Ptr> plate;
    std::vector<X509Ptr> overview;
    std::vector<X509Ptr> health;  // empty: the reads' recipients
    Digest set{};                 // of the set's signed bytes
    bool stale = false;           // stands in each read: the set is more than 7 days old
};

class Sealer {
  public:
    /// `key` is borrowed and must outlive the sealer. Errors: configuration (names the file and the cure).
    [[nodiscard]] static Result<Sealer> create(SealerSettings settings, const SigningKey& key);

    /// The read, then its pictures in the record's order, at consecutive seqs from head.next_seq.
    /// last_receipt: digest of the newest receipt's blob, zero before the first.
    /// A picture that nobody may open is left out.
    /// Errors: refused (nobody may open a read), exhausted (a picture or the payload is over its limit: names
    /// it), invalid_argument (a field out of range), internal (OpenSSL or the key's chip refused). Nothing is
    /// half done.
    [[nodiscard]] Result<SealedRecord> seal(const CaptureRecord& record, const ChainHead& head,
                                            const Digest& last_receipt) const;
    /// States that items first..head.next_seq-1 end in head.link; itself takes the place head.next_seq.
    [[nodiscard]] Result<SealedItem> checkpoint(const ChainHead& head, Seq first, UtcTime time) const;
    /// What `life` says, at the place head.next_seq: its device, chain, last, link and time are filled in.
    [[nodiscard]] Result<SealedItem> life(const ChainHead& head, LifeStatement life, UtcTime time) const;
    /// The device's health, of one length whatever it says, at the place head.next_seq; names that place and
    /// the link before it as a read does. Errors as seal's; what is too long of its texts is cut.
    [[nodiscard]] Result<SealedItem> health(const ChainHead& head, const HealthRecord& record,
                                            const Digest& last_receipt, UtcTime time) const;
    /// Somebody may open it.
    [[nodiscard]] bool seals_health() const { return !health_audience().certificates.empty(); }
    /// The blob only: a tombstone stands in the place of the items it names.
    [[nodiscard]] Result<Bytes> tombstone(const Tombstone& tombstone) const;
    /// The tombstone, if this sealer's key signed the blob. Errors: refused (no tombstone of our profile),
    /// corrupt (the signature does not hold).
    [[nodiscard]] Result<Tombstone> own_tombstone(ByteView blob) const;
    /// The same for the keys that it signed with before this one (OwnSigners): the spool has what they signed
    /// signed anew. Errors: refused (no tombstone of our profile, or by none of them).
    [[nodiscard]] Result<Tombstone> forerunners_tombstone(ByteView blob) const;
    /// 0 when no such key is known; another number with each change.
    [[nodiscard]] std::uint64_t forerunners() const { return signers_.changes(); }
    /// They are kept in this file from now on (OwnSigners::keep_in), whose folder is there and the owner's.
    void keep_signers(std::filesystem::path file) { signers_.keep_in(std::move(file)); }
    /// Tries again what the disk did not take.
    void save_signers() { signers_.save(); }

    /// From the next record on. An audience may be empty. Errors: refused (more than max_recipients, one key
    /// twice); then it stays as it was.
    [[nodiscard]] Result<void> replace_audiences(Audiences audiences);
    /// From the next record on this key signs; it must outlive the sealer. Errors: configuration (another
    /// device's, unfit); then it stays as it was.
    [[nodiscard]] Result<void> replace_key(const SigningKey& key);
    /// Reads the settings' certificates again, for a changed file; as it was after an error. Nothing when the
    /// device lives by sets. Errors: configuration.
    [[nodiscard]] Result<void> reload_recipients();

    /// What is wrong at `now` with the dates of our own certificate and the recipients', one line each. It
    /// keeps nobody from sealing, which needs no clock: the collector judges by its own.
    [[nodiscard]] std::vector<std::string> date_doubts(UtcTime now) const;

  private:
    struct Audience {
        std::vector<X509Ptr> certificates;
        std::vector<std::string> names;  // of the certificates' files
        Digest digest{};                 // recipients_digest
    };
    Sealer(SealerSettings settings, const SigningKey& key)
        : settings_(std::move(settings)), key_(&key), signers_(settings_.device) {
        signers_.use(key.certificate());
    }
    [[nodiscard]] static Result<Audience> make_audience(std::vector<X509Ptr> certificates,
                                                        std::vector<std::string> names,
                                                        std::string_view name);
    [[nodiscard]] static Result<Audience> load_audience(const std::vector<std::filesystem::path>& paths,
                                                        std::string_view name);
    [[nodiscard]] const Audience& audience(MediaRole role) const;
    [[nodiscard]] const Audience& health_audience() const {
        return health_.certificates.empty() ? readers_ : health_;
    }
    /// Where it stands, who may open it, and what the device had by then: alike in all that it seals.
    template <class Payload>
    void fill_in(Payload& payload, const ChainHead& head, const Digest& last_receipt,
                 const Audience& audience) const;
    [[nodiscard]] Result<SealedItem> signed_item(const ChainHead& head, ItemKind kind,
                                                 std::string_view json) const;
    /// text: as its encoder gave it, or why it could not.
    [[nodiscard]] Result<Bytes> seal_text(Result<std::string> text, const Audience& audience) const;

    SealerSettings settings_;
    const SigningKey* key_;
    OwnSigners signers_;
    Audience readers_;
    Audience plate_;
    Audience overview_;
    Audience health_;
    Digest set_{};
    bool stale_ = false;
};

}  // namespace portcullis
