#include "api/body.hpp"

#include "record/instant.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_time_letters = 32;

/// Sees each value as it is parsed, and keeps what is wrong with the shape.
class ShapeCheck {
  public:
    bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
        if (depth > max_body_depth) complaint_ = "is nested too deeply";
        if (event == Json::parse_event_t::object_start) names_.emplace_back();
        if (event == Json::parse_event_t::object_end && !names_.empty()) names_.pop_back();
        if (event == Json::parse_event_t::key && !names_.empty() &&
            !names_.back().insert(parsed.get<std::string>()).second)
            complaint_ = "names a field twice";
        return complaint_.empty();
    }
    [[nodiscard]] const std::string& complaint() const { return complaint_; }

  private:
    std::vector<std::set<std::string>> names_;
    std::string complaint_;
};

}  // namespace

Result<StrictJson> read_body(std::string_view body) {
    ShapeCheck check;
    const Json parsed = Json::parse(
        body,
        [&check](int depth, Json::parse_event_t event, const Json& value) {
            return check(depth, event, value);
        },
        false);
    if (!check.complaint().empty()) return fail(ErrorCode::invalid_argument, "body: {}", check.complaint());
    if (!parsed.is_object()) return fail(ErrorCode::invalid_argument, "body: is not a JSON object");
    auto json = StrictJson::parse(body, "body");
    if (!json) return fail(ErrorCode::invalid_argument, "{}", json.error().message());
    return json;
}

Result<void> finish_body(const StrictJson& json) {
    const Result<void> done = json.finish();
    if (done) return {};
    return fail(ErrorCode::invalid_argument, "{}", done.error().message());
}

UtcTime time_field(StrictJson& json, const char* key) {
    const std::string text = json.text(key, max_time_letters);
    const auto time = instant_from_string(text);
    constexpr std::size_t day_letters = 10;
    json.check(time && (text.size() == day_letters || text.ends_with('Z')), key,
               "is no time as 2026-11-25T08:15:30Z (UTC)");
    return time.value_or(UtcTime());
}

}  // namespace portcullis
