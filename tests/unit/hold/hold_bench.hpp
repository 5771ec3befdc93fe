#pragma once
// A collector whose recipients' keys lie in a key store, two people, and a key for one legal hold.

#include "apps/common/service_key.hpp"
#include "apps/portcullis/hold_host.hpp"
#include "unit/casefile/case_office.hpp"

namespace portcullis::test {

namespace fs = std::filesystem;

inline const EpochStart hold_epoch = std::chrono::floor<std::chrono::minutes>(now);
inline const EpochStart read_epoch = std::chrono::floor<std::chrono::days>(now);

struct HoldBench {
    Office office;
    fs::path data = office.folder / "opener";  // what backups copy
    fs::path keks = office.folder / "kek";     // what they do not
    KeyStoreFiles keys{data / "keys.store", keks / "keys"};
    KeyStoreFiles hold_keys{data / "holds.store", keks / "holds"};
    fs::path holds = data / "holds";
    KeyFiles recorder = office.pki().issue("recorder", "recorder", {.ca = "service-ca"});
    KeyFiles hold_key = office.pki().recipient("hold-1");
    std::vector<CasePlace> places;  // the two reads of gate-1

    HoldBench() {
        fs::create_directories(holds);
        fs::create_directory(keks);
        for (const KeyStoreFiles& files : {keys, hold_keys})
            static_cast<void>(must(KeyStore::create(files)));
        for (const KeyFiles& files : {office.bench.road.reader, office.bench.road.evidence})
            move_in(keys, read_epoch, files);
        move_in(hold_keys, hold_epoch, hold_key);
        std::string text = must(read_text_file(office.settings, 1 << 20));
        text = text.substr(text.find("[devices]"));
        const auto path = [](const char* name, const fs::path& file) {
            return fmt::format("{} = \"{}\"\n", name, file.string());
        };
        std::ofstream(office.settings)
            << "[key_store]\n"
            << path("file", keys.store) << path("kek", keys.kek) << text << "[retention]\n"
            << path("key", recorder.key) << path("certificate", recorder.certificate) << "[holds]\n"
            << path("folder", holds) << path("store", hold_keys.store) << path("kek", hold_keys.kek);
        for (const Seq seq : {Seq{1}, Seq{4}})
            places.push_back({"gate-1", office.device.head.chain, seq});
        office.options.settings = office.settings;
    }
    /// The key is in the store and nowhere else.
    static void move_in(const KeyStoreFiles& files, EpochStart epoch, const KeyFiles& key) {
        const RecipientKey pair = must(load_recipient({key.key, key.certificate}));
        KeyStore store = must(KeyStore::open(files));
        must_do(store.add(epoch, pair.key.get(), pair.certificate.get()));
        fs::remove(key.key);
    }
    [[nodiscard]] std::unique_ptr<SigningKey> recorder_key() const {
        return must(open_service_key(recorder.key, recorder.certificate));
    }
    [[nodiscard]] OpenerSettings settings() const { return must(OpenerSettings::load(office.settings)); }

    /// alice asks to hold the second read, erin approves.
    void ask_to_hold() { ask(true, {places[1]}); }
    void ask(bool hold, const std::vector<CasePlace>& reads, const std::string& case_number = "2026-117") {
        CaseOptions given = office.as("alice");
        given.is_hold = hold;
        given.plate.clear();
        for (const CasePlace& place : reads)
            given.reads.push_back(to_string(place));
        given.case_number = case_number;
        if (hold) given.recipient = hold_key.certificate;
        given.output = office.folder / "request";
        must_do(ask_for_case(given, now));
        office.approve();
    }
    [[nodiscard]] Result<void> hold() const { return make_hold(given(), now); }
    [[nodiscard]] Result<void> release(const std::string& id = {}, UtcTime when = now) const {
        CaseOptions options = given();
        options.hold = id;
        return release_hold(options, when);
    }
    /// A case file of these reads.
    Result<void> take_out(const std::vector<CasePlace>& reads, const std::string& case_number = "2026-117") {
        ask(false, reads, case_number);
        CaseOptions options = given();
        fs::remove_all(office.folder / "117.case");
        fs::remove_all(office.folder / "117");
        options.output = office.folder / "117.case";
        return make_case(options, now);
    }
    /// The rows of the last one that are of this read.
    [[nodiscard]] std::size_t rows_of(const CasePlace& place) const {
        fs::remove_all(office.folder / "117");
        must_do(office.open(office.court));
        const auto file =
            nlohmann::json::parse(must(read_text_file(office.folder / "117" / "reads.json", 1 << 20)));
        std::size_t rows = 0;
        for (const auto& row : file["reads"])
            if (row["seq"] == place.seq && row["chain"] == to_string(place.chain)) ++rows;
        return rows;
    }
    void destroy_epoch() const {
        KeyStore store = must(KeyStore::open(keys));
        static_cast<void>(must(store.destroy(read_epoch, *recorder_key(), now)));
    }
    [[nodiscard]] std::vector<HoldRecord> records() const {
        const X509Ptr certificate = must(load_certificate(recorder.certificate));
        return must(load_holds(holds, certificate.get()));
    }
    [[nodiscard]] std::vector<Access> entries(std::string_view what,
                                              AccessVerdict verdict = AccessVerdict::granted) const {
        std::vector<Access> all = all_entries(office.folder / "audit.db");
        std::erase_if(all, [&](const Access& one) { return one.what != what || one.verdict != verdict; });
        return all;
    }
    [[nodiscard]] CaseOptions given() const {
        CaseOptions options = office.as("alice");
        options.file = office.folder / "request";
        options.approval = office.folder / "approval";
        return options;
    }
};

}  // namespace portcullis::test
