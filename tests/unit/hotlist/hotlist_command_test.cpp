// `portcullis hotlist` as people run it.
#include "apps/portcullis/hotlist_command.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/portcullis/hotlist_source.hpp"
#include "support/command_run.hpp"
#include "support/wanted_list.hpp"
#include "unit/hotlist/hotlist_bench.hpp"
#include "wanted/wanted_gate.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool says(const Outcome& outcome, const std::string& text) {
    return outcome.out.find(text) != std::string::npos;
}

Outcome hotlist(const std::vector<std::string>& arguments) {
    return run_command(&add_hotlist_command, "hotlist", arguments);
}

/// Against an opener that turns in another thread.
Outcome ask(HotlistBench& bench, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--socket", bench.views_path.string(), "--purpose", "stolen-vehicle"});
    std::jthread crank([&bench](const std::stop_token& stop) {
        while (!stop.stop_requested())
            must_do(bench.server.step(milliseconds(5)));
    });
    return hotlist(arguments);
}

/// A desk that signs with keys that hold today, for the command goes by the clock of this host.
struct SigningBench {
    UtcTime today = SystemClock().utc();
    TestPki pki;
    KeyFiles policy =
        issue("policy", "root", "digitalSignature", "emailProtection," + std::string(oid_policy));
    KeyFiles desk = issue("desk", "recipient-ca", "keyAgreement", "");
    KeyFiles opener = issue("opener", "recipient-ca", "keyAgreement", "");
    std::filesystem::path source = pki.folder() / "hotlist.toml";
    std::filesystem::path list = pki.folder() / "north.hotlist";

    [[nodiscard]] KeyFiles issue(const std::string& name, const std::string& ca, const std::string& usage,
                                 const std::string& extended) const {
        return pki.issue(
            name, name,
            {.ca = ca, .usage = usage, .extended = extended, .from = today - day, .until = today + 9 * day});
    }
    void write(const std::string& entries) const {
        std::ofstream(source) << "fleet = \"north\"\n" << entries;
    }
    [[nodiscard]] std::string entry(const std::string& plate, const std::string& more = "") const {
        const std::string until = to_iso8601(today + 5 * day).substr(0, 10);
        return "[[entry]]\nplate = \"" + plate + "\"\npurpose = \"stolen-vehicle\"\ncase = \"2026-117\"\n" +
               "why = \"stolen\"\nby = \"alice\"\nuntil = \"" + until + "\"\n" + more;
    }
    [[nodiscard]] Outcome sign(std::vector<std::string> more) const {
        more.insert(more.begin(),
                    {"sign", list.string(), "--source", source.string(), "--key", policy.key.string(),
                     "--certificate", policy.certificate.string(), "--policy-chain",
                     (pki.folder() / "root.crt").string(), "--seal-to", opener.certificate.string(),
                     "--open-key", desk.key.string(), "--open-certificate", desk.certificate.string()});
        return hotlist(more);
    }
    [[nodiscard]] std::filesystem::path tokens_file() const { return pki.folder() / "north.wanted"; }
    [[nodiscard]] Outcome tokens(std::vector<std::string> more) const {
        more.insert(more.begin(),
                    {"tokens", tokens_file().string(), "--hotlist", list.string(), "--fleet", "north",
                     "--key", policy.key.string(), "--certificate", policy.certificate.string(),
                     "--policy-chain", (pki.folder() / "root.crt").string(), "--open-key", desk.key.string(),
                     "--open-certificate", desk.certificate.string()});
        return hotlist(more);
    }
    [[nodiscard]] WantedTokens told() const {
        const auto gate = must(WantedGate::create({pki.folder() / "root.crt", policy.certificate, "north"}));
        return must(gate.open(must(read_file(tokens_file(), max_wanted_bytes)), std::nullopt, today)).tokens;
    }
    [[nodiscard]] Outcome show(const KeyFiles& reader) const {
        return hotlist({"show", list.string(), "--fleet", "north", "--certificate",
                        policy.certificate.string(), "--policy-chain", (pki.folder() / "root.crt").string(),
                        "--open-key", reader.key.string(), "--open-certificate",
                        reader.certificate.string()});
    }
};

}  // namespace

