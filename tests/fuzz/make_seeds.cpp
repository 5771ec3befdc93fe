// Makes the corpus's seeds, all of them from nothing or from the vectors of tests/data/seal, so that a new
// version of a format is one command away. Files of other names (findings) stay as they are. The signatures
// differ from run to run.
//   fuzz_seeds FOLDER        FOLDER is tests/fuzz/corpus

#define DOCTEST_CONFIG_IMPLEMENT  // made_pictures.cpp checks what it makes
#include <doctest/doctest.h>

#include <array>

#include "audit/witness_request.hpp"
#include "base/file.hpp"
#include "casefile/case_file.hpp"
#include "casefile/hold_record.hpp"
#include "collector/link/crossing_exchange.hpp"
#include "collector/link/hotlist_exchange.hpp"
#include "collector/link/search_exchange.hpp"
#include "database/database.hpp"
#include "drivers/camera/made_pictures.hpp"
#include "fuzz/vector_keys.hpp"
#include "provision/key_request.hpp"
#include "record/access_policy_codec.hpp"
#include "record/destruction_codec.hpp"
#include "record/health_codec.hpp"
#include "record/hotlist_codec.hpp"
#include "record/key_request_codec.hpp"
#include "record/recipient_set_codec.hpp"
#include "record/retention_codec.hpp"
#include "record/statement_codec.hpp"
#include "record/wanted_codec.hpp"
#include "seal/statement.hpp"
#include "spool/spool.hpp"
#include "support/fake_clock.hpp"
#include "support/hotlists.hpp"
#include "support/policies.hpp"
#include "support/sealed_chain.hpp"
#include "support/wanted_list.hpp"
#include "unit/vision/onnx_file.hpp"

using namespace portcullis;
using fuzz::must;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_source_bytes = std::size_t{64} * 1024;
constexpr int side_px = 16;
const ChainId chain{{std::byte{0x01}, std::byte{0x23}, std::byte{0x45}, std::byte{0x67}, std::byte{0x89},
                     std::byte{0xab}, std::byte{0xcd}, std::byte{0xef}}};
const Digest link = sha256({});

class Corpus {
  public:
    explicit Corpus(fs::path folder) : folder_(std::move(folder)) {}
    void add(const std::string& target, const std::string& name, ByteView bytes) const {
        fs::create_directories(folder_ / target);
        must(write_file_atomically(folder_ / target / name, bytes));
    }
    void add(const std::string& target, const std::string& name, std::string_view text) const {
        add(target, name, as_bytes(text));
    }

  private:
    fs::path folder_;
};

Bytes vector_blob(const std::string& name) {
    std::string hex = must(read_text_file(fuzz::vectors / (name + ".hex"), max_source_bytes));
    std::erase(hex, '\n');
    return must(from_hex(hex));
}

Bytes signed_by_device(const std::string& text) {
    static const auto key = fuzz::vector_device_key();
    return must(sign_statement(*key, text));
}

const Checkpoint checkpoint{"gate-1", chain, 1, 4, link, fuzz::now};
const Tombstone tombstone{"gate-1", chain, 2, 9, link, 1, 2, 3, 2, fuzz::now};

LifeStatement made_life() {
    LifeStatement life;
    life.device = "gate-1";
    life.chain = chain;
    life.reason = LifeReason::rolled_back;
    life.boots = 3;
    life.previous = ChainId{{std::byte{7}}};
    life.previous_last = 64;
    life.previous_link = link;
    life.records_lost = 2;
    life.frames_dropped = 40;
    life.link = link;
    life.time = fuzz::now;
    return life;
}
const LifeStatement life = made_life();

HealthReport made_report() {
    HealthReport report;
    report.uptime = std::chrono::seconds(3600);
    report.firmware = "0.1.0";
    report.model = "0123abcd";
    report.frames_per_second = 29.5F;
    report.frames = 107'640;
    report.passages = 120;
    report.celsius = 61.5F;
    report.clock = {ClockQuality::holdover, std::chrono::seconds(60), milliseconds(42)};
    report.rate_step = 2;
    report.rate_reason = RateReason::heat;
    return report;
}

