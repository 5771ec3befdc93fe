#pragma once
// A collector of three days and two devices, whose keys by epoch are known, and what each kind of breach
// really opens: found out by trying, not by what the report goes by.

#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/portcullis/audit_exposure.hpp"
#include "audit/audit_log.hpp"
#include "audit/exposure.hpp"
#include "base/file.hpp"
#include "seal/key_store.hpp"
#include "seal/statement.hpp"
#include "support/rounds.hpp"
#include "unit/collector/access_bench.hpp"
#include "unit/collector/collector_bench.hpp"

namespace portcullis::test {

inline constexpr int exposure_days = 3;
/// Of each device; PORTCULLIS_ROUNDS makes a large store of it.
inline const int passages_a_day = rounds_or(4);

class ExposureBench {
  public:
    ExposureBench() {
        for (int number = 0; number < exposure_days; ++number) {
            reads.push_back(pki().recipient("read-" + std::to_string(number)));
            evidence.push_back(pki().recipient("evidence-" + std::to_string(number)));
        }
        gate_2_files = pki().device("gate-2");
        gate_2_key = must(FileSigningKey::create(gate_2_files.key, gate_2_files.certificate));
        devices.emplace_back(bench.road);
        devices.emplace_back(bench.road, *gate_2_key, "gate-2");
        bench.reload();
        for (int number = 0; number < exposure_days; ++number)
            drive_a_day(number);
        make_key_store();
        must_do(write_file_atomically(folder() / "access.policy", policies.sign(sample_policy(now))));
        write_settings();
        static_cast<void>(must(AuditLog::open(folder() / "audit.db")));
    }

    [[nodiscard]] const TestPki& pki() const { return bench.road.pki; }
    [[nodiscard]] std::filesystem::path folder() const { return pki().folder(); }
    [[nodiscard]] UtcTime time_of(int number) const { return now + number * day; }

    struct Passage {
        PassageName name;
        UtcTime received{};
        std::vector<Bytes> blobs;  // the read and its pictures
    };
    /// By trying the keys on the sealed bytes.
    [[nodiscard]] std::set<PassageName> opened_by(const std::vector<KeyFiles>& tried) const {
        std::set<PassageName> opened;
        for (const KeyFiles& files : tried) {
            const RecipientKey key = must(load_recipient({files.key, files.certificate}));
            for (const Passage& passage : passages)
                for (const Bytes& blob : passage.blobs)
                    if (open_envelope(key, blob)) opened.insert(passage.name);
        }
        return opened;
    }
    void look(const std::string& who, const Passage& passage, UtcTime when, std::string_view what = "view",
              AccessVerdict verdict = AccessVerdict::granted, const std::string& via = {}) const {
        Access access;
        access.who = who;
        access.via = via;
        access.role = "operator";
        access.purpose = "hit-and-run";
        access.case_number = "1";
        access.what = what;
        std::tie(access.device, access.chain.bytes, access.seq) = passage.name;
        access.verdict = verdict;
        AuditLog log = must(AuditLog::attach(folder() / "audit.db"));
        must_do(log.append(std::span(&access, 1), when));
    }
    void destroy(int number, UtcTime when) const { destroy(DestroyOrder{epoch(number)}, when); }
    /// As a retention schedule does: one key of the day, the others stay.
    void destroy(int number, const KeyFiles& key, UtcTime when) const {
        const std::string id = key_id(must(load_certificate(key.certificate)).get());
        destroy({epoch(number), {id}, SignedVersion{1, sha256(as_bytes(id))}}, when);
    }
    /// Beside the key store, as if that day's keys had been destroyed then; signed by anybody.
    void forge_record(int number, UtcTime when, const KeyFiles& signer) const {
        Destruction said{epoch(number), {}, 0, when};
        for (const KeyFiles& files :
             {reads[static_cast<std::size_t>(number)], evidence[static_cast<std::size_t>(number)]})
            said.keys.push_back(key_id(must(load_certificate(files.certificate)).get()));
        std::ranges::sort(said.keys);
        const auto key =
            must(FileSigningKey::create(signer.key, signer.certificate, CertificateUse::sign_receipts));
        must_do(write_file_atomically(keys.store.string() + ".forged.destroyed",
                                      must(sign_statement(*key, must(encode_destruction(said))))));
    }

