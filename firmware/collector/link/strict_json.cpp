#include "collector/link/strict_json.hpp"

#include <limits>

namespace portcullis {

namespace {

constexpr std::size_t max_op_bytes = 64;

}  // namespace

Result<StrictJson> StrictJson::parse(std::string_view text, std::string what) {
    nlohmann::json object = nlohmann::json::parse(text, nullptr, false);
    if (!object.is_object()) return fail(ErrorCode::corrupt, "{}: is not a JSON object", what);
    return StrictJson(std::move(object), std::move(what));
}

void StrictJson::begins(std::uint64_t version, std::string_view op) {
    check(number("v", 0, std::numeric_limits<std::uint64_t>::max()) == version, "v",
          "is not a version that we speak");
    check(text("op", max_op_bytes) == op, "op", fmt::format("is not \"{}\"", op));
}

void StrictJson::complain(const char* key, std::string_view what) {
    if (complaint_.empty()) complaint_ = fmt::format("{}: field \"{}\" {}", what_, key, what);
}

void StrictJson::check(bool condition, const char* key, std::string_view what) {
    if (!condition) complain(key, what);
}

const nlohmann::json* StrictJson::find(const char* key) {
    asked_.insert(key);
    const auto place = object_.find(key);
    if (place != object_.end()) return &*place;
    complain(key, "is missing");
    return nullptr;
}

std::string StrictJson::text(const char* key, std::size_t limit) {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return {};
    const auto* text = value->get_ptr<const std::string*>();
    if (text != nullptr && text->size() <= limit) return *text;
    complain(key, text == nullptr ? "is not text" : "is too long");
    return {};
}

std::uint64_t StrictJson::number(const char* key, std::uint64_t low, std::uint64_t high) {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return low;
    if (value->is_number_unsigned()) {
        const auto number = value->get<std::uint64_t>();
        if (number >= low && number <= high) return number;
    }
    complain(key, "is not a whole number within its limits");
    return low;
}

double StrictJson::real(const char* key, double low, double high) {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return low;
    if (value->is_number()) {
        const auto number = value->get<double>();
        if (number >= low && number <= high) return number;
    }
    complain(key, "is not a number within its limits");
    return low;
}

bool StrictJson::flag(const char* key) {
    const nlohmann::json* value = find(key);
    if (value != nullptr && value->is_boolean()) return value->get<bool>();
    complain(key, "is not true or false");
    return false;
}

UtcTime StrictJson::time_us(const char* key) {
    constexpr std::uint64_t year_9999 = 253'402'300'800'000'000;
    return UtcTime(microseconds(static_cast<std::int64_t>(number(key, 0, year_9999))));
}

Digest StrictJson::digest(const char* key) {
    constexpr std::size_t hex_digits = 64;
    const Result<Digest> digest = digest_from_hex(text(key, hex_digits));
    if (digest) return *digest;
    complain(key, "is not a SHA-256 digest in hex");
    return {};
}

nlohmann::json StrictJson::list(const char* key, std::size_t limit) {
    const nlohmann::json* value = find(key);
    if (value != nullptr && value->is_array() && value->size() <= limit) return *value;
    complain(key, "is not a list within its limit");
    return nlohmann::json::array();
}

Result<void> StrictJson::finish() const {
    if (!complaint_.empty()) return fail(ErrorCode::corrupt, "{}", complaint_);
    for (const auto& field : object_.items())
        if (!asked_.contains(field.key()))
            return fail(ErrorCode::corrupt, "{}: holds a field that this version does not know", what_);
    return {};
}

bool has_op(std::string_view text, std::string_view op) {
    auto json = StrictJson::parse(text, "packet");
    return json && json->has("op") && json->text("op", max_op_bytes) == op;
}

}  // namespace portcullis