TEST_CASE("a list is signed and sealed, shown to its readers, and followed by the next one") {
    const SigningBench bench;
    bench.write(bench.entry("b-os 123", "jurisdiction = \"de\"\n") +
                bench.entry("LA77 TER", "sites = [\"bridge\"]\n"));
    const Outcome first = bench.sign({"--version", "1"});
    INFO(first.out);
    CHECK(first.code == 0);
    CHECK(says(first, "version: 1\nentries: 2\nsealed to: 2\n"));
    CHECK_FALSE(says(first, "BOS123"));
    for (const KeyFiles& reader : {bench.desk, bench.opener}) {
        const Outcome shown = bench.show(reader);
        REQUIRE(shown.code == 0);
        const auto json = nlohmann::json::parse(shown.out);
        CHECK(json["version"] == 1);
        CHECK(json["entries"].at(0)["plate"] == "BOS123");
        CHECK(json["entries"].at(0)["in_force"] == true);
        CHECK(json["entries"].at(1)["sites"].at(0) == "bridge");
    }
    const std::filesystem::path before = bench.pki.folder() / "before.hotlist";
    std::filesystem::rename(bench.list, before);
    CHECK(says(bench.sign({"--previous", before.string()}), "version: 2\n"));
    CHECK(says(bench.sign({"--previous", before.string(), "--seal-to", bench.desk.certificate.string()}),
               "sealed to: 2\n"));
    CHECK(bench.show(bench.issue("stranger", "recipient-ca", "keyAgreement", "")).code == 1);
}

TEST_CASE("of a list tokens are made for devices, and of the next list tokens under the same key") {
    const SigningBench bench;
    bench.write(bench.entry("b-os 123") + bench.entry("LA77 TER"));
    REQUIRE(bench.sign({"--version", "1"}).code == 0);
    const Outcome first = bench.tokens({"--version", "1", "--hours", "12"});
    INFO(first.out);
    REQUIRE(first.code == 0);
    CHECK(says(first, "version: 1\nof hotlist version: 1\ncount: 2 of 12 bits\n"));
    CHECK(says(first, "publish it retained on lpr/v1/cfg/north/wanted\n"));
    const WantedTokens told = bench.told();
    CHECK(told.until == told.issued + std::chrono::hours(12));
    CHECK(may_be_wanted(told, sure_read("BOS123")));
    CHECK(may_be_wanted(told, sure_read("LA77TER")));
    CHECK_FALSE(may_be_wanted(told, sure_read("LA77TES")));
    const std::filesystem::path before = bench.pki.folder() / "before.wanted";
    std::filesystem::rename(bench.tokens_file(), before);
    REQUIRE(bench.tokens({"--previous", before.string()}).code == 0);
    CHECK(bench.told().version == 2);
    CHECK(bench.told().tokens == told.tokens);
    REQUIRE(bench.tokens({"--previous", before.string(), "--fresh-key"}).code == 0);
    CHECK(bench.told().key != told.key);
    const Outcome shown = hotlist({"show-tokens", bench.tokens_file().string(), "--fleet", "north",
                                   "--certificate", bench.policy.certificate.string(), "--policy-chain",
                                   (bench.pki.folder() / "root.crt").string()});
    REQUIRE(shown.code == 0);
    CHECK(nlohmann::json::parse(shown.out)["tokens"] == 2);
}

TEST_CASE("a case that is kept back, and an entry that is over, are told to no device") {
    const SigningBench bench;
    bench.write(bench.entry("BOS123") + bench.entry("LA77TER"));
    REQUIRE(bench.sign({"--version", "1"}).code == 0);
    REQUIRE(bench.tokens({"--version", "1", "--keep-back", "2026-117"}).code == 0);
    CHECK(bench.told().tokens.empty());
}

TEST_CASE("tokens without a version, of too long a life or with another's key are not made") {
    const SigningBench bench;
    bench.write(bench.entry("BOS123"));
    REQUIRE(bench.sign({"--version", "1"}).code == 0);
    CHECK(bench.tokens({}).code != 0);
    CHECK(bench.tokens({"--version", "1", "--hours", "193"}).code != 0);
    CHECK(bench.tokens({"--version", "1", "--fresh-key"}).code != 0);
    CHECK(bench.tokens({"--previous", bench.list.string()}).code == 1);
    CHECK_FALSE(std::filesystem::exists(bench.tokens_file()));
}

