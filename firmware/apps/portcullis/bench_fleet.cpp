#include "apps/portcullis/bench_fleet.hpp"

#include <random>

#include "core/reading.hpp"
#include "core/statement.hpp"
#include "drivers/keys/file/file_signing_key.hpp"

namespace portcullis::bench {

namespace {

constexpr Seq checkpoint_every = 64;
constexpr std::size_t plate_letters = 7;
constexpr std::size_t plate_bytes = 3'000;
constexpr std::size_t overview_bytes = 20'000;

CaptureRecord record_of(std::mt19937_64& random, bool pictures) {
    CaptureRecord record;
    record.passage = {random() >> 12U,
                      "lane-1",
                      Direction::approaching,
                      BootTime(microseconds(1'000'000)),
                      BootTime(microseconds(1'900'000)),
                      12};
    for (std::size_t i = 0; i < plate_letters; ++i)
        record.read.characters.push_back(
            {alphabet_at(random() % plate_alphabet), 0.98F, {{'8', 0.01F}, {'0', 0.002F}, {'Q', 0.001F}}});
    record.read.raw = text_of(record.read.characters);
    record.read.confidence = 0.9F;
    record.read.readings = 9;
    record.read.jurisdiction = {"gb", 0.75F};
    record.quad = {{{{10.5F, 20.25F}, {110, 22}, {109, 48}, {9, 46}}}};
    record.captured = SystemClock().utc();
    record.captured_since_boot = SystemClock().since_boot();
    record.clock.quality = ClockQuality::ntp;
    record.firmware = PORTCULLIS_VERSION;
    record.model = std::string(64, 'a');
    if (!pictures) return record;
    record.media = {{MediaRole::plate, Bytes(plate_bytes, std::byte{0xd8})},
                    {MediaRole::overview, Bytes(overview_bytes, std::byte{0xd9})}};
    return record;
}

/// As the uplink makes it.
BrokerMessage message_of(const std::string& device, const ChainId& chain, SealedItem item) {
    return {.topic = fmt::format("lpr/v1/dev/{}/{}", device, topic_leaf(item.kind)),
            .payload = std::move(item.blob),
            .content_type = "application/cms",
            .properties = {{"v", "1"},
                           {"chain", to_string(chain)},
                           {"seq", std::to_string(item.seq)},
                           {"kind", std::string(to_string(item.kind))}}};
}

/// One device's chain, and what of it stands in no checkpoint yet.
struct Chain {
    std::string device;
    ChainHead head;
    Seq open_from = 1;
};

}  // namespace

Result<Fleet> Fleet::create(std::size_t devices) {
    Fleet fleet(TRY(ThrowAwayKeys::create(1, devices)));
    for (std::size_t i = 0; i < devices; ++i) {
        const KeyFiles& files = fleet.keys_.devices()[i];
        fleet.keys_of_devices_.push_back(TRY(FileSigningKey::create(files.key, files.certificate)));
        SealerSettings settings;
        settings.device = ThrowAwayKeys::device_name(i);
        settings.fleet = "bench";
        settings.boot = "boot-1";
        settings.read_recipients = settings.plate_recipients =
            settings.overview_recipients = {fleet.keys_.recipients()[0].certificate};
        fleet.sealers_.push_back(TRY(Sealer::create(std::move(settings), *fleet.keys_of_devices_.back())));
    }
    return fleet;
}

Result<std::vector<BrokerMessage>> Fleet::seal(std::uint64_t records, bool pictures) const {
    std::mt19937_64 random{20'261'127};  // NOLINT(cert-msc51-cpp,cert-msc32-c): the same plates in each run
    std::random_device chance;
    std::vector<Chain> chains;
    for (std::size_t i = 0; i < sealers_.size(); ++i) {
        Chain chain{ThrowAwayKeys::device_name(i), {}, 1};
        for (std::byte& byte : chain.head.chain.bytes)
            byte = static_cast<std::byte>(chance());
        chain.head.next_seq = 1;
        chain.head.link = first_link(chain.device, chain.head.chain);
        chains.push_back(std::move(chain));
    }
    std::vector<BrokerMessage> messages;
    const auto add = [&messages](Chain& chain, SealedItem item) {
        chain.head = {chain.head.chain, item.seq + 1, item.link};
        messages.push_back(message_of(chain.device, chain.head.chain, std::move(item)));
    };
    for (std::uint64_t n = 0; n < records; ++n) {
        Chain& chain = chains[n % chains.size()];
        const Sealer& sealer = sealers_[n % chains.size()];
        SealedRecord sealed = TRY(sealer.seal(record_of(random, pictures), chain.head, {}));
        for (SealedItem& item : sealed.items)
            add(chain, std::move(item));
        if (chain.head.next_seq - chain.open_from < checkpoint_every) continue;
        add(chain, TRY(sealer.checkpoint(chain.head, chain.open_from, SystemClock().utc())));
        chain.open_from = chain.head.next_seq;
    }
    return messages;
}

Result<TrustStore> Fleet::trust() const {
    return TrustStore::create({.ca_chain = keys_.authority(), .signers = keys_.signers()});
}

Result<EnvelopeOpener> Fleet::opener() const {
    const KeyFiles& files = keys_.recipients()[0];
    std::vector<RecipientFiles> recipients{{files.key, files.certificate}};
    return EnvelopeOpener::create(recipients, TRY(trust()));
}

}  // namespace portcullis::bench
