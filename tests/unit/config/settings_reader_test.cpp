#include <doctest/doctest.h>

#include <stdlib.h>

#include "base/file.hpp"
#include "config/settings_reader.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;

namespace {

class File {
  public:
    explicit File(std::string_view toml) { REQUIRE(write_file_atomically(path(), as_bytes(toml))); }
    [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "a.toml"; }
    [[nodiscard]] SettingsReader open() const {
        auto reader = SettingsReader::open(path());
        REQUIRE(reader);
        return std::move(*reader);
    }

  private:
    test::TempDir folder_;
};

std::string complaint_of(SettingsReader& in) {
    const auto result = in.finish();
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == ErrorCode::configuration);
    return result.error().message();
}

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("settings of every type are read, and what is absent takes its fallback") {
    const File file(
        "name = \"gate\"\n[a]\nport = 8883\nrate = 2.5\non = true\nfile = \"k.pem\"\nlist = [\"x\", \"y\"]\n"
        "roi = [[0, 0], [1, 0], [0.5, 1]]\npace = \"fast\"\n");
    auto in = file.open();
    CHECK(in.root().text("name") == "gate");
    auto a = in.section("a");
    CHECK(a.integer("port", {1, 65535}) == 8883);
    CHECK(a.number("rate", {0, 10}) == 2.5);
    CHECK(a.flag("on"));
    CHECK(a.path("file") == file.path().parent_path() / "k.pem");
    CHECK(a.texts("list") == std::vector<std::string>{"x", "y"});
    CHECK(a.polygon("roi").size() == 3);
    CHECK(a.choice<int>("pace", {{"source", 1}, {"fast", 2}}) == 2);
    CHECK(a.integer("absent", {0, 9}, 4) == 4);
    CHECK(in.section("none").text("key", "fallback") == "fallback");
    CHECK(in.finish());
}

TEST_CASE("an unknown key is refused with file and line") {
    const File file("[a]\nport = 1\nprot = 2\n[b]\nx = 1\n");
    auto in = file.open();
    CHECK(in.section("a").integer("port", {1, 2}) == 1);
    const std::string message = complaint_of(in);
    CHECK(holds(message, file.path().string() + ":3: a.prot: unknown key"));
    CHECK(holds(message, ":5: b.x: unknown key"));
}

TEST_CASE("each wrong value is refused with its line and what to write instead") {
    struct Row {
        const char* toml;
        const char* complaint;
    };
    for (const Row& row : {Row{"[a]\nport = 0\n", ":2: a.port: 0 is out of range; write a value from 1 to 9"},
                           Row{"[a]\nport = \"1\"\n", ":2: a.port: wrong type; write a whole number"},
                           Row{"[a]\nport = 1.5\n", ":2: a.port: wrong type"},
                           Row{"[a]\n", "a.port: is missing"}, Row{"a = 3\n", ":1: a: is not a section"}}) {
        CAPTURE(row.toml);
        const File file(row.toml);
        auto in = file.open();
        CHECK(in.section("a").integer("port", {1, 9}) <= 9);
        CHECK(holds(complaint_of(in), row.complaint));
    }
}

TEST_CASE("a polygon with a point that no picture has is refused, never bent into another one") {
    for (const char* number : {"nan", "-inf", "1e300", "100000.5", "9223372036854775807", "\"3\""}) {
        CAPTURE(number);
        const File file(fmt::format("roi = [[0, 0], [1, 0], [0.5, {}]]\n", number));
        auto in = file.open();
        CHECK(in.root().polygon("roi").empty());
        CHECK(holds(complaint_of(in), "a.toml:1: roi: wrong shape"));
    }
}

TEST_CASE("a choice outside the list names the list") {
    const File file("[a]\npace = \"slow\"\n");
    auto in = file.open();
    CHECK(in.section("a").choice<int>("pace", {{"source", 1}, {"fast", 2}}, 1) == 1);
    CHECK(holds(complaint_of(in), "\"slow\" is not known; write one of: source, fast"));
}

TEST_CASE("incompatible pairs are refused at the key that is to be changed") {
    const File file("[a]\nlow = 5\nhigh = 3\n");
    auto in = file.open();
    auto a = in.section("a");
    const auto low = a.integer("low", {0, 9});
    in.check(low < a.integer("high", {0, 9}), "a.low", "must be below a.high");
    CHECK(holds(complaint_of(in), ":2: a.low: must be below a.high"));
}