    struct Told {
        Result<int> code;
        nlohmann::json json;
        std::set<PassageName> exposed;
        std::map<std::string, std::uint64_t> reasons;
    };
    [[nodiscard]] ExposureOptions options(const std::string& since) const {
        ExposureOptions given;
        given.since = since;
        given.settings = folder() / "opener.toml";
        given.store = bench.place();
        given.json = true;
        return given;
    }
    [[nodiscard]] Told report(const ExposureOptions& given) const {
        const std::ostringstream told;
        std::streambuf* const out = std::cout.rdbuf(told.rdbuf());
        Told answer{report_exposure(given, time_of(exposure_days)), {}, {}, {}};
        std::cout.rdbuf(out);
        if (!answer.code || !given.json) return answer;
        answer.json = nlohmann::json::parse(told.str());
        for (const auto& one : answer.json["exposed_passages"])
            answer.exposed.emplace(one["device"], must(chain_from_string(std::string(one["chain"]))).bytes,
                                   one["seq"]);
        for (const auto& group : answer.json["groups"])
            answer.reasons[group["reason"]] += group["passages"].get<std::uint64_t>();
        return answer;
    }

    CollectorBench bench;
    PolicyDesk policies;
    std::vector<KeyFiles> reads;  // by day
    std::vector<KeyFiles> evidence;
    KeyFiles gate_2_files;
    std::unique_ptr<FileSigningKey> gate_2_key;
    std::vector<TestDevice> devices;
    std::vector<Passage> passages;  // in order of time
    KeyFiles recorder = bench.road.pki.issue("witness", "collector", {.ca = "service-ca"});
    KeyStoreFiles keys{bench.road.pki.folder() / "keys.store", bench.road.pki.folder() / "kek"};

  private:
    void destroy(const DestroyOrder& order, UtcTime when) const {
        const auto witness =
            must(FileSigningKey::create(recorder.key, recorder.certificate, CertificateUse::sign_receipts));
        KeyStore store = must(KeyStore::open(keys));
        static_cast<void>(must(store.destroy(order, *witness, when)));
    }
    [[nodiscard]] static std::chrono::sys_days epoch(int number) {
        return std::chrono::floor<std::chrono::days>(now) + std::chrono::days(number);
    }
    [[nodiscard]] static std::vector<X509Ptr> certificates(const KeyFiles& files) {
        std::vector<X509Ptr> all;
        all.push_back(must(load_certificate(files.certificate)));
        return all;
    }
    void drive_a_day(int number) {
        const auto which = static_cast<std::size_t>(number);
        for (TestDevice& device : devices) {
            Audiences audiences;
            audiences.read = certificates(reads[which]);
            audiences.plate = certificates(evidence[which]);
            audiences.overview = certificates(evidence[which]);
            device.seal_to(std::move(audiences));
        }
        for (int i = 0; i < passages_a_day; ++i)
            for (TestDevice& device : devices) {
                const SealedRecord record = device.seal();
                Passage passage{
                    {device.name, device.head.chain.bytes, record.items[0].seq}, bench.clock.utc(), {}};
                for (const SealedItem& item : record.items)
                    passage.blobs.push_back(item.blob);
                bench.deliver(device.messages(record));
                passages.push_back(std::move(passage));
            }
        bench.clock.advance(std::chrono::days(1));
    }
    void make_key_store() const {
        KeyStore store = must(KeyStore::create(keys));
        for (int number = 0; number < exposure_days; ++number)
            for (const std::vector<KeyFiles>& some : {reads, evidence}) {
                const KeyFiles& files = some[static_cast<std::size_t>(number)];
                const RecipientKey key = must(load_recipient({files.key, files.certificate}));
                must_do(store.add(epoch(number), key.key.get(), key.certificate.get()));
            }
    }
    void write_settings() const {
        std::ofstream(folder() / "opener.toml")
            << fmt::format("[retention]\ncertificate = \"{}\"\n", recorder.certificate.string())
            << fmt::format("[key_store]\nfile = \"{}\"\nkek = \"{}\"\n", keys.store.string(),
                           keys.kek.string())
            << fmt::format("[devices]\nca_chain = \"{}\"\nsigners = \"{}\"\n",
                           pki().chain("device-ca").string(), pki().signers().string())
            << fmt::format("[access]\nfleet = \"test-fleet\"\npolicy = \"{}\"\n",
                           (folder() / "access.policy").string())
            << fmt::format("policy_chain = \"{}\"\npolicy_signers = \"{}\"\n",
                           policies.rules().policy_chain.string(), policies.rules().policy_signers.string())
            << fmt::format("[audit]\nlog = \"{}\"\n", (folder() / "audit.db").string());
    }
};

}  // namespace portcullis::test
