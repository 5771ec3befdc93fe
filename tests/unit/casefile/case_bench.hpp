#pragma once
// A collector with reads of two cameras of one site, the people who may let them out, and who gets them.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.hpp"
#include "casefile/case_maker.hpp"
#include "support/policies.hpp"
#include "unit/collector/access_bench.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// alice and erin look at the bridge, bob at the tunnel; carol audits.
[[nodiscard]] inline AccessPolicy case_policy() {
    AccessPolicy policy = sample_policy(now);
    AccessPerson erin = *policy.find("alice");
    erin.account = "erin";
    policy.people.push_back(erin);
    std::ranges::sort(policy.people, {}, &AccessPerson::account);
    return policy;
}

class CaseBench {
  public:
    CaseBench() {
        std::filesystem::create_directory(people_folder);
        for (const char* name : {"alice", "bob", "carol", "erin"})
            enrol(name);
    }

    void enrol(const std::string& name) const {
        const KeyFiles files = pki().issue(name, name, {.ca = "service-ca"});
        std::filesystem::copy_file(files.certificate, people_folder / (name + ".crt"));
    }
    [[nodiscard]] const TestPki& pki() const { return road.pki; }
    [[nodiscard]] std::unique_ptr<FileSigningKey> key_of(const std::string& name) const {
        return must(FileSigningKey::create(pki().folder() / (name + ".key"), pki().folder() / (name + ".crt"),
                                           CertificateUse::sign_receipts));
    }

    /// gate-1 reads this plate, with two pictures; it stands in the store and in the index.
    CasePlace drive(const std::string& plate, UtcTime captured = now) {
        CaptureRecord record = sample_record();
        record.read.characters.clear();
        for (const char letter : plate)
            record.read.characters.push_back({letter, 0.9F, {}});
        record.read.raw = plate;
        record.captured = captured;
        const SealedRecord sealed = must(road.sealer->seal(record, head, {}));
        const CasePlace place{"gate-1", head.chain, head.next_seq};
        SealedRead stored;
        stored.blob = sealed.items[0].blob;
        stored.received = captured;
        for (std::size_t i = 1; i < sealed.items.size(); ++i)
            stored.pictures.emplace_back(sealed.items[i].seq, sealed.items[i].blob);
        store[place] = std::move(stored);
        head.next_seq += sealed.items.size();
        head.link = sealed.items.back().link;
        const IndexedPassage passage{"gate-1", place.chain,           place.seq, captured, plate,
                                     "lane-1", Direction::approaching};
        must(index.add(passage, road.opener->recipients()[0], now));
        return place;
    }

    [[nodiscard]] CaseRequest request(const std::string& plate = "B*", std::uint64_t most = 100) {
        CaseRequest request;
        request.id.bytes[0] = static_cast<std::byte>(++requests);
        request.id.bytes[7] = std::byte{0x5a};
        request.fleet = "test-fleet";
        request.who = "alice";
        request.purpose = "stolen-vehicle";
        request.case_number = "2026-117";
        request.asked = now;
        request.question.plate = plate;
        request.most = most;
        request.recipient = certificate_to_der(must(load_certificate(court.certificate)).get());
        request.until = std::chrono::floor<std::chrono::days>(now) + 5 * day;
        return request;
    }
    [[nodiscard]] Bytes sign(const CaseRequest& request) const {
        return must(sign_case_request(*key_of(request.who), request));
    }
    [[nodiscard]] Bytes approve(const CaseRequest& request, ByteView blob,
                                const std::string& who = "erin") const {
        return must(sign_case_approval(*key_of(who), {request.id, sha256(blob), who, now}));
    }

