#include "seal/sealer.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "record/canonical.hpp"
#include "record/payload.hpp"
#include "record/size_bucket.hpp"
#include "record/statement_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/gate.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

ItemKind kind_of(MediaRole role) {
    return role == MediaRole::plate ? ItemKind::plate : ItemKind::overview;
}

float to_confidence(float value) {
    return std::isfinite(value) ? std::clamp(value, 0.0F, 1.0F) : 0.0F;
}

/// The payload carries the best alternatives only: the rest weigh nothing. In place: a read that is handed on
/// by value leaves its raw text behind on the stack.
void make_writable(Read& read) {
    read.jurisdiction.code = to_plain_text(read.jurisdiction.code, max_name_bytes);
    read.jurisdiction.confidence = to_confidence(read.jurisdiction.confidence);
    read.confidence = to_confidence(read.confidence);
    for (CharacterReading& character : read.characters) {
        character.confidence = to_confidence(character.confidence);
        if (character.alternatives.size() > max_alternatives) character.alternatives.resize(max_alternatives);
        for (CharacterChoice& choice : character.alternatives)
            choice.confidence = to_confidence(choice.confidence);
    }
}

/// A clock before 1970 is a clock that is not set.
template <class Time>
Time not_negative(Time time) {
    return std::max(time, Time{});
}

ReadPayload describe(const CaptureRecord& record) {
    ReadPayload payload;
    payload.captured = not_negative(record.captured);
    payload.captured_since_boot = not_negative(record.captured_since_boot);
    payload.clock_quality = record.clock_quality;
    payload.read = record.read;
    make_writable(payload.read);
    payload.quad = record.quad;
    payload.passage = record.passage;
    payload.passage.lane = to_plain_text(record.passage.lane, max_name_bytes);
    payload.passage.first_seen = not_negative(record.passage.first_seen);
    payload.passage.last_seen = not_negative(record.passage.last_seen);
    payload.firmware = to_plain_text(record.firmware, max_name_bytes);
    payload.model = to_plain_text(record.model, max_name_bytes);
    return payload;
}

/// Each picture padded, in the record's order. They are plaintext: the vector cleanses them.
class PaddedMedia {
  public:
    [[nodiscard]] static Result<PaddedMedia> create(const std::vector<Media>& media) {
        if (media.size() > max_media)
            return fail(ErrorCode::exhausted, "seal: {} pictures in one record are over the limit of {}",
                        media.size(), max_media);
        PaddedMedia padded;
        for (const Media& picture : media) {
            if (picture.jpeg.empty())
                return fail(ErrorCode::invalid_argument, "seal: the {} picture is empty",
                            to_string(picture.role));
            if (picture.jpeg.size() > max_picture_bytes)
                return fail(ErrorCode::exhausted, "seal: the {} picture of {} bytes is over the limit of {}",
                            to_string(picture.role), picture.jpeg.size(), max_picture_bytes);
            padded.pictures_.push_back(pad(picture));
        }
        return padded;
    }
    PaddedMedia(PaddedMedia&&) = default;
    PaddedMedia& operator=(PaddedMedia&&) = delete;
    ~PaddedMedia() {
        for (Bytes& picture : pictures_)
            OPENSSL_cleanse(picture.data(), picture.size());
    }
    [[nodiscard]] const Bytes& operator[](std::size_t i) const { return pictures_[i]; }

  private:
    PaddedMedia() = default;
    /// Of its full length at once: a vector that grows leaves its old content behind.
    static Bytes pad(const Media& picture) {
        Bytes padded(bucket_bytes(picture.role, picture.jpeg.size()));
        std::ranges::copy(picture.jpeg, padded.begin());
        return padded;
    }
    std::vector<Bytes> pictures_;
};

Result<void> check_settings(const SealerSettings& settings, const SigningKey& key) {
    if (!is_device_name(settings.device))
        return fail(
            ErrorCode::configuration,
            "seal: the device's name is not 1 to {} of a-z, 0-9 and '-'; correct it in the configuration",
            max_device_name_bytes);
    if (!is_plain_text(settings.fleet, max_name_bytes) || !is_plain_text(settings.boot, max_name_bytes))
        return fail(ErrorCode::configuration,
                    "seal: fleet and boot id are texts of at most {} bytes without quotes", max_name_bytes);
    const std::string name = common_name(key.certificate());
    if (name != settings.device)
        return fail(ErrorCode::configuration,
                    "seal: the signing certificate is for '{}', the configuration says device '{}'; use that "
                    "device's certificate",
                    to_plain_text(name, max_name_bytes), settings.device);
    return check_certificate(key.certificate(), CertificateUse::sign_reads, "of the signing key");
}

}  // namespace

