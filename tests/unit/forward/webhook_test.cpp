// What other systems are told, against files that were written by hand.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "forward/webhook.hpp"
#include "forward_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

nlohmann::json expected(const std::string& name) {
    const auto text =
        read_text_file(std::string(PORTCULLIS_SOURCE_DIR) + "/tests/data/forward/" + name + ".json", 65536);
    REQUIRE(text);
    return nlohmann::json::parse(*text);
}

View expired_view() {
    View view = told_view();
    view.verdict.key_trust = KeyTrust::expired;
    view.verdict.clock = ClockDoubt::after_receipt;
    view.captured_at = view_received_at + std::chrono::seconds(1);
    view.lane = "";
    view.direction = Direction::unknown;
    view.media.clear();
    return view;
}

std::string percent_decoded(const std::string& text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        decoded += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
    }
    return decoded;
}

}  // namespace

TEST_CASE("each shape says of a read, an unread one and one of an expired key what the expected files say") {
    const std::vector<std::pair<std::string, HookShape>> shapes{
        {"portcullis", HookShape::portcullis},
        {"openalpr", HookShape::openalpr},
        {"platerecognizer", HookShape::platerecognizer}};
    const std::vector<std::pair<std::string, View>> views{
        {"read", told_view()}, {"unread", unread_view()}, {"expired", expired_view()}};
    for (const auto& [shape, kind] : shapes)
        for (const auto& [name, view] : views) {
            CAPTURE(shape);
            CAPTURE(name);
            const WebhookBody body = webhook_body(told_hook(kind), view);
            CHECK(body.content_type == "application/json");
            CHECK(nlohmann::json::parse(body.text) == expected(shape + "-" + name));
        }
}

TEST_CASE("a form holds the same JSON, with nothing in it that a form could be cut at") {
    HookSettings hook = told_hook(HookShape::platerecognizer);
    View view = told_view();
    view.lane = "Einfahrt & \"A=B\" + 100 % \xc3\xa4";
    const std::string plain = webhook_body(hook, view).text;
    hook.form = true;
    const WebhookBody body = webhook_body(hook, view);
    CHECK(body.content_type == "application/x-www-form-urlencoded");
    REQUIRE(body.text.starts_with("json="));
    const std::string value = body.text.substr(5);
    CHECK(value.find_first_of("&=+\" {}\xc3") == std::string::npos);
    CHECK(percent_decoded(value) == plain);
}

TEST_CASE("letters from outside stay letters within the JSON") {
    for (const HookShape shape : {HookShape::portcullis, HookShape::openalpr, HookShape::platerecognizer}) {
        View view = told_view();
        view.lane = "\"}, {\"lane\": \"<script>\n\xff";
        const auto told = nlohmann::json::parse(webhook_body(told_hook(shape), view).text);
        CHECK(told.size() == nlohmann::json::parse(webhook_body(told_hook(shape), told_view()).text).size());
    }
}

TEST_CASE("a read has one id, however often it is told and in whatever shape") {
    CHECK(delivery_id(told_view()) == "gate-1/0123456789abcdef/17");
    CHECK(delivery_id(told_view()) == delivery_id(expired_view()));
    CHECK(delivery_id(told_view(17)) != delivery_id(told_view(18)));
}

TEST_CASE("a hook hears of reads that may be believed, of its devices, and good enough") {
    const HookSettings usual = told_hook();
    HookSettings strict = usual;
    strict.min_confidence = 0.9;
    HookSettings all = usual;
    all.unread = true;
    HookSettings elsewhere = usual;
    elsewhere.devices = {"tunnel-*", "gate-?1"};
    HookSettings here = usual;
    here.devices = {"tunnel-*", "gate-?"};
    View picture = doubtful_view();
    picture.kind = ItemKind::plate;
    View health = told_view();
    health.kind = ItemKind::health;
    struct Row {
        const char* what;
        const HookSettings& hook;
        View view;
        bool told;
    };
    const std::vector<Row> rows{{"a good read", usual, told_view(), true},
                                {"not sure enough", strict, told_view(), false},
                                {"an unread one", usual, unread_view(), false},
                                {"an unread one, asked for", all, unread_view(), true},
                                {"a forged one", all, doubtful_view(), false},
                                {"a picture", all, picture, false},
                                {"no read", all, health, false},
                                {"of another device", elsewhere, told_view(), false},
                                {"of a device that a pattern names", here, told_view(), true}};
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK(is_told(row.hook, row.view) == row.told);
    }
}