void add_envelopes(const Corpus& corpus) {
    for (const char* name :
         {"good-one-recipient", "good-two-recipients", "good-signing-time-2050", "good-other-recipient-only",
          "recipient-added", "payload-unsigned", "signed-attributes-stripped", "signed-by-stranger",
          "gate-17-recipients", "gate-tag-3-bytes", "gate-nonce-200-bytes", "gate-ofb",
          "gate-password-recipient-beside-ours", "gate-length-indefinite", "tag-changed"})
        corpus.add("envelope", name, vector_blob(name));
    // What an opener finds inside, as an input of its own.
    const EnvelopeOpener opener = fuzz::vector_opener();
    for (const char* name : {"good-one-recipient", "signed-twice", "signed-certificate-inside"})
        corpus.add("envelope", fmt::format("inside-of-{}", name),
                   opener.open_media(vector_blob(name)).padded);
}

void add_records(const Corpus& corpus) {
    const EnvelopeOpener opener = fuzz::vector_opener();
    ReadPayload read = *opener.open_read(vector_blob("good-one-recipient"), fuzz::now).payload;
    corpus.add("record", "read", must(encode_payload(read)));
    read.media = {{MediaRole::plate, 2, link, 9000, read.recipients},
                  {MediaRole::overview, 3, link, 70'000, read.recipients}};
    corpus.add("record", "read-with-pictures", must(encode_payload(read)));
    read.read.characters.clear();
    read.read.raw.clear();
    read.read.jurisdiction = {};
    read.read.confidence = 0;
    corpus.add("record", "unread", must(encode_payload(read)));
    corpus.add("record", "checkpoint", must(encode_checkpoint(checkpoint)));
    corpus.add("record", "tombstone", must(encode_tombstone(tombstone)));
    corpus.add("record", "life", must(encode_life(life)));
    HealthPayload health{"north", "gate-1", chain, "boot-1", 5, link, link, fuzz::now, {made_report(), {}},
                         link,    {},       false};
    corpus.add("record", "health", must(encode_health(health)));
    health.record.report.passages = 123;
    health.record.detail = {"v4l2 /dev/video0 (Plate Camera)",
                            "unplugged",
                            "cpu-thermal",
                            17,
                            48'000,
                            std::chrono::seconds(90),
                            3,
                            2,
                            4};
    health.recipient_set = link;
    health.stale_set = true;
    corpus.add("record", "health-with-detail", must(encode_health(health)));
    corpus.add("record", "note", must(encode_note({made_report(), BootTime(std::chrono::seconds(99))})));
    corpus.add("record", "receipt", must(encode_receipt({"gate-1", chain, 128, link, fuzz::now})));
}

void add_audit(const Corpus& corpus) {
    AuditEntry entry;
    entry.number = 7;
    entry.time = fuzz::now;
    entry.access = {.who = "alice",
                    .uid = 1001,
                    .role = "operator",
                    .purpose = "stolen-vehicle",
                    .case_number = "2026-117",
                    .what = "view",
                    .device = "gate-1",
                    .chain = chain,
                    .seq = 12};
    corpus.add("audit", "entry", must(encode_audit_entry(entry)));
    entry.asked = link;
    entry.access.verdict = AccessVerdict::refused;
    corpus.add("audit", "refused", must(encode_audit_entry(entry)));
    corpus.add("audit", "statement", must(encode_witness({chain, 3, 40, link, link, fuzz::now})));
    corpus.add("audit", "request", encode_request({chain, 1, 5, link, {link, link}}));
    corpus.add("audit", "answer", must(statements_to_pem({to_bytes("one"), to_bytes("two")})));
}

void add_case_files(const Corpus& corpus) {
    CaseRequest request;
    request.id = chain;
    request.fleet = "north";
    request.who = "alice";
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    request.asked = fuzz::now;
    request.question.plate = "BOS*";
    request.question.from = fuzz::now - std::chrono::hours(1);
    request.most = 100;
    request.recipient = to_bytes("a certificate");
    request.until = std::chrono::floor<std::chrono::days>(fuzz::now);
    corpus.add("case_file", "search", must(encode_case_request(request)));
    request.question = {};
    request.reads = {{"gate-1", chain, 3}, {"gate-2", chain, 1}};
    corpus.add("case_file", "named-reads", must(encode_case_request(request)));
    corpus.add("case_file", "approval", must(encode_case_approval({chain, link, "erin", fuzz::now})));
    CaseManifest manifest;
    manifest.id = chain;
    manifest.parts = {{"reads.json", link, 12}, {"p0001-plate.jpg", link, 3000}};
    corpus.add("case_file", "manifest", must(encode_manifest(manifest)));
    const HeldPart part{3, link, std::string(key_id_letters, 'a'), link};
    const HoldList list{chain, {{{"gate-1", chain, 3}, fuzz::now, ClockDoubt::none, {part, part}}}};
    corpus.add("case_file", "hold-list", must(encode_hold_list(list)));
    const HoldRecord hold{chain,
                          "north",
                          "alice",
                          "erin",
                          "stolen-vehicle",
                          "2026-117",
                          std::chrono::floor<std::chrono::days>(fuzz::now),
                          std::string(key_id_letters, 'b'),
                          1,
                          0,
                          link,
                          fuzz::now};
    corpus.add("case_file", "hold", must(encode_hold(hold)));
    corpus.add("case_file", "place", to_string(CasePlace{"gate-1", chain, 3}));
    corpus.add("case_file", "copy", std::string_view("seen;b-os 123;2026-11-26\nAB12CDE,0100000000000000\n"));
}

void add_searches(const Corpus& corpus) {
    SearchRequest request;
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    request.question.plate = "AB12CDE";
    corpus.add("search", "whole-plate", to_packet(request).header);
    request.question = {"?B-1*",   true,     fuzz::now,          fuzz::now + std::chrono::hours(1),
                        "north-*", "lane 2", Direction::receding};
    corpus.add("search", "part-of-a-plate", to_packet(request).header);
    SearchAnswer answer;
    answer.found = {{"gate-1", chain, 12, fuzz::now, "AB12CDE", "lane 2", Direction::approaching}};
    answer.holes = {{UtcTime(), fuzz::now}};
    const Packet packet = to_packet(answer);
    corpus.add("search", "answer", packet.header + "\n" + std::string(as_text(packet.blob)));
}

void add_crossings(const Corpus& corpus) {
    CrossingRequest request;
    request.purpose = "parking-dispute";
    request.case_number = "2026-117";
    request.question.entry = {{{"gate-1", ""}, {"gate-2", "lane 2"}}, Direction::approaching};
    request.question.exit = {{{"gate-1", ""}}, Direction::receding};
    request.question.from = fuzz::now;
    request.question.to = fuzz::now + std::chrono::hours(1);
    corpus.add("crossings", "question", to_packet(request).header);
    const ToldPassage in{"gate-1", chain, "", 12, fuzz::now};
    const ToldPassage out{"gate-2", chain, "lane 2", 7, fuzz::now + std::chrono::minutes(5)};
    CrossingAnswer answer;
    answer.crossings = {{in, out, 1}};
    answer.entries = {{in, "edge"}};
    answer.exits = {{out, "ambiguous"}};
    answer.median = std::chrono::minutes(5);
    answer.holes = {{UtcTime(), fuzz::now}};
    const Packet packet = to_packet(answer);
    corpus.add("crossings", "answer", packet.header + "\n" + std::string(as_text(packet.blob)));
}

/// Method, target and content type, then the body.
void add_api(const Corpus& corpus) {
    const auto asked = [](std::string_view path, std::string_view body) {
        return fmt::format("POST\n{}\napplication/json\n{}", path, body);
    };
    constexpr auto search = "/v1/searches";
    constexpr auto crossings = "/v1/crossings";
    for (const char* target : {"me", "devices", "incidents", "openapi.json", "../../etc/passwd"})
        corpus.add("api", fmt::format("get-{}", std::string_view(target).substr(0, 2)),
                   fmt::format("GET\n/v1/{}\n\n", target));
    corpus.add("api", "another-method", "DELETE\n/v1/me\n\n");
    corpus.add("api", "search",
               asked(search, R"({"plate":"?B-1*","look_alike":true,"from":"2026-11-25",)"
                             R"("to":"2026-11-25T08:00:00.5Z","device":"gate-*","lane":"1",)"
                             R"("direction":"receding","purpose":"hit-and-run",)"
                             R"("case_number":"<script>"})"));
    corpus.add("api", "whole-plate",
               asked(search, R"({"plate":"AB12CDE","purpose":"' OR 1=1 --","case_number":"1"})"));
    corpus.add("api", "no-purpose", asked(search, R"({"plate":"AB12CDE"})"));
    corpus.add("api", "nested", asked(search, R"({"plate":[[[[[[[[)"));
    corpus.add("api", "twice", asked(search, R"({"purpose":"a","purpose":"b"})"));
    corpus.add("api", "crossings",
               asked(crossings, R"({"entry":[{"device":"gate-1","lane":"in"}],"exit":[{"device":"gate-2"}],)"
                                R"("entry_direction":"approaching","exit_direction":"unknown",)"
                                R"("from":"2026-11-25T06:00:00Z","to":"2026-11-25T08:00:00Z","shortest_s":1,)"
                                R"("longest_s":60,"slack_s":0,"purpose":"hit-and-run","case_number":"1"})"));
}

void add_hotlists(const Corpus& corpus) {
    corpus.add("hotlist", "list", must(encode_hotlist(test::sample_hotlist(fuzz::now))));
    corpus.add("hotlist", "nobody-wanted", must(encode_hotlist({"north", 1, fuzz::now, {}})));
    corpus.add("hotlist", "wanted", must(encode_wanted(test::sample_wanted(fuzz::now))));
    corpus.add("hotlist", "hit", must(encode_hit(test::sample_hit(fuzz::now))));
    HotlistRequest request;
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    request.since = fuzz::now;
    request.state = HitState::candidate;
    corpus.add("hotlist", "question", to_packet(request).header);
    request = {HotlistAct::confirm, "stolen-vehicle", "2026-117", {}, {}, "gate-1", chain, 12};
    corpus.add("hotlist", "word", to_packet(request).header);
    HotlistAnswer answer;
    answer.hits = {{test::sample_hit(fuzz::now), HitState::confirmed, "alice", fuzz::now}};
    answer.matched = 2;
    const Packet packet = must(to_packet(answer));
    corpus.add("hotlist", "answer", packet.header + "\n" + std::string(as_text(packet.blob)));
}

void add_receipts(const Corpus& corpus) {
    const auto add = [&](const std::string& name, const std::string& text) {
        corpus.add("receipt", name, signed_by_device(text));
    };
    add("of-ours", must(encode_receipt({"gate-1", chain, 128, link, fuzz::now})));
    add("of-another-device", must(encode_receipt({"gate-2", chain, 128, link, fuzz::now})));
    add("a-checkpoint-instead", must(encode_checkpoint(checkpoint)));
    add("a-text-of-no-kind", "{\"v\":1}");
    corpus.add("receipt", "unsigned", must(encode_receipt({"gate-1", chain, 128, link, fuzz::now})));
    corpus.add("receipt", "an-envelope-instead", vector_blob("good-one-recipient"));
}

/// A certificate of one byte stands for a genuine one: recipient_set.cpp.
void add_recipient_sets(const Corpus& corpus) {
    const auto today = std::chrono::floor<std::chrono::days>(fuzz::now);
    const auto entry = [&](Purpose purpose, int days, int certificate) {
        return RecipientEntry{
            purpose, today + std::chrono::days(days), {static_cast<std::byte>(certificate)}};
    };
    RecipientSet set{"test-fleet", 7, fuzz::now, {entry(Purpose::read, 0, 0)}};
    corpus.add("recipient_set", "reads-only", must(encode_recipient_set(set)));
    set.entries = {entry(Purpose::read, 0, 0), entry(Purpose::plate, 0, 1), entry(Purpose::overview, 0, 2)};
    corpus.add("recipient_set", "three-purposes", must(encode_recipient_set(set)));
    set.entries = {entry(Purpose::read, 0, 0), entry(Purpose::health, 0, 3)};
    corpus.add("recipient_set", "reads-and-health", must(encode_recipient_set(set)));
    set.entries = {entry(Purpose::read, 0, 0), entry(Purpose::read, 1, 0)};
    corpus.add("recipient_set", "one-key-for-two-epochs", must(encode_recipient_set(set)));
    set.entries = {entry(Purpose::read, 0, 1)};
    corpus.add("recipient_set", "a-key-for-another-purpose", must(encode_recipient_set(set)));
    set.entries = {{Purpose::read, today, Bytes(max_recipient_bytes, std::byte{0x30})}};
    corpus.add("recipient_set", "no-certificate", must(encode_recipient_set(set)));
    corpus.add("recipient_set", "signed", signed_by_device(must(encode_recipient_set(set))));
}

void add_access_policies(const Corpus& corpus) {
    const auto add = [&](const std::string& name, const AccessPolicy& policy) {
        corpus.add("access_policy", name, must(encode_access_policy(policy)));
    };
    AccessPolicy policy = test::sample_policy(fuzz::now);
    add("each-role", policy);
    corpus.add("access_policy", "signed-by-a-device", signed_by_device(must(encode_access_policy(policy))));
    policy.gateways = {"portcullis-api", "web"};
    add("gateways", policy);
    policy.gateways.clear();
    policy.people[0].purposes = {"hit-and-run"};
    policy.people[0].until -= std::chrono::days(30);
    add("one-purpose-of-two", policy);
    policy.people = {policy.people[3]};
    add("administrator-only", policy);
    policy.fleet = "south";
    add("of-another-fleet", policy);
    policy.fleet = "test-fleet";
    policy.until += std::chrono::days(300);
    policy.people[0].until = policy.until;
    add("longer-than-its-key", policy);
    std::string text = must(encode_access_policy(test::sample_policy(fuzz::now)));
    const std::size_t last_person = text.find(R"(,{"account":"dora")");
    corpus.add("access_policy", "no-administrator",
               text.replace(last_person, text.size() - last_person, "]}"));
}

void add_retention(const Corpus& corpus) {
    using std::chrono::days;
    using std::chrono::minutes;
    RetentionSchedule schedule{7, fuzz::now, {{"north", Purpose::read, days(1), days(30)}}};
    corpus.add("retention", "one-rule", must(encode_retention(schedule)));
    schedule.rules.push_back({"south", Purpose::overview, minutes(10), minutes(0)});
    corpus.add("retention", "two-fleets", must(encode_retention(schedule)));
    Destruction destruction{
        std::chrono::floor<days>(fuzz::now), {std::string(key_id_letters, 'a')}, 3, fuzz::now};
    corpus.add("retention", "destruction-by-hand", must(encode_destruction(destruction)));
    destruction.epoch += minutes(390);
    destruction.schedule = {7, Digest{}};
    corpus.add("retention", "destruction-by-schedule", must(encode_destruction(destruction)));
    destruction.holds = {ChainId{}, ChainId{{std::byte{1}}}};
    corpus.add("retention", "destruction-with-holds", must(encode_destruction(destruction)));
    corpus.add("retention", "span", "30 days");
    corpus.add("retention", "epoch", "2026-11-25T06:30");
}

void add_key_requests(const Corpus& corpus) {
    const auto add = [&](const std::string& name, char kind, std::string_view bytes) {
        corpus.add("key_request", name, std::string(1, kind) + std::string(bytes));
    };
    const KeyPtr key = must(make_key());
    const Bytes csr = must(make_csr(key.get(), "gate-1"));
    add("request", 'r', as_text(csr));
    add("request-of-a-service", 'r', as_text(must(make_csr(key.get(), "collector"))));
    const KeyPtr other(EVP_EC_gen("P-384"));
    add("request-of-another-curve", 'r', as_text(must(make_csr(other.get(), "gate-1"))));
    SignedKeyRequest asked{"gate-1", DeviceKey::read, {std::byte{0}}, fuzz::now};
    add("text", 't', must(encode_key_request(asked)));
    asked.use = DeviceKey::identity;
    add("text-for-the-identity", 't', must(encode_key_request(asked)));
    asked = {"gate-2", DeviceKey::read, csr, fuzz::now};
    add("text-for-another-device", 't', must(encode_key_request(asked)));
    add("blob", 'b', as_text(signed_by_device(must(encode_key_request(asked)))));
    add("answer", 'a', must(read_text_file(fuzz::vectors / "device.crt", max_source_bytes)));
    add("answer-cut", 'a',
        must(read_text_file(fuzz::vectors / "device.crt", max_source_bytes)).substr(0, 300));
}

/// Without comments and empty lines.
std::string bare(const std::string& toml) {
    std::string all;
    for (std::size_t at = 0; at < toml.size();) {
        const std::string line = toml.substr(at, toml.find('\n', at) - at);
        at += line.size() + 1;
        if (!line.empty() && line.front() != '#') all += line.substr(0, line.find(" #")) + "\n";
    }
    return all;
}

void add_configurations(const Corpus& corpus) {
    for (const char* name : {"reader", "uplink", "collector", "opener", "forwarder"}) {
        const fs::path file =
            fs::path(PORTCULLIS_SOURCE_DIR "/board/host/config") / (name + std::string(".toml"));
        std::string text = bare(must(read_text_file(file, max_source_bytes)));
        if (text.starts_with("device"))
            text += "[[lane]]\nname = \"in\"\npolygon = [[0, 0], [9.5, 0], [9, 8]]\n";
        corpus.add("configuration", name, text);
    }
    corpus.add(
        "configuration", "wrong-everywhere",
        "device = 3\n[broker]\nuri = [1, 2]\nspool = {path = nan}\n[[lane]]\nname = inf\n[lane.x]\ny = 1\n"
        "[window]\nitems = 1979-05-27T07:32:00Z\nmib = -9223372036854775808\n\"\\u0000\" = '''\n'''\n");
}

std::string message(ItemKind kind, Seq seq, const std::string& more, ByteView payload) {
    return fmt::format("lpr/v1/dev/gate-1/{}\nv=1\nchain={}\nseq={}\nkind={}{}\n\n{}", topic_leaf(kind),
                       to_string(chain), seq, to_string(kind), more, as_text(payload));
}

void add_messages(const Corpus& corpus) {
    const Bytes blob = vector_blob("good-one-recipient");
    corpus.add("mqtt_payload", "read", message(ItemKind::read, 1, "", blob));
    corpus.add("mqtt_payload", "picture", message(ItemKind::plate, 2, "", blob));
    corpus.add("mqtt_payload", "checkpoint",
               message(ItemKind::checkpoint, 5, "", signed_by_device(must(encode_checkpoint(checkpoint)))));
    corpus.add("mqtt_payload", "life",
               message(ItemKind::life, 1, "", signed_by_device(must(encode_life(life)))));
    corpus.add("mqtt_payload", "life-at-another-place",
               message(ItemKind::life, 2, "", signed_by_device(must(encode_life(life)))));
    corpus.add("mqtt_payload", "tombstone",
               message(ItemKind::tombstone, 9, "\nfirst=2\nlast=9",
                       signed_by_device(must(encode_tombstone(tombstone)))));
    corpus.add("mqtt_payload", "checkpoint-at-another-place",
               message(ItemKind::checkpoint, 7, "", signed_by_device(must(encode_checkpoint(checkpoint)))));
    corpus.add(
        "mqtt_payload", "tombstone-unsigned",
        message(ItemKind::tombstone, 9, "\nfirst=2\nlast=9", as_bytes(must(encode_tombstone(tombstone)))));
    corpus.add("mqtt_payload", "status", "lpr/v1/dev/gate-1/status\n\n{}");
}

/// The file of a closed spool in small pages: a seed that can be changed all over.
Bytes spool_after(int records, std::uint64_t quota_items) {
    const fuzz::Scratch scratch;
    const test::FakeClock clock;
    const SpoolSettings settings{
        .path = scratch.path() / "spool.db", .device = "gate-1", .quota_items = quota_items};
    {
        Spool spool = must(Spool::open(
            settings,
            [](const Tombstone& shed) { return Result<Bytes>(signed_by_device(*encode_tombstone(shed))); },
            clock));
        ChainHead head = spool.head();
        for (int i = 0; i < records; ++i)
            if (!spool.append(test::next_record(head, {{ItemKind::read, 300}, {ItemKind::overview, 700}})))
                std::exit(1);
    }
    {
        Database database = must(Database::open({.path = settings.path}));
        must(database.execute(
            "PRAGMA journal_mode=DELETE; PRAGMA page_size=512; VACUUM; PRAGMA journal_mode=WAL"));
    }
    return must(read_file(settings.path, max_source_bytes));
}

void add_spools(const Corpus& corpus) {
    corpus.add("spool_file", "empty", spool_after(0, 1000));
    corpus.add("spool_file", "two-records", spool_after(2, 1000));
    corpus.add("spool_file", "shed", spool_after(5, 8));
    Anchor anchor;
    anchor.device = "gate-1";
    anchor.boots = 3;
    anchor.head = {chain, 65, link};
    anchor.about_to = LifeReason::set_aside;
    corpus.add("spool_file", "anchor", encode_anchor(anchor));
    corpus.add("spool_file", "no-database", "SQLite format 2");
}

void add_pictures(const Corpus& corpus) {
    using namespace portcullis::test;
    const Bytes jpeg = made_jpeg(side_px, side_px);
    corpus.add("picture", "baseline.jpg", jpeg);
    corpus.add("picture", "progressive.jpg", made_jpeg(side_px, side_px, {.progressive = true}));
    corpus.add("picture", "grey.jpg", made_jpeg(side_px, side_px, {.grey = true}));
    corpus.add("picture", "cmyk.jpg", made_jpeg(side_px, side_px, {.cmyk = true}));
    corpus.add("picture", "turned.jpg", with_orientation(jpeg, 6));
    corpus.add("picture", "cut.jpg", ByteView(jpeg).first(jpeg.size() / 2));
    const std::array kinds{
        std::pair{PngKind::grey8, "grey8.png"}, std::pair{PngKind::grey16, "grey16.png"},
        std::pair{PngKind::rgb8, "rgb8.png"},   std::pair{PngKind::rgb16, "rgb16.png"},
        std::pair{PngKind::rgba8, "rgba8.png"}, std::pair{PngKind::palette, "palette.png"}};
    for (const auto& [kind, name] : kinds)
        corpus.add("picture", name, made_png(side_px, side_px, kind));
    const std::string frame = "FRAME\n" + std::string(9 * 8 + 2 * 5 * 4, '\x50');
    const std::string film = "YUV4MPEG2 W9 H8 F30000:1001 Ip A1:1 C420jpeg Xany\n" + frame + frame;
    corpus.add("picture", "film.y4m", film);
    corpus.add("picture", "film-cut.y4m", std::string_view(film).substr(0, film.size() - 20));
}

Bytes small_network() {
    return test::OnnxFile()
        .tensor("filters", {2, 1, 3, 3}, std::vector<float>(18, 0.25F))
        .tensor("bias", {2}, {0.5F, -0.5F})
        .tensor("scales", {4}, {1, 1, 2, 2})
        .layer("Conv", {"picture", "filters", "bias"}, "edges")
        .with_all("pads", {1, 1, 1, 1})
        .with_all("strides", {2, 2})
        .layer("Relu", {"edges"}, "bright")
        .layer("Resize", {"bright", "", "scales"}, "large")
        .with("mode", "linear")
        .with("coordinate_transformation_mode", "half_pixel")
        .layer("Add", {"large", "large"}, "sum")
        .layer("Concat", {"sum", "large"}, "rows")
        .with("axis", 3)
        .layer("GlobalAveragePool", {"rows"}, "look")
        .output("rows")
        .output("look")
        .bytes();
}

void add_model_cards(const Corpus& corpus) {
    constexpr std::string_view model =
        "[model]\nname = \"m\"\nversion = \"1\"\nweights = \"weights.onnx\"\n"
        "sha256 = \"1b465fa6b6bcbc06a3199e3d2d8aec35d37494a712f888b6d5536684dd89d0f0\"\n";
    corpus.add("model_card", "detector.toml",
               std::string(model) +
                   "[input]\nsizes = [\"64x32\", \"32x64\"]\nchannels = \"luma\"\nmean = 0.0\nscale = 0.004\n"
                   "pad = 114\n[output]\nname = \"cells\"\nstride = 16\nscore_threshold = 0.2\n");
    corpus.add("model_card", "plate-reader.toml",
               std::string(model) + "line_height_px = 40\nalphabet = \"AB\"\nnetwork = \"[1]\"\n");
    corpus.add("model_card", "network.onnx", small_network());
}

}  // namespace

int main(int count, char** words) {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", words[0]);
        return 2;
    }
    doctest::Context checks;
    checks.setAsDefaultForAssertsOutOfTestCases();
    const Corpus corpus(words[1]);
    add_envelopes(corpus);
    add_records(corpus);
    add_audit(corpus);
    add_case_files(corpus);
    add_searches(corpus);
    add_crossings(corpus);
    add_api(corpus);
    add_hotlists(corpus);
    add_receipts(corpus);
    add_recipient_sets(corpus);
    add_access_policies(corpus);
    add_retention(corpus);
    add_key_requests(corpus);
    add_configurations(corpus);
    add_messages(corpus);
    add_spools(corpus);
    add_pictures(corpus);
    add_model_cards(corpus);
}