    Result<CaseManifest> make(const CaseRequest& request, const std::string& approver = "erin",
                              UtcTime when = now) {
        const Bytes blob = sign(request);
        return make(blob, approve(request, blob, approver), when);
    }
    Result<CaseManifest> make(ByteView blob, ByteView approval, UtcTime when = now) {
        const TrustStore people = must(
            TrustStore::create({pki().chain("service-ca"), people_folder, CertificateUse::sign_receipts}));
        std::vector<X509Ptr> auditors;
        auditors.push_back(must(load_certificate(auditor.certificate)));
        AuditLog log = must(AuditLog::open(audit_path));
        const auto maker_key =
            must(FileSigningKey::create(maker.key, maker.certificate, CertificateUse::sign_receipts));
        CaseWorld world{log,
                        policy,
                        *road.opener,
                        with_index ? &index : nullptr,
                        people,
                        auditors,
                        *maker_key,
                        limits,
                        [this](const CasePlace& place, bool pictures) -> Result<std::optional<SealedRead>> {
                            if (entries_before_opening == 0)
                                entries_before_opening =
                                    must(must(AuditLog::read_only(audit_path)).head()).entries;
                            const auto found = store.find(place);
                            if (found == store.end()) return std::optional<SealedRead>();
                            SealedRead sealed = found->second;
                            if (!pictures) sealed.pictures.clear();
                            return std::optional(std::move(sealed));
                        },
                        [](ByteView jpeg, const std::vector<std::string>& lines) -> Result<Bytes> {
                            Bytes marked(jpeg.begin(), jpeg.begin() + 2);
                            for (const std::string& line : lines)
                                for (const char letter : line)
                                    marked.push_back(static_cast<std::byte>(letter));
                            return marked;
                        },
                        {[this](std::uint64_t bound) { return draw(bound); },
                         [](const std::string&) { return std::optional<std::string>(); },
                         {}},
                        [](const std::string&) { return std::uint64_t{4711}; }};
        folder = pki().folder() / ("case-" + std::to_string(++folders));
        return CaseMaker(std::move(world)).make(blob, approval, folder, when);
    }

    [[nodiscard]] RecipientKey key_to(const KeyFiles& who) const {
        return must(load_recipient({who.key, who.certificate}));
    }
    [[nodiscard]] TrustStore makers() const {
        return must(TrustStore::create(
            {pki().chain("service-ca"), maker.certificate, CertificateUse::sign_receipts}));
    }
    [[nodiscard]] Result<CaseManifest> open(const KeyFiles& who, UtcTime when = now) const {
        return open_manifest(folder, key_to(who), makers(), when);
    }
    /// Of the last file.
    [[nodiscard]] std::string part(const std::string& name) const {
        const CaseManifest manifest = must(open(court));
        const auto found = std::ranges::find(manifest.parts, name, &CasePart::name);
        if (found == manifest.parts.end()) throw std::runtime_error("no part " + name);
        return std::string(as_text(must(open_part(folder, *found, key_to(court)))));
    }
    [[nodiscard]] std::vector<Access> entries(std::string_view what) const {
        std::vector<Access> all = all_entries(audit_path);
        std::erase_if(all, [&](const Access& one) { return one.what != what; });
        return all;
    }
    /// What the auditor reads of the sealed part of the newest entry of this kind.
    [[nodiscard]] std::string told(std::string_view what) const {
        AuditLog log = must(AuditLog::read_only(audit_path));
        std::string text;
        for (const AuditRow& row : must(log.rows(0, 1000)))
            if (must(parse_audit_entry(row.text)).access.what == what && !row.asked.empty())
                text = as_text(must(open_envelope(key_to(auditor), row.asked)));
        return text;
    }

    Road road;
    ChainHead head = first_head();
    AccessPolicy policy = case_policy();
    CaseLimits limits;
    KeyFiles court = road.pki.recipient("court");
    KeyFiles auditor = road.pki.recipient("auditor");
    KeyFiles maker = road.pki.issue("maker", "cases", {.ca = "service-ca"});
    std::filesystem::path people_folder = road.pki.folder() / "people";
    std::filesystem::path audit_path = road.pki.folder() / "audit.db";
    std::filesystem::path folder;
    std::map<CasePlace, SealedRead> store;
    PlateIndex index = make_index();
    bool with_index = true;
    std::size_t entries_before_opening = 0;

  private:
    PlateIndex make_index() {
        PlateIndex made = must(PlateIndex::open(road.pki.folder() / "index.db", now));
        const auto keyed =
            made.use_keys(road.opener->recipients(), [this](const std::string& id, ByteView salt) {
                return road.opener->derive(id, salt, index_purpose);
            });
        if (!keyed) throw std::runtime_error(keyed.error().message());
        return made;
    }
    std::uint64_t draw(std::uint64_t bound) {
        constexpr unsigned best_bits = 33;
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        return (seed >> best_bits) % bound;
    }
    std::uint64_t seed = 1;
    int requests = 0;
    int folders = 0;
};

}  // namespace portcullis::test