TEST_CASE(
    "what is wrong with a source is told with its place and without its plate, and no list is written") {
    const SigningBench bench;
    for (const std::string& entries :
         {bench.entry("BO?123"), bench.entry(""), bench.entry("B OS\", x = \""),
          bench.entry("BOS123") + bench.entry("BOS-123"), bench.entry("BOS123", "colour = \"red\"\n")}) {
        bench.write(entries);
        const Outcome refused = bench.sign({"--version", "1"});
        CAPTURE(refused.out);
        CHECK(refused.code != 0);
        CHECK_FALSE(says(refused, "BO?123"));
        CHECK_FALSE(says(refused, "BOS123"));
        CHECK_FALSE(std::filesystem::exists(bench.list));
    }
    bench.write(bench.entry("BOS123"));
    CHECK(bench.sign({}).code == 2);  // neither a version nor the one before
}

TEST_CASE("the example that is installed is a source of one entry") {
    const Hotlist list = must(
        load_hotlist_source(std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "board/host/config/hotlist.toml"));
    REQUIRE(list.entries.size() == 1);
    CHECK(list.entries[0].plate == "BOS123");
    CHECK(list.entries[0].jurisdiction == "de");
}

TEST_CASE("hits are told with their doubts, and as one JSON object") {
    HotlistBench bench;
    const Seq seq = bench.pass();
    const Outcome told = ask(bench, {"hits", "--case", "2026-117"});
    INFO(told.out);
    CHECK(told.code == 0);
    for (const char* text :
         {"2026-11-23T08:00:00Z  gate-1/lane-1  approaching  candidate: nobody has looked yet\n",
          "    read     AB12CDE (gb, 90.0 % sure, 2 look-alike letters differ)\n",
          "    wanted   A8I2CDE (gb), case 2026-117: stolen 20 Nov; call the desk first; entered by alice\n",
          "1 hits; hotlist version 7, 3 plates wanted\n"})
        CHECK(says(told, text));
    CHECK(says(told, fmt::format("    hit      gate-1/{}/{}\n", to_string(bench.device.head.chain), seq)));
    CHECK(
        says(told, fmt::format("    plate    gate-1/{}/{}\n", to_string(bench.device.head.chain), seq + 1)));
    const auto json = nlohmann::json::parse(ask(bench, {"hits", "--case", "2026-117", "--json"}).out);
    CHECK(json["hits"].at(0)["distance"] == 2);
    CHECK(json["hits"].at(0)["state"] == "candidate");
    CHECK(json["hits"].at(0)["pictures"].at(1)["role"] == "overview");
    CHECK(ask(bench, {"hits", "--case", "2026-117", "--state", "confirmed"}).out ==
          "0 hits; hotlist version 7, 3 plates wanted\n");
}

TEST_CASE("a hit is confirmed and rejected by its place and its case") {
    HotlistBench bench;
    const std::string hit = fmt::format("gate-1/{}/{}", to_string(bench.device.head.chain), bench.pass());
    const Outcome confirmed = ask(bench, {"confirm", hit, "--case", "2026-117"});
    CHECK(confirmed.code == 0);
    CHECK(says(confirmed, "confirmed by " + user_name(::geteuid()) + ", 2026-11-23T08:00:00Z\n"));
    CHECK(says(ask(bench, {"reject", hit, "--case", "2026-117"}), "rejected by "));
    const Outcome another = ask(bench, {"confirm", hit, "--case", "2026-118"});
    CHECK(another.code == 1);
    CHECK(says(another, "no hit of yours"));
    for (const char* wrong : {"gate-1", "gate-1/1", "gate-1/xyz/1", "../0123456789abcdef/1",
                              "gate-1/0123456789abcdef/", "gate-1/0123456789abcdef/-1"})
        CHECK(ask(bench, {"confirm", wrong, "--case", "2026-117"}).code == 2);
}

TEST_CASE("an opener without a list in force says so beside its hits") {
    HotlistBench bench;
    std::filesystem::remove(bench.list_path);
    bench.use();
    CHECK(says(ask(bench, {"hits", "--case", "2026-117"}), "no hotlist in force"));
}