TEST_CASE("repeated sections are read one by one and their unknown keys are found") {
    const File file("[[lane]]\nname = \"n\"\n[[lane]]\nname = \"s\"\ncolour = 1\n");
    auto in = file.open();
    std::string names;
    for (auto& lane : in.sections("lane", 4))
        names += lane.text("name");
    CHECK(names == "ns");
    CHECK(holds(complaint_of(in), ":5: lane[1].colour: unknown key"));
}

TEST_CASE("the environment wins over the file") {
    const File file("[a]\nport = 1\nname = \"x\"\n");
    REQUIRE(::setenv("PORTCULLIS_SET_A__PORT", "2", 1) == 0);
    REQUIRE(::setenv("PORTCULLIS_SET_A__NAME", "bare", 1) == 0);
    auto in = file.open();
    CHECK(in.section("a").integer("port", {1, 9}) == 2);
    CHECK(in.section("a").text("name") == "bare");
    CHECK(in.finish());
    REQUIRE(::unsetenv("PORTCULLIS_SET_A__PORT") == 0);
    REQUIRE(::unsetenv("PORTCULLIS_SET_A__NAME") == 0);
}

TEST_CASE("attack: the environment adds a recipient or empties a deny list: it is refused by name") {
    const File file("[recipients]\nread = [\"a.crt\"]\n[devices]\ndeny_list = \"deny\"\n[a]\nport = 1\n");
    REQUIRE(::setenv("PORTCULLIS_SET_RECIPIENTS__READ", "[\"b.crt\"]", 1) == 0);
    REQUIRE(::setenv("PORTCULLIS_SET_DEVICES__DENY_LIST", "\"\"", 1) == 0);
    REQUIRE(::setenv("PORTCULLIS_SET_RECEIPTS__SIGNERS", "/tmp/mine", 1) == 0);
    REQUIRE(::setenv("PORTCULLIS_SET_A__PORT", "2", 1) == 0);
    auto in = file.open();
    CHECK(in.section("recipients").texts("read") == std::vector<std::string>{"a.crt"});
    CHECK(in.section("devices").text("deny_list") == "deny");
    CHECK(in.section("receipts").text("signers", "theirs") == "theirs");
    CHECK(in.section("a").integer("port", {1, 9}) == 2);  // control: others are overridden
    const std::string complaint = complaint_of(in);
    CHECK(holds(complaint, "recipients.read: says whom to trust"));
    CHECK(holds(complaint, "unset PORTCULLIS_SET_RECIPIENTS__READ"));
    CHECK(holds(complaint, "devices.deny_list: says"));
    CHECK(holds(complaint, "receipts.signers: says"));
    for (const char* name : {"PORTCULLIS_SET_RECIPIENTS__READ", "PORTCULLIS_SET_DEVICES__DENY_LIST",
                             "PORTCULLIS_SET_RECEIPTS__SIGNERS", "PORTCULLIS_SET_A__PORT"})
        REQUIRE(::unsetenv(name) == 0);
}

TEST_CASE("a file that vouches for something is not overridden by the environment") {
    const File file("[model]\nsha256 = \"file\"\n");
    REQUIRE(::setenv("PORTCULLIS_SET_MODEL__SHA256", "environment", 1) == 0);
    auto vouching = SettingsReader::open(file.path(), Environment::ignored);
    auto ordinary = SettingsReader::open(file.path());
    REQUIRE(vouching);
    REQUIRE(ordinary);
    CHECK(vouching->section("model").text("sha256") == "file");
    CHECK(ordinary->section("model").text("sha256") == "environment");  // control
    CHECK_FALSE(vouching->section("other").has("key"));
    REQUIRE(::unsetenv("PORTCULLIS_SET_MODEL__SHA256") == 0);
}

TEST_CASE("a file that is missing or not TOML is a configuration error with the place") {
    const auto missing = SettingsReader::open("/nonexistent.toml");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == ErrorCode::configuration);
    CHECK(holds(missing.error().message(), "/nonexistent.toml: no such file"));
    const File file("[a]\nx = = 1\n");
    const auto broken = SettingsReader::open(file.path());
    REQUIRE_FALSE(broken);
    CHECK(holds(broken.error().message(), file.path().string() + ":2: not TOML"));
}
