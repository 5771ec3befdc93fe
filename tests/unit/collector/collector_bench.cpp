#include "unit/collector/collector_bench.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/file.hpp"
#include "collector/ingest/schema.hpp"
#include "database/database.hpp"
#include "record/statement_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/statement.hpp"
#include "support/collector_settings.hpp"
#include "support/postgres.hpp"

namespace portcullis::test {

namespace {

KeyFiles receipt_files(const TestPki& pki) {
    Request request;
    request.ca = "service-ca";
    return pki.issue("collector-receipt", "collector", request);
}

TrustStore trust_in_collector(const TestPki& pki) {
    TrustSettings settings;
    settings.ca_chain = pki.chain("service-ca");
    settings.signers = pki.folder() / "collector-receipt.crt";
    settings.use = CertificateUse::sign_receipts;
    return must(TrustStore::create(settings));
}

constexpr auto ingest_role = "ingest";
constexpr auto reader_role = "reader";

/// An empty store, as its owner makes it; ingest has no more rights in it than it needs.
PostgresSettings new_store(const Clock& clock) {
    static const bool has_roles = [] {
        shared_postgres().execute(
            fmt::format("CREATE ROLE {} LOGIN; CREATE ROLE {} LOGIN", ingest_role, reader_role));
        return true;
    }();
    REQUIRE(has_roles);
    PostgresSettings settings = shared_postgres().new_database();
    const auto owner = must(PostgresConnection::connect(settings, clock));
    must_do(owner->adopt(store_tables()));
    must_do(owner->execute(store_rights({ingest_role, {reader_role}})));
    return settings;
}

/// Stores that no bench uses any more: to empty one costs less than to make one.
std::vector<PostgresSettings>& idle_stores() {
    static std::vector<PostgresSettings> idle;
    return idle;
}

PostgresSettings empty_store(const Clock& clock) {
    if (idle_stores().empty()) return new_store(clock);
    PostgresSettings settings = std::move(idle_stores().back());
    idle_stores().pop_back();
    must_do(must(PostgresConnection::connect(settings, clock))
                ->execute("TRUNCATE chain, item, blob, tombstone, gap, quarantine, incident, receipt, "
                          "device, note, life "
                          "RESTART IDENTITY"));
    return settings;
}

}  // namespace

TestDevice::TestDevice(const Road& road, const SigningKey& key, std::string device)
    : name(std::move(device)),
      head(first_head(name)),
      links{head.link},
      sealer_(road.sealer_with(key, name)) {}

TestDevice::TestDevice(const Road& road, std::string device)
    : TestDevice(road, *road.key, std::move(device)) {}

SealedRecord TestDevice::seal() {
    CaptureRecord captured = sample_record();
    captured.captured = clock;
    captured.clock.quality = clock_quality;
    SealedRecord record = must(sealer_.seal(captured, head, last_receipt));
    for (const SealedItem& item : record.items)
        links.push_back(item.link);
    head.next_seq += record.items.size();
    head.link = record.items.back().link;
    return record;
}

SealedItem TestDevice::checkpoint() {
    SealedItem item = must(sealer_.checkpoint(head, checkpointed_ + 1, clock));
    checkpointed_ = item.seq;
    links.push_back(item.link);
    ++head.next_seq;
    head.link = item.link;
    return item;
}

SealedItem TestDevice::life(const LifeStatement& life) {
    SealedItem item = must(sealer_.life(head, life, clock));
    checkpointed_ = item.seq;
    links.push_back(item.link);
    ++head.next_seq;
    head.link = item.link;
    return item;
}

SealedItem TestDevice::health(const HealthRecord& record) {
    SealedItem item = must(sealer_.health(head, record, last_receipt, clock));
    links.push_back(item.link);
    ++head.next_seq;
    head.link = item.link;
    return item;
}

Tombstone TestDevice::tombstone(Seq first, Seq last) const {
    Tombstone tombstone;
    tombstone.device = name;
    tombstone.chain = head.chain;
    tombstone.first = first;
    tombstone.last = last;
    tombstone.link = links.at(last);
    tombstone.overviews = last - first + 1;
    tombstone.time = now;
    return tombstone;
}

Bytes TestDevice::sign(const Tombstone& tombstone) const {
    return must(sealer_.tombstone(tombstone));
}

BrokerMessage TestDevice::message(const SealedItem& item) const {
    BrokerMessage message;
    message.topic = fmt::format("lpr/v1/dev/{}/{}", name, topic_leaf(item.kind));
    message.payload = item.blob;
    message.content_type = "application/cms";
    message.properties = {{"v", "1"},
                          {"chain", to_string(head.chain)},
                          {"seq", std::to_string(item.seq)},
                          {"kind", std::string(to_string(item.kind))}};
    return message;
}

BrokerMessage TestDevice::message(const Tombstone& tombstone) const {
    SealedItem item;
    item.seq = tombstone.last;
    item.kind = ItemKind::tombstone;
    item.blob = sign(tombstone);
    BrokerMessage all = message(item);
    all.properties.emplace_back("first", std::to_string(tombstone.first));
    all.properties.emplace_back("last", std::to_string(tombstone.last));
    return all;
}

std::vector<BrokerMessage> TestDevice::messages(const SealedRecord& record) const {
    std::vector<BrokerMessage> all;
    for (const SealedItem& item : record.items)
        all.push_back(message(item));
    return all;
}

BrokerMessage with_property(BrokerMessage message, const std::string& name, const std::string& value) {
    for (auto& [key, old] : message.properties)
        if (key == name) old = value;
    return message;
}

BrokerMessage with_flipped_byte(BrokerMessage message, std::size_t from_end) {
    message.payload[message.payload.size() - from_end] ^= std::byte{1};
    return message;
}

BrokerMessage junk_like(const Road& road, const BrokerMessage& message) {
    BrokerMessage junk = message;
    std::vector<X509Ptr> readers;
    readers.push_back(must(load_certificate(road.reader.certificate)));
    junk.payload = must(encrypt(as_bytes("{\"v\":1,\"junk\":true}"), readers));
    return junk;
}

void check_golden(CollectorBench& bench, const std::string& name) {
    CAPTURE(name);
    const auto path = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "tests/data/verify" / (name + ".txt");
    const std::string said = bench.verify();
    if (std::getenv("PORTCULLIS_WRITE_GOLDEN") != nullptr)  // NOLINT(concurrency-mt-unsafe)
        std::ofstream(path) << said;
    const auto golden = read_text_file(path, 64 * 1024);
    REQUIRE_MESSAGE(golden, "no golden text; run once with PORTCULLIS_WRITE_GOLDEN=1 and look at it");
    CHECK(said == *golden);
}

CollectorBench::CollectorBench()
    : receipt_key([this] {
          const KeyFiles files = receipt_files(road.pki);
          return must(FileSigningKey::create(files.key, files.certificate, CertificateUse::sign_receipts));
      }()),
      collector_trust(trust_in_collector(road.pki)) {
    restart();
    if (failing) REQUIRE(FailingWays::failed() > 0);  // at the latest when the store was opened
}

CollectorBench::~CollectorBench() {
    ingest.reset();
    if (server) idle_stores().push_back(std::move(*server));
}

Result<Store> CollectorBench::open_store() {
    const char* const wanted = std::getenv("PORTCULLIS_STORE");  // NOLINT(concurrency-mt-unsafe)
    if (wanted == nullptr || std::string_view(wanted) == "sqlite") return Store::open(settings);
    REQUIRE(std::string_view(wanted) == "postgresql");
    if (!server) server = empty_store(real_clock);
    PostgresSettings as_ingest = *server;
    as_ingest.user = ingest_role;
    auto connection = TRY(PostgresConnection::connect(std::move(as_ingest), real_clock));
    TRY(connection->adopt(store_tables()));
    return Store::over(std::move(connection), settings.quarantine);
}

std::filesystem::path CollectorBench::place() const {
    if (!server) return file;
    const std::filesystem::path place = road.pki.folder() / "collector.toml";
    write_collector_settings(
        place, fmt::format("kind = \"postgresql\"\nhost = \"{}\"\nuser = \"{}\"\ndatabase = \"{}\"",
                           server->host, reader_role, server->database));
    return place;
}

void CollectorBench::change(const std::string& sql) const {
    if (server)
        must_do(must(PostgresConnection::connect(*server, real_clock))->execute(sql));
    else
        must_do(must(Database::open({.path = file})).execute(sql));
}

void CollectorBench::restart() {
    ingest.reset();
    ingest = std::make_unique<Ingest>(must(insist([this] { return open_store(); })), road.trust(),
                                      *receipt_key, clock);
    judge = std::make_unique<Judge>(road.opener_with(recipients));
    ingest->opener_keys_are(judge->keys());
}

void CollectorBench::reload() {
    ingest->replace_trust(road.trust());
    judge->replace(road.opener_with(recipients));
    ingest->opener_keys_are(judge->keys());
}

std::vector<std::uint64_t> CollectorBench::traces() {
    return {must(store().quarantine.count()),
            must(store().incidents.count()),
            must(store().chains.count()),
            must(store().gaps.count_open()),
            static_cast<std::uint64_t>(must(store().items.newest_id())),
            static_cast<std::uint64_t>(must(store().quarantine.newest_id())),
            ingest->counters().stored,
            ingest->counters().refused,
            ingest->counters().denied,
            ingest->counters().judged_good,
            ingest->counters().judged_doubtful};
}

template <class Attempt>
auto CollectorBench::insist_on_all(Attempt attempt) {
    if (!failing) return attempt();
    const auto before = traces();
    return failing->insist(attempt, [&] { REQUIRE(traces() == before); });
}

std::vector<Received> CollectorBench::deliver(const std::vector<BrokerMessage>& messages) {
    return must(insist_on_all([&] { return ingest->accept(messages); }));
}

/// One that is not kept is asked again.
bool CollectorBench::settles(const OpenReply& reply) {
    if (!failing) {
        const Result<void> settled = ingest->judged({reply});
        REQUIRE_MESSAGE(settled, (settled ? "" : settled.error().message()));
        return true;
    }
    const auto before = traces();
    if (failing->try_once([&] { return ingest->judged({reply}); })) return true;
    REQUIRE(traces() == before);
    return false;
}

std::vector<OpenRequest> CollectorBench::to_judge(std::size_t window) {
    return must(insist([this, window] { return ingest->to_judge(window); }));
}

std::vector<View> CollectorBench::judge_all() {
    std::vector<View> views;
    for (;;) {
        const std::vector<OpenRequest> requests = to_judge(16);
        if (requests.empty() && ingest->looking_again()) continue;
        if (requests.empty()) return views;
        for (const OpenRequest& request : requests) {
            const Judgement judgement = judge->judge(request);
            if (settles(judgement.reply) && judgement.view) views.push_back(*judgement.view);
        }
    }
}

std::string CollectorBench::verify() {
    return text_of(must(insist([this] { return verify_store(store(), 100); })));
}

std::vector<ChainReport> CollectorBench::ledger(std::size_t chains) {
    return must(insist([this, chains] { return report_ledger(store(), chains); }));
}

std::vector<BrokerMessage> CollectorBench::receipts() {
    std::vector<BrokerMessage> messages = must(insist([this] { return ingest->receipts(); }));
    for (const BrokerMessage& message : messages) {
        const SignedText text = must(verify_statement(message.payload, collector_trust, clock.utc()));
        const Receipt receipt = must(parse_receipt(text.json));
        const auto branches = must(store().chains.branches(receipt.device, receipt.chain));
        CHECK(std::ranges::any_of(branches, [&](const ChainRow& chain) {
            return chain.settled() == receipt.upto && chain.settled_link() == receipt.link;
        }));
    }
    return messages;
}

void CollectorBench::look_round(bool listening) {
    must_do(insist_on_all([&] { return ingest->look_round(listening); }));
}

std::optional<Receipt> CollectorBench::receipt() {
    clock.advance(min_receipt_interval);
    const std::vector<BrokerMessage> messages = receipts();
    if (messages.empty()) return std::nullopt;
    receipt_blob = messages.back().payload;
    const SignedText text = must(verify_statement(messages.back().payload, collector_trust, clock.utc()));
    CHECK(text.trust == KeyTrust::trusted);
    CHECK(messages.back().topic == "lpr/v1/dev/gate-1/ack");
    return must(parse_receipt(text.json));
}

bool CollectorBench::has_receipt(const Digest& link) {
    clock.advance(min_receipt_interval);
    bool found = false;
    for (const BrokerMessage& message : receipts()) {
        const SignedText text = must(verify_statement(message.payload, collector_trust, clock.utc()));
        found = found || must(parse_receipt(text.json)).link == link;
    }
    return found;
}

ChainRow CollectorBench::chain(const TestDevice& device) {
    const auto row = must(insist([&] { return store().chains.find(device.name, device.head.chain); }));
    REQUIRE(row);
    return *row;
}

std::optional<Seq> CollectorBench::chain_or_none(const TestDevice& device) {
    const auto row = must(store().chains.find(device.name, device.head.chain));
    return row ? std::optional(row->upto) : std::nullopt;
}

std::optional<Verdict> CollectorBench::verdict(const TestDevice& device, Seq seq) {
    const RowId id = chain(device).id;
    const auto item = must(insist([&] { return store().items.find(id, seq); }));
    return item ? item->verdict : std::nullopt;
}

std::vector<QuarantineRow> CollectorBench::quarantine() {
    return must(insist([this] { return store().quarantine.newest(100); }));
}

std::vector<IncidentRow> CollectorBench::incidents(std::size_t limit) {
    return must(insist([this, limit] { return store().incidents.newest(limit); }));
}

std::vector<GapRow> CollectorBench::gaps(const TestDevice& device, bool open) {
    const RowId id = chain(device).id;
    return must(insist([&] { return store().gaps.of(id, open, 100); }));
}

}  // namespace portcullis::test
