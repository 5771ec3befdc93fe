#pragma once
// SettingsReader turns one TOML file into typed settings. Every key that a program knows is asked for once;
// what is asked for wrongly (missing, wrong type, out of range, not in the list) and what was never asked for
// (unknown keys) is gathered, and finish() refuses with all of it: "file:line: key: what; cure".
// Thread-bound.
//
//   auto in = TRY(SettingsReader::open(path));
//   auto broker = in.section("broker");
//   settings.port = broker.integer("port", {1, 65535}, 8883);
//   settings.pace = in.section("camera").choice<Pace>("pace", {{"source", Pace::source}, {"fast",
//   Pace::fast}}, Pace::source); in.check(settings.low < settings.high, "window.low", "must be below
//   window.high"); TRY(in.finish());
//
// The environment wins over the file: PORTCULLIS_SET_BROKER__PORT=8884 (section and key in capitals, "__"
// between them; the value is written as in TOML, a bare word is taken as text). Not in the sections that say
// whom to trust (keys, recipients, devices, receipts, policy, inbox, access, cases, hotlist, hook, tls): a
// variable for a key of theirs is refused.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "core/geometry.hpp"

namespace portcullis {

inline constexpr std::size_t max_settings_file_bytes = 256 * 1024;
inline constexpr double max_coordinate_px = 100'000;  // of a polygon's point, to either side

/// Whether PORTCULLIS_SET_* counts. Never for a file whose content vouches for something, such as a model's
/// digest.
enum class Environment { wins, ignored };

template <class T>
struct Range {
    T low;
    T high;
};

template <class T>
using Choices = std::vector<std::pair<std::string_view, T>>;

namespace detail {
struct SettingsDocument;  // the parsed file, what was asked for, the complaints
struct SettingsValue;
}  // namespace detail

/// One [section] (or one of [[section]]s) of the file. A view: lives as long as its SettingsReader.
/// Without a fallback a key is required. Each getter gives a harmless value after a complaint; finish()
/// tells.
class SettingsSection {
  public:
    [[nodiscard]] std::string text(std::string_view key, const std::optional<std::string>& fallback = {});
    [[nodiscard]] std::int64_t integer(std::string_view key, Range<std::int64_t> range,
                                       std::optional<std::int64_t> fallback = {});
    [[nodiscard]] double number(std::string_view key, Range<double> range,
                                std::optional<double> fallback = {});
    [[nodiscard]] bool flag(std::string_view key, std::optional<bool> fallback = {});
    /// A relative path starts at the settings file's folder.
    /// Where a private key lives: a path like path()'s, or, as written, what begins with pkcs11: or tpm:.
    [[nodiscard]] std::string key_source(std::string_view key);
    [[nodiscard]] std::filesystem::path path(std::string_view key,
                                             const std::optional<std::string>& fallback = {});
    [[nodiscard]] std::vector<std::string> texts(
        std::string_view key, const std::optional<std::vector<std::string>>& fallback = {});
    [[nodiscard]] std::vector<std::filesystem::path> paths(
        std::string_view key, const std::optional<std::vector<std::string>>& fallback = {});
    /// [[x, y], ...]: at least three points within max_coordinate_px, or an empty list.
    [[nodiscard]] std::vector<Point> polygon(std::string_view key,
                                             const std::optional<std::vector<Point>>& fallback = {});

    template <class T>
    [[nodiscard]] T choice(std::string_view key, const Choices<T>& choices, std::optional<T> fallback = {}) {
        std::vector<std::string_view> names;
        std::optional<std::string> fallback_name;
        for (const auto& [name, value] : choices) {
            names.push_back(name);
            if (fallback && value == *fallback) fallback_name = name;
        }
        return choices[choice_index(key, names, fallback_name)].second;
    }

    [[nodiscard]] bool has(std::string_view key) const;
    /// A complaint about this key if condition is false; cure says what to write instead.
    void check(bool condition, std::string_view key, std::string_view cure);

  private:
    friend class SettingsReader;
    SettingsSection(detail::SettingsDocument* document, std::string name, const void* table);
    [[nodiscard]] std::size_t choice_index(std::string_view key, const std::vector<std::string_view>& names,
                                           const std::optional<std::string>& fallback);
    [[nodiscard]] std::optional<detail::SettingsValue> find(std::string_view key, bool required);
    [[nodiscard]] std::string full_name(std::string_view key) const;

    detail::SettingsDocument* document_;
    std::string name_;
    const void* table_;  // toml::table, kept out of this header (it is 15,000 lines long); null if absent
};

class SettingsReader {
  public:
    /// Errors (configuration): file missing, unreadable, too large, not TOML (with line).
    [[nodiscard]] static Result<SettingsReader> open(const std::filesystem::path& file,
                                                     Environment environment = Environment::wins);

    SettingsReader(SettingsReader&&) noexcept;
    SettingsReader& operator=(SettingsReader&&) noexcept;
    ~SettingsReader();

    /// The keys before the first [section].
    [[nodiscard]] SettingsSection root();
    /// An absent section reads as an empty one. Dotted names go deeper.
    [[nodiscard]] SettingsSection section(std::string_view name);
    /// All [[name]] tables, in order; at most limit.
    [[nodiscard]] std::vector<SettingsSection> sections(std::string_view name, std::size_t limit);

    /// For pairs that do not fit: a complaint at `key` ("section.key") if condition is false.
    void check(bool condition, std::string_view key, std::string_view cure);

    /// Refuses (configuration) with every complaint and every unknown key, one a line.
    [[nodiscard]] Result<void> finish();

  private:
    explicit SettingsReader(std::unique_ptr<detail::SettingsDocument> document);
    std::unique_ptr<detail::SettingsDocument> document_;
};

}  // namespace portcullis