Result<Sealer::Audience> Sealer::load_audience(const std::vector<std::filesystem::path>& paths,
                                               std::string_view name) {
    if (paths.empty() || paths.size() > max_recipients)
        return fail(ErrorCode::configuration, "seal: {} recipients for the {}; name 1 to {} certificates",
                    paths.size(), name, max_recipients);
    Audience audience;
    std::vector<std::string> ids;
    for (const std::filesystem::path& path : paths) {
        X509Ptr certificate = TRY(load_certificate(path));
        TRY(check_certificate(certificate.get(), CertificateUse::receive, path.string()));
        std::string id = key_id(certificate.get());
        if (std::ranges::find(ids, id) != ids.end())
            return fail(ErrorCode::configuration,
                        "certificate {}: stands twice among the recipients of the {}", path.string(), name);
        ids.push_back(std::move(id));
        audience.certificates.push_back(std::move(certificate));
        audience.names.push_back(path.string());
    }
    audience.digest = TRY(recipients_digest(std::move(ids)));
    return audience;
}

Result<Sealer> Sealer::create(SealerSettings settings, const SigningKey& key) {
    TRY(check_settings(settings, key));
    Sealer sealer(std::move(settings), key);
    const SealerSettings& s = sealer.settings_;
    sealer.readers_ = TRY(load_audience(s.read_recipients, "read"));
    sealer.plate_ = TRY(load_audience(s.plate_recipients, "plate picture"));
    sealer.overview_ = TRY(load_audience(s.overview_recipients, "overview"));
    return sealer;
}

std::vector<std::string> Sealer::date_doubts(UtcTime now) const {
    std::vector<std::string> doubts;
    const auto look_at = [&](X509* certificate, std::string_view name) {
        if (const auto dates = check_dates(certificate, now, name); !dates)
            if (std::ranges::find(doubts, dates.error().message()) == doubts.end())
                doubts.push_back(dates.error().message());
    };
    look_at(key_->certificate(), "of the signing key");
    for (const Audience* audience : {&readers_, &plate_, &overview_})
        for (std::size_t i = 0; i < audience->certificates.size(); ++i)
            look_at(audience->certificates[i].get(), audience->names[i]);
    return doubts;
}

const Sealer::Audience& Sealer::audience(MediaRole role) const {
    return role == MediaRole::plate ? plate_ : overview_;
}

Result<Bytes> Sealer::seal_read(const ReadPayload& payload) const {
    std::string json = TRY(encode_payload(payload));
    const Cleanse cleanse_json(json);
    Bytes statement = TRY(sign_statement(*key_, json));
    const Cleanse cleanse_statement(statement);
    return encrypt(statement, readers_.certificates);
}

Result<SealedRecord> Sealer::seal(const CaptureRecord& record, const ChainHead& head,
                                  const Digest& last_receipt) const {
    const PaddedMedia padded = TRY(PaddedMedia::create(record.media));
    ReadPayload payload = describe(record);
    const Cleanse cleanse_raw(payload.read.raw);
    payload.fleet = settings_.fleet;
    payload.device = settings_.device;
    payload.boot = settings_.boot;
    payload.chain = head.chain;
    payload.seq = head.next_seq;
    payload.previous = head.link;
    payload.last_receipt = last_receipt;
    payload.recipients = readers_.digest;
    for (std::size_t i = 0; i < record.media.size(); ++i) {
        const Media& picture = record.media[i];
        payload.media.push_back({picture.role, head.next_seq + 1 + i, sha256(padded[i]), picture.jpeg.size(),
                                 audience(picture.role).digest});
    }

    SealedRecord sealed{head.chain, {}};
    sealed.items.push_back({
        head.next_seq, ItemKind::read, TRY(seal_read(payload))
        , {}
    });
    for (std::size_t i = 0; i < record.media.size(); ++i) {
        const MediaRole role = record.media[i].role;
        sealed.items.push_back({
            head.next_seq + 1 + i, kind_of(role), TRY(encrypt(padded[i], audience(role).certificates))
            , {}
        });
    }
    Digest link = head.link;
    for (SealedItem& item : sealed.items)
        link = item.link = next_link(link, item.seq, sha256(item.blob));
    return sealed;
}

Result<SealedItem> Sealer::checkpoint(const ChainHead& head, Seq first, UtcTime time) const {
    const Checkpoint statement{settings_.device,  head.chain, first,
                               head.next_seq - 1, head.link,  not_negative(time)};
    const std::string json = TRY(encode_checkpoint(statement));
    SealedItem item {
        head.next_seq, ItemKind::checkpoint, TRY(sign_statement(*key_, json))
        , {}
    };
    item.link = next_link(head.link, item.seq, sha256(item.blob));
    return item;
}

Result<Bytes> Sealer::tombstone(const Tombstone& tombstone) const {
    if (tombstone.device != settings_.device)
        return fail(ErrorCode::invalid_argument, "seal: a tombstone of another device");
    return sign_statement(*key_, TRY(encode_tombstone(tombstone)));
}

Result<Tombstone> Sealer::own_tombstone(ByteView blob) const {
    return parse_tombstone(TRY(verify_own_statement(blob, *key_)));
}

}  // namespace portcullis
