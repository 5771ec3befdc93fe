#pragma once
// StrictJson: one flat JSON object from outside, each field asked for once. What is missing, of the wrong
// type, over its limit or never asked for is refused by finish(). Thread-bound.

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/sha256.hpp"

namespace portcullis {

class StrictJson {
  public:
    /// Errors: corrupt (not a JSON object). `what` names the message in errors.
    [[nodiscard]] static Result<StrictJson> parse(std::string_view text, std::string what);

    /// What each message of the link begins with: "v", its version, and "op", what it is.
    void begins(std::uint64_t version, std::string_view op);

    [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
    [[nodiscard]] std::string text(const char* key, std::size_t limit);
    [[nodiscard]] std::uint64_t number(const char* key, std::uint64_t low, std::uint64_t high);
    [[nodiscard]] double real(const char* key, double low, double high);
    [[nodiscard]] bool flag(const char* key);
    [[nodiscard]] UtcTime time_us(const char* key);
    [[nodiscard]] Digest digest(const char* key);
    /// An array of at most `limit` values; empty after a complaint.
    [[nodiscard]] nlohmann::json list(const char* key, std::size_t limit);
    /// A complaint about this key if condition is false.
    void check(bool condition, const char* key, std::string_view what);

    /// Errors: corrupt (with the first complaint; never with a value).
    [[nodiscard]] Result<void> finish() const;

  private:
    StrictJson(nlohmann::json object, std::string what)
        : object_(std::move(object)), what_(std::move(what)) {}
    const nlohmann::json* find(const char* key);
    void complain(const char* key, std::string_view what);

    nlohmann::json object_;
    std::string what_;
    std::set<std::string> asked_;
    std::string complaint_;
};

/// Whether it claims to be such a message; whether it is one, parsing it tells.
[[nodiscard]] bool has_op(std::string_view text, std::string_view op);

}  // namespace portcullis
