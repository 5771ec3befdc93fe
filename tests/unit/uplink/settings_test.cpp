#include "config/uplink_settings.hpp"

#include <doctest/doctest.h>

#include "base/file.hpp"
#include "support/temp_dir.hpp"
#include "uplink/uplink_service.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr const char* smallest = R"(
[spool]
path = "spool.db"
[broker]
uri = "mqtts://localhost:8883"
ca = "ca.pem"
certificate = "tls.crt"
key = "tls.key"
[receipts]
ca_chain = "chain.pem"
signers = "receipt.crt"
)";

Result<UplinkFileSettings> load(const std::string& text) {
    const TempDir dir;
    REQUIRE(write_file_atomically(dir.path() / "uplink.toml", as_bytes(text)));
    return UplinkFileSettings::load(dir.path() / "uplink.toml");
}

}  // namespace

TEST_CASE("the commented example holds every key with its own default") {
    const auto example = UplinkFileSettings::load(std::filesystem::path(PORTCULLIS_SOURCE_DIR) /
                                                  "board/host/config/uplink.toml");
    if (!example) FAIL(example.error().message());
    const auto plain = load(smallest);
    if (!plain) FAIL(plain.error().message());
    CHECK(example->spool.poll == plain->spool.poll);
    CHECK(example->broker.keep_alive == plain->broker.keep_alive);
    CHECK(example->broker.session_expiry == plain->broker.session_expiry);
    CHECK(example->broker.back_off_limit == plain->broker.back_off_limit);
    CHECK(example->window.items == plain->window.items);
    CHECK(example->window.bytes == plain->window.bytes);
    CHECK(example->window.ahead_items == plain->window.ahead_items);
    CHECK(example->window.ahead_bytes == plain->window.ahead_bytes);
    CHECK(example->window.resend_after == plain->window.resend_after);
    CHECK(example->status_interval == plain->status_interval);
    CHECK(example->inbox == plain->inbox);
    CHECK(example->log_level == plain->log_level);
    const UplinkSettings defaults;
    CHECK(plain->window.items == defaults.window_items);
    CHECK(plain->window.bytes == defaults.window_bytes);
    CHECK(plain->window.ahead_items == defaults.ahead_items);
    CHECK(plain->window.ahead_bytes == defaults.ahead_bytes);
    CHECK(plain->window.resend_after == defaults.resend_after);
    CHECK(plain->status_interval == defaults.status_interval);
}

TEST_CASE("wrong keys are configuration errors that name the key and the cure") {
    struct Row {
        std::string text;
        const char* words;
    };
    const std::string good = smallest;
    const Row rows[] = {
        {"", "broker.uri"},
        {good + "[window]\nitems = 0\n", "window.items"},
        {good + "[window]\nmib = 3\n", "window.mib"},
        {good + "[window]\nitems = 50\nahead_items = 20\n", "must not be below items"},
        {good + "[window]\nmib = 128\n", "must not be below mib"},
        {good + "[window]\nwidth = 4\n", "width"},
        {good + "[log]\nlevel = \"loud\"\n", "log.level"},
        {std::string(good).replace(good.find("mqtts"), 5, "mqtt"), "mqtts://HOST:PORT"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.words);
        const auto loaded = load(row.text);
        REQUIRE_FALSE(loaded);
        INFO(loaded.error().message());
        CHECK(loaded.error().code() == ErrorCode::configuration);
        CHECK(loaded.error().message().find(row.words) != std::string::npos);
    }
}
