#include "seal/sealer.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "record/canonical.hpp"
#include "record/health_codec.hpp"
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
    payload.clock = record.clock;
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
    [[nodiscard]] static Result<PaddedMedia> create(const std::vector<const Media*>& media) {
        if (media.size() > max_media)
            return fail(ErrorCode::exhausted, "seal: {} pictures in one record are over the limit of {}",
                        media.size(), max_media);
        PaddedMedia padded;
        for (const Media* one : media) {
            const Media& picture = *one;
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

Result<Sealer::Audience> Sealer::make_audience(std::vector<X509Ptr> certificates,
                                               std::vector<std::string> names, std::string_view name) {
    if (certificates.size() > max_recipients)
        return fail(ErrorCode::refused, "seal: {} recipients for the {} are more than {}",
                    certificates.size(), name, max_recipients);
    Audience audience{std::move(certificates), std::move(names), {}};
    std::vector<std::string> ids;
    for (const X509Ptr& certificate : audience.certificates) {
        std::string id = key_id(certificate.get());
        if (std::ranges::find(ids, id) != ids.end())
            return fail(ErrorCode::refused, "certificate {}: stands twice among the recipients of the {}",
                        audience.names[ids.size()], name);
        ids.push_back(std::move(id));
    }
    if (!ids.empty()) audience.digest = TRY(recipients_digest(std::move(ids)));
    return audience;
}

Result<Sealer::Audience> Sealer::load_audience(const std::vector<std::filesystem::path>& paths,
                                               std::string_view name) {
    if (paths.empty() || paths.size() > max_recipients)
        return fail(ErrorCode::configuration, "seal: {} recipients for the {}; name 1 to {} certificates",
                    paths.size(), name, max_recipients);
    std::vector<X509Ptr> certificates;
    std::vector<std::string> names;
    for (const std::filesystem::path& path : paths) {
        certificates.push_back(TRY(load_certificate(path)));
        names.push_back(path.string());
        TRY(check_certificate(certificates.back().get(), CertificateUse::receive, names.back()));
    }
    auto audience = make_audience(std::move(certificates), std::move(names), name);
    if (!audience) return fail(ErrorCode::configuration, "{}", audience.error().message());
    return audience;
}

Result<Sealer> Sealer::create(SealerSettings settings, const SigningKey& key) {
    TRY(check_settings(settings, key));
    Sealer sealer(std::move(settings), key);
    TRY(sealer.reload_recipients());
    return sealer;
}

Result<void> Sealer::replace_key(const SigningKey& key) {
    TRY(check_settings(settings_, key));
    key_ = &key;
    signers_.use(key.certificate());
    return {};
}

Result<void> Sealer::reload_recipients() {
    if (settings_.recipients_by_set) return {};
    Audience readers = TRY(load_audience(settings_.read_recipients, "read"));
    Audience plate = TRY(load_audience(settings_.plate_recipients, "plate picture"));
    Audience health;
    if (!settings_.health_recipients.empty())
        health = TRY(load_audience(settings_.health_recipients, "health record"));
    overview_ = TRY(load_audience(settings_.overview_recipients, "overview"));
    health_ = std::move(health);
    readers_ = std::move(readers);
    plate_ = std::move(plate);
    return {};
}

Result<void> Sealer::replace_audiences(Audiences audiences) {
    const auto make = [&](std::vector<X509Ptr>& certificates, std::string_view name) {
        std::vector<std::string> names;
        names.reserve(certificates.size());
        for (const X509Ptr& certificate : certificates)
            names.push_back(fmt::format("'{}' of the recipient set", common_name(certificate.get())));
        return make_audience(std::move(certificates), std::move(names), name);
    };
    Audience readers = TRY(make(audiences.read, "read"));
    Audience plate = TRY(make(audiences.plate, "plate picture"));
    Audience health = TRY(make(audiences.health, "health record"));
    overview_ = TRY(make(audiences.overview, "overview"));
    health_ = std::move(health);
    readers_ = std::move(readers);
    plate_ = std::move(plate);
    set_ = audiences.set;
    stale_ = audiences.stale;
    return {};
}

std::vector<std::string> Sealer::date_doubts(UtcTime now) const {
    std::vector<std::string> doubts;
    const auto look_at = [&](X509* certificate, std::string_view name) {
        if (const auto dates = check_dates(certificate, now, name); !dates)
            if (std::ranges::find(doubts, dates.error().message()) == doubts.end())
                doubts.push_back(dates.error().message());
    };
    look_at(key_->certificate(), "of the signing key");
    for (const Audience* audience : {&readers_, &plate_, &overview_, &health_})
        for (std::size_t i = 0; i < audience->certificates.size(); ++i)
            look_at(audience->certificates[i].get(), audience->names[i]);
    return doubts;
}

const Sealer::Audience& Sealer::audience(MediaRole role) const {
    return role == MediaRole::plate ? plate_ : overview_;
}

Result<Bytes> Sealer::seal_text(Result<std::string> text, const Audience& audience) const {
    std::string json = TRY(std::move(text));
    const Cleanse cleanse_json(json);
    Bytes statement = TRY(sign_statement(*key_, json));
    const Cleanse cleanse_statement(statement);
    return encrypt(statement, audience.certificates);
}

template <class Payload>
void Sealer::fill_in(Payload& payload, const ChainHead& head, const Digest& last_receipt,
                     const Audience& audience) const {
    payload.fleet = settings_.fleet;
    payload.device = settings_.device;
    payload.boot = settings_.boot;
    payload.chain = head.chain;
    payload.seq = head.next_seq;
    payload.previous = head.link;
    payload.last_receipt = last_receipt;
    payload.recipients = audience.digest;
    payload.recipient_set = set_;
    payload.stale_set = stale_;
}

Result<SealedRecord> Sealer::seal(const CaptureRecord& record, const ChainHead& head,
                                  const Digest& last_receipt) const {
    if (readers_.certificates.empty())
        return fail(ErrorCode::refused,
                    "seal: nobody may open a read: no recipient set has come, or the last one is too old");
    // What nobody may open is not kept.
    std::vector<const Media*> media;
    for (const Media& picture : record.media)
        if (!audience(picture.role).certificates.empty()) media.push_back(&picture);
    const PaddedMedia padded = TRY(PaddedMedia::create(media));
    ReadPayload payload = describe(record);
    const Cleanse cleanse_raw(payload.read.raw);
    fill_in(payload, head, last_receipt, readers_);
    for (std::size_t i = 0; i < media.size(); ++i) {
        const Media& picture = *media[i];
        payload.media.push_back({picture.role, head.next_seq + 1 + i, sha256(padded[i]), picture.jpeg.size(),
                                 audience(picture.role).digest});
    }

    SealedRecord sealed{head.chain, {}};
    sealed.items.push_back({
        head.next_seq, ItemKind::read, TRY(seal_text(encode_payload(payload), readers_))
        , {}
    });
    for (std::size_t i = 0; i < media.size(); ++i) {
        const MediaRole role = media[i]->role;
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
    return signed_item(head, ItemKind::checkpoint, TRY(encode_checkpoint(statement)));
}

Result<SealedItem> Sealer::life(const ChainHead& head, LifeStatement life, UtcTime time) const {
    life.device = settings_.device;
    life.chain = head.chain;
    life.last = head.next_seq - 1;
    life.link = head.link;
    life.time = not_negative(time);
    return signed_item(head, ItemKind::life, TRY(encode_life(life)));
}

Result<SealedItem> Sealer::health(const ChainHead& head, const HealthRecord& record,
                                  const Digest& last_receipt, UtcTime time) const {
    const Audience& audience = health_audience();
    if (audience.certificates.empty())
        return fail(ErrorCode::refused,
                    "seal: nobody may open a health record: no recipient set has come, or "
                    "the last one is too old");
    HealthPayload payload;
    payload.record = record;
    HealthDetail& detail = payload.record.detail;
    detail.camera = to_plain_text(detail.camera, max_camera_bytes);
    detail.camera_trouble = to_plain_text(detail.camera_trouble, max_trouble_bytes);
    detail.hot_zone = to_plain_text(detail.hot_zone, max_zone_bytes);
    payload.time = not_negative(time);
    fill_in(payload, head, last_receipt, audience);
    SealedItem item{head.next_seq, ItemKind::health, {}, {}};
    item.blob = TRY(seal_text(encode_health(payload), audience));
    item.link = next_link(head.link, item.seq, sha256(item.blob));
    return item;
}

Result<SealedItem> Sealer::signed_item(const ChainHead& head, ItemKind kind, std::string_view json) const {
    Bytes blob = TRY(sign_statement(*key_, json));
    SealedItem item{head.next_seq, kind, std::move(blob), {}};
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

Result<Tombstone> Sealer::forerunners_tombstone(ByteView blob) const {
    for (const X509Ptr& certificate : signers_.forerunners())
        if (const auto text = verify_own_statement(blob, certificate.get())) return parse_tombstone(*text);
    return fail(ErrorCode::refused, "seal: signed by no key that was ours");
}

}  // namespace portcullis
