#pragma once
// An office: a collector with two reads of gate-1, the opener's settings on a disk, two people, and a
// recipient; the steps of `portcullis case` as they take them.

#include <doctest/doctest.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/portcullis/case_options.hpp"
#include "collector/opener/plate_register.hpp"
#include "unit/casefile/case_bench.hpp"
#include "unit/collector/collector_bench.hpp"
#include "vision/mark.hpp"

namespace portcullis::test {

inline Bytes grey_jpeg() {
    constexpr int width = 160;
    constexpr int height = 40;
    const GreyImage image{width, height, std::vector<std::uint8_t>(std::size_t{width} * height, 128)};
    return must(encode_jpeg(image, {}));
}

/// A collector with two reads of gate-1, one with a picture that can be decoded; two people, a recipient.
struct Office {
    CollectorBench bench;
    PolicyDesk policies;
    TestDevice device{bench.road};
    std::filesystem::path folder = bench.road.pki.folder();
    KeyFiles cases = pki().recipient("cases");
    KeyFiles cases_sign = pki().issue("cases-sign", "cases", {.ca = "service-ca"});
    KeyFiles auditor = pki().recipient("auditor");
    KeyFiles court = pki().recipient("court");
    KeyFiles erin_seal = pki().recipient("erin-seal");
    std::filesystem::path settings = folder / "opener.toml";
    CaseOptions options;

    Office() {
        std::filesystem::create_directory(folder / "people");
        for (const char* name : {"alice", "erin"}) {
            const KeyFiles files = pki().issue(name, name, {.ca = "service-ca"});
            std::filesystem::copy_file(files.certificate, folder / "people" / (std::string(name) + ".crt"));
        }
        bench.deliver(device.messages(device.seal()));
        bench.deliver(device.messages(seal_with_picture()));
        bench.judge_all();
        must_do(write_file_atomically(folder / "access.policy", policies.sign(case_policy())));
        write_settings();
        start_opener();
        options = as("alice");
    }
    [[nodiscard]] const TestPki& pki() const { return bench.road.pki; }
    SealedRecord seal_with_picture() {
        CaptureRecord record = sample_record();
        record.media[0].jpeg = grey_jpeg();
        record.media.resize(1);
        const SealedRecord sealed = must(bench.road.sealer->seal(record, device.head, {}));
        device.head.next_seq += sealed.items.size();
        device.head.link = sealed.items.back().link;
        return sealed;
    }
    void write_settings(bool with_cases = true) const {
        const auto name = [&](std::string_view key, const std::filesystem::path& path) {
            return fmt::format("{} = \"{}\"\n", key, path.string());
        };
        std::ofstream out(settings);
        out << fmt::format("[recipients]\nkeys = [\"{}\", \"{}\"]\n", bench.road.reader.key.string(),
                           bench.road.evidence.key.string())
            << fmt::format("certificates = [\"{}\", \"{}\"]\n[devices]\n",
                           bench.road.reader.certificate.string(), bench.road.evidence.certificate.string())
            << name("ca_chain", pki().chain("device-ca")) << name("signers", pki().signers())
            << "[access]\nfleet = \"test-fleet\"\n"
            << name("policy", folder / "access.policy") << name("policy_chain", policies.rules().policy_chain)
            << name("policy_signers", policies.rules().policy_signers) << "[audit]\n"
            << name("log", folder / "audit.db") << "[search]\n"
            << name("index", folder / "index.db") << name("auditor", auditor.certificate);
        if (!with_cases) return;
        out << "[cases]\n"
            << name("key", cases.key) << name("certificate", cases.certificate)
            << name("signing_key", cases_sign.key) << name("signing_certificate", cases_sign.certificate)
            << name("people_chain", pki().chain("service-ca")) << name("people", folder / "people");
    }
    /// It takes the policy into force and makes the index.
    void start_opener() const {
        static_cast<void>(
            must(AccessDesk::create(must(AuditLog::open(folder / "audit.db")),
                                    {folder / "access.policy", policies.rules()}, bench.clock)));
        PlateRegister plates = must(PlateRegister::create(folder / "index.db", bench.clock));
        plates.use_keys(bench.judge->opener());
        for (const ItemRow& item : must(bench.ingest->store().items.from(1, 1, 100))) {
            if (item.kind != ItemKind::read) continue;
            const OpenedRead read = bench.judge->opener().open_read(
                must(bench.ingest->store().items.blob(item.id)), item.received_at);
            plates.enter(indexed(*read.payload, ClockDoubt::none, item.received_at), read.recipient);
        }
    }
    [[nodiscard]] CaseOptions as(const std::string& who) const {
        CaseOptions all;
        all.signer = {folder / (who + ".key"), folder / (who + ".crt")};
        all.opener = {erin_seal.key, erin_seal.certificate};
        all.people_chain = pki().chain("service-ca");
        all.people = folder / "people";
        all.fleet = "test-fleet";
        all.purpose = "stolen-vehicle";
        all.case_number = "2026-117";
        all.plate = "AB*";
        all.pictures = true;
        all.recipient = court.certificate;
        all.days = 5;
        all.sealed_to = {cases.certificate, erin_seal.certificate};
        all.settings = settings;
        all.store = bench.place();
        all.models = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "models";
        return all;
    }
    void ask() {
        options.output = folder / "request";
        must_do(ask_for_case(options, now));
    }
    void approve() const {
        CaseOptions erin = as("erin");
        erin.file = folder / "request";
        erin.output = folder / "approval";
        must_do(show_case(erin, now));
        must_do(approve_case(erin, now));
    }
    [[nodiscard]] Result<void> make() const {
        CaseOptions given = options;
        given.file = folder / "request";
        given.approval = folder / "approval";
        given.output = folder / "117.case";
        return make_case(given, now);
    }
    [[nodiscard]] Result<void> open(const KeyFiles& who, UtcTime when = now) const {
        CaseOptions given;
        given.opener = {who.key, who.certificate};
        given.people_chain = pki().chain("service-ca");
        given.people = cases_sign.certificate;
        given.file = folder / "117.case";
        given.output = folder / "117";
        return open_case(given, when);
    }
};

inline std::string words(const Result<void>& result) {
    REQUIRE(!result);
    return result.error().message();
}

inline bool holds(const std::string& text, std::string_view part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

struct Quiet {
    std::ostringstream told;
    std::streambuf* out = std::cout.rdbuf(told.rdbuf());
    ~Quiet() { std::cout.rdbuf(out); }
};

}  // namespace portcullis::test
