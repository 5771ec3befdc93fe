#include "delivery_bench.hpp"

#include <openssl/x509.h>

#include "collector/ingest/collector_service.hpp"
#include "seal/encrypt.hpp"

namespace portcullis::test {

namespace {

constexpr Seq checkpoint_every = 64;
constexpr std::size_t whole_check_rows = 300;      // larger spools are checked by their sums
constexpr std::uint64_t max_drain_steps = 20'000;  // and one for each item
constexpr milliseconds moving{20};                 // between two steps while something is on its way ...
constexpr milliseconds waiting{2000};              // ... and while all wait for a patience to end
// A GCM tag stands at an envelope's end, two bytes of DER before it.
constexpr std::size_t tag_and_header = 18;

}  // namespace

DeliveryKeys::DeliveryKeys(UtcTime until) {
    device = pki.issue("gate-1", "gate-1", {.until = until});
    pki.know(device, "gate-1");
    receipt = pki.issue("receipt", "collector", {.ca = "service-ca", .until = now + 400 * day});
    const KeyFiles reader = pki.recipient("collector-read");
    device_key = must(FileSigningKey::create(device.key, device.certificate));
    receipt_key =
        must(FileSigningKey::create(receipt.key, receipt.certificate, CertificateUse::sign_receipts));
    sealer = must(Sealer::create({.device = "gate-1",
                                  .fleet = "test-fleet",
                                  .boot = "boot-1",
                                  .read_recipients = {reader.certificate},
                                  .plate_recipients = {reader.certificate},
                                  .overview_recipients = {reader.certificate}},
                                 *device_key));
    std::vector<X509Ptr> recipients;
    recipients.push_back(must(load_certificate(reader.certificate)));
    read = must(encrypt(Bytes(200), recipients));
    plate = must(encrypt(Bytes(300), recipients));
    overview = must(encrypt(Bytes(500), recipients));
}

void DeliveryKeys::renew(UtcTime from) {
    const KeyFiles next = pki.issue("gate-1-next", "gate-1", {.from = from - day, .until = from + 30 * day});
    pki.know(next, "gate-1-next");
    renewed_key = must(FileSigningKey::create(next.key, next.certificate));
    REQUIRE(sealer->replace_key(*renewed_key));
}

Bytes DeliveryKeys::blob(ItemKind kind, Seq seq) const {
    Bytes blob = kind == ItemKind::read ? read : kind == ItemKind::plate ? plate : overview;
    for (std::size_t i = 0; i < sizeof seq; ++i)
        blob.at(blob.size() - tag_and_header - 1 - i) = static_cast<std::byte>(seq >> (8 * i));
    return blob;
}

TrustStore DeliveryKeys::devices() const {
    return must(TrustStore::create({.ca_chain = pki.chain("device-ca"), .signers = pki.signers()}));
}

TrustStore DeliveryKeys::receipts() const {
    return must(TrustStore::create({.ca_chain = pki.chain("service-ca"),
                                    .signers = receipt.certificate,
                                    .use = CertificateUse::sign_receipts,
                                    .revocations = {},
                                    .deny_list = {}}));
}

Delivery::Delivery(const DeliveryKeys& keys, std::uint64_t seed, std::uint64_t quota_items)
    : broker(clock, seed),
      keys_(keys),
      spool_settings_{.path = dir_.path() / "spool.db",
                      .device = "gate-1",
                      .quota_items = quota_items,
                      .quota_age = std::chrono::days(14)} {
    open_reader();
    start_uplink();
    start_collector();
}

void Delivery::open_reader() {
    reader_.reset();
    TombstoneMaker maker([this](const Tombstone& one) -> Result<Bytes> { return declare(one); },
                         [this](ByteView blob) { return keys_.sealer->own_tombstone(blob); });
    maker.verify_forerunner = [this](ByteView blob) { return keys_.sealer->forerunners_tombstone(blob); };
    maker.forerunners = [this] { return keys_.sealer->forerunners(); };
    reader_ = must(Spool::open(spool_settings_, std::move(maker), clock));
    REQUIRE_FALSE(reader_->set_aside());
    head_ = reader_->head();
    intake_.emplace(must(ReceiptIntake::create(
        inbox_folder_, "gate-1", [this]() -> Result<TrustStore> { return keys_.receipts(); }, *reader_,
        clock)));
    if (guest_) guest_ = must(Spool::attach(spool_settings_, clock));  // as UplinkService does
}

Bytes Delivery::declare(const Tombstone& tombstone) {
    if (declared_.size() <= tombstone.last) declared_.resize(tombstone.last + 1);
    for (Seq seq = tombstone.first; seq <= tombstone.last; ++seq) {
        if (!declared_[seq]) ++declared_count_;
        declared_[seq] = true;
    }
    return must(keys_.sealer->tombstone(tombstone));
}

void Delivery::start_uplink() {
    if (uplink_) {
        broker.hang_up(Side::device);
        gone_.published += uplink_->counters().published;
        gone_.resent += uplink_->counters().resent;
    }
    guest_ = must(Spool::attach(spool_settings_, clock));
    uplink_.emplace(UplinkSettings{.device = "gate-1"}, broker.port(Side::device), keys_.receipts(),
                    must(InboxWriter::create(dir_.path() / "inbox")), clock);
    REQUIRE(broker.port(Side::device).start(uplink_->handlers()));
}

void Delivery::start_collector() {
    if (ingest_) {
        broker.hang_up(Side::collector);
        gone_.stored += ingest_->counters().stored;
        gone_.duplicates += ingest_->counters().duplicates;
        inbox_.clear();  // accepted by its library, and not yet stored
        ingest_.reset();
    }
    ingest_.emplace(must(Store::open({.path = dir_.path() / "store.db", .quarantine = {}, .create = true})),
                    keys_.devices(), *keys_.receipt_key, clock);
    BrokerHandlers handlers;
    handlers.message = [this](BrokerMessage message) {
        if (inbox_.size() >= max_unstored_messages) {
            inbox_.pop_front();
            ++gone_.overflowed;
        }
        inbox_.push_back(std::move(message));
    };
    handlers.accepted = [](std::uint64_t, const Result<void>&) {};
    handlers.state = [](bool, const std::string&) {};
    REQUIRE(broker.port(Side::collector).start(std::move(handlers)));
}

void Delivery::add(SealedRecord& record, ItemKind kind) {
    SealedItem item{.seq = head_.next_seq, .kind = kind, .blob = keys_.blob(kind, head_.next_seq)};
    item.link = next_link(head_.link, item.seq, sha256(item.blob));
    head_.link = item.link;
    ++head_.next_seq;
    record.items.push_back(std::move(item));
}

void Delivery::append(SealedRecord record) {
    for (const SealedItem& item : record.items) {
        digests_.push_back(sha256(item.blob));
        links_.push_back(item.link);
    }
    const auto appended = reader_->append(record);
    REQUIRE_MESSAGE(appended, (appended ? "" : appended.error().message()));
    head_ = reader_->head();
}

void Delivery::append_passage() {
    SealedRecord record{head_.chain, {}};
    add(record, ItemKind::read);
    if (!broker.dice(100)) add(record, ItemKind::plate);
    if (!broker.dice(300)) add(record, ItemKind::overview);
    append(std::move(record));
    if (head_.next_seq <= checkpointed_ + checkpoint_every) return;
    SealedItem checkpoint = must(keys_.sealer->checkpoint(head_, checkpointed_ + 1, clock.utc()));
    checkpointed_ = checkpoint.seq;
    append({head_.chain, {std::move(checkpoint)}});
}

void Delivery::step(milliseconds pause) {
    clock.advance(pause);
    broker.step();
    roll_restarts();
    const auto turned = uplink_->turn(*guest_);
    REQUIRE_MESSAGE(turned, (turned ? "" : turned.error().message()));
    REQUIRE(reader_->sign_anew());
    intake_->look();
    collector_turn();
    check();
}

void Delivery::roll_restarts() {
    if (broker.dice(restarts.uplink)) start_uplink();
    if (broker.dice(restarts.reader)) open_reader();
    if (broker.dice(restarts.collector)) start_collector();
}

// As CollectorService::turn, which has threads and an opener besides. A kill may come after the commit and
// before the receipt.
void Delivery::collector_turn() {
    std::vector<BrokerMessage> batch;
    while (!inbox_.empty() && batch.size() < CollectorServiceSettings{}.batch_messages) {
        batch.push_back(std::move(inbox_.front()));
        inbox_.pop_front();
    }
    if (!batch.empty()) static_cast<void>(must(ingest_->accept(batch)));
    if (broker.dice(restarts.collector)) start_collector();
    for (BrokerMessage& message : must(ingest_->receipts()))
        // Not connected just now: the device sends again, and is answered then.
        static_cast<void>(broker.port(Side::collector).publish(++receipt_token_, std::move(message)));
}

void Delivery::drive(int passages) {
    constexpr std::uint64_t busy_road_ms = 500;
    for (int i = 0; i < passages; ++i) {
        append_passage();
        step(milliseconds(1 + broker.below(busy_road_ms)));
    }
}

void Delivery::drain() {
    std::uint64_t moves = 0;
    for (std::uint64_t steps = 0; steps < max_drain_steps + last_seq(); ++steps) {
        const bool quiet = !broker.busy() && inbox_.empty();
        if (quiet && must(guest_->stats()).items == 0) return;
        const std::uint64_t before = broker.moves();
        step(before == moves && inbox_.empty() ? waiting : moving);
        moves = before;
    }
    FAIL("the spool does not get empty");
}

void Delivery::settle() {
    broker.tricks = {};
    restarts = {};
    drain();
}

ChainRow Delivery::chain() {
    const auto row = must(ingest_->store().chains.find("gate-1", head_.chain));
    REQUIRE(row);
    return *row;
}

bool Delivery::stored(const ChainRow& chain, Seq seq) {
    const auto item = must(ingest_->store().items.find(chain.id, seq));
    return item && item->digest == digests_.at(seq - 1);
}

bool Delivery::at_collector(Seq seq) {
    const auto row = must(ingest_->store().chains.find("gate-1", head_.chain));
    return row && stored(*row, seq);
}

bool Delivery::stored_or_declared(const ChainRow& chain, Seq seq) {
    return stored(chain, seq) ||
           (declared(seq) && must(ingest_->store().tombstones.covering(chain.id, seq)).has_value());
}

void Delivery::check() {
    const SpoolStats stats = must(guest_->stats());
    if (stats.items != checked_rows_ || stats.last_seq != checked_seq_ || stats.received != released_)
        check_rows(stats);
    checked_rows_ = stats.items;
    checked_seq_ = stats.last_seq;
    if (stats.received == released_) return;
    REQUIRE(stats.received > released_);
    REQUIRE(stats.received <= broker.promised());  // a receipt, and nothing else
    const ChainRow here = chain();
    while (released_ < stats.received)
        if (!stored_or_declared(here, ++released_))
            FAIL("seq " << released_ << " left the spool and is not at the collector");
}

/// The rows reach without a hole from the last receipt to the last item.
void Delivery::check_rows(const SpoolStats& stats) {
    REQUIRE(stats.last_seq == last_seq());
    if (stats.items > whole_check_rows) {
        if (!shed()) REQUIRE(stats.items == stats.last_seq - stats.received);
        return;
    }
    Seq last = stats.received;
    for (const SpooledItem& row : must(guest_->peek(0, whole_check_rows, std::size_t{1} << 30))) {
        if (row.first != last + 1) FAIL("seq " << last + 1 << " is gone from the spool without a receipt");
        last = row.item.seq;
        if (row.item.kind != ItemKind::tombstone && row.item.link != links_.at(last - 1))
            FAIL("seq " << last << " is not what was appended");
    }
    REQUIRE(last == stats.last_seq);
}

void Delivery::check_end() {
    CHECK(must(guest_->stats()).items == 0);
    CHECK(released_ == last_seq());
    Store& store = ingest_->store();
    const ChainRow here = chain();
    std::uint64_t stored_items = 0;
    for (Seq seq = 1; seq <= last_seq(); ++seq) {
        if (stored(here, seq)) ++stored_items;
        if (!stored_or_declared(here, seq)) FAIL("seq " << seq << " is lost");
    }
    CHECK(must(store.items.count()) == stored_items);  // none that was not appended, none at another place
    CHECK(must(store.chains.count()) == 1);
    CHECK(here.upto == last_seq());
    CHECK(here.upto_link == head_.link);
    CHECK(here.last == last_seq());
    CHECK(here.mismatch == 0);
    CHECK(here.conflicts == 0);
    CHECK(must(store.quarantine.count()) == 0);
    CHECK(uplink_->counters().refused_receipts == 0);
    check_gaps(here);
    if (shed()) return;
    CHECK(totals().stored == last_seq());
    CHECK(must(store.incidents.count()) == 0);
}

/// Nothing is missing; what came late came after all; what did not was declared, by us.
void Delivery::check_gaps(const ChainRow& chain) {
    GapTable& gaps = ingest_->store().gaps;
    CHECK(must(gaps.count_open()) == 0);
    for (const GapRow& gap : must(gaps.of(chain.id, false, max_closed_gaps)))
        for (Seq seq = gap.first; seq <= gap.last; ++seq)
            if (gap.declared != Declared::no && !declared(seq)) FAIL("seq " << seq << " was never shed");
}

Totals Delivery::totals() const {
    Totals all = gone_;
    all.published += uplink_->counters().published;
    all.resent += uplink_->counters().resent;
    all.stored += ingest_->counters().stored;
    all.duplicates += ingest_->counters().duplicates;
    return all;
}

}  // namespace portcullis::test
