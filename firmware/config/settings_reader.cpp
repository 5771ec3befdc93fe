#include "config/settings_reader.hpp"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <deque>

#include "base/file.hpp"

namespace portcullis {

namespace detail {

struct SettingsDocument {
    std::filesystem::path file;
    Environment environment = Environment::wins;
    toml::table table;
    std::deque<toml::table> from_environment;  // parsed values of PORTCULLIS_SET_*, kept alive
    std::set<std::string> asked;
    std::vector<std::string> complaints;

    void complain(std::uint32_t line, std::string_view key, std::string_view what) {
        complaints.push_back(line == 0 ? fmt::format("{}: {}: {}", file.string(), key, what)
                                       : fmt::format("{}:{}: {}: {}", file.string(), line, key, what));
    }
};

struct SettingsValue {
    const toml::node* node;
    std::string key;  // in full
    std::uint32_t line;
};

}  // namespace detail

namespace {

using detail::SettingsDocument;
using detail::SettingsValue;

const toml::table* as_table(const void* table) {
    return static_cast<const toml::table*>(table);
}

std::string environment_name(std::string_view full_name) {
    std::string name = "PORTCULLIS_SET_";
    for (char letter : full_name) {
        if (letter == '.')
            name += "__";
        else
            name += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    return name;
}

/// What the environment says for a key; null if nothing, or if it does not count.
const char* environment_value(const SettingsDocument& document, const std::string& full_name) {
    if (document.environment == Environment::ignored) return nullptr;
    // Only main, before any thread, reads settings.
    return std::getenv(environment_name(full_name).c_str());  // NOLINT(concurrency-mt-unsafe)
}

/// Sections that decide whose word counts and who may read. Whoever can only set a program's environment (an
/// override file of its unit, say) must not be able to add a recipient or to empty a deny list.
bool vouches(std::string_view section) {
    constexpr std::array<std::string_view, 11> vouching{"keys",    "recipients", "devices", "receipts",
                                                        "policy",  "inbox",      "access",  "cases",
                                                        "hotlist", "hook",       "tls"};
    return std::ranges::find(vouching, section.substr(0, section.find_first_of(".["))) != vouching.end();
}

/// The value that the environment gives for a key, as TOML; a bare word is text. Null if it gives none.
const toml::node* from_environment(SettingsDocument& document, const std::string& full_name) {
    const char* value = environment_value(document, full_name);
    if (value == nullptr) return nullptr;
    try {
        document.from_environment.push_back(toml::parse(fmt::format("v = {}", value)));
    } catch (const toml::parse_error&) {
        document.from_environment.push_back(toml::table{{"v", std::string(value)}});
    }
    return document.from_environment.back().get("v");
}

template <class T>
std::optional<T> value_of(SettingsDocument& document, const std::optional<SettingsValue>& found,
                          std::string_view wanted) {
    if (!found) return std::nullopt;
    if constexpr (std::is_same_v<T, double>) {
        if (const auto number = found->node->value<double>(); number && found->node->is_number())
            return number;
    } else {
        if (auto value = found->node->value_exact<T>()) return value;
    }
    document.complain(found->line, found->key, fmt::format("wrong type; write {}", wanted));
    return std::nullopt;
}

template <class T>
T in_range(SettingsDocument& document, const std::optional<SettingsValue>& found, std::optional<T> value,
           Range<T> range, std::optional<T> fallback) {
    if (!value) return fallback.value_or(range.low);
    if (*value >= range.low && *value <= range.high) return *value;
    document.complain(
        found->line, found->key,
        fmt::format("{} is out of range; write a value from {} to {}", *value, range.low, range.high));
    return range.low;
}

std::optional<float> coordinate_of(const toml::node& node) {
    const std::optional<double> value = node.is_number() ? node.value<double>() : std::nullopt;
    if (!value || !(std::abs(*value) <= max_coordinate_px)) return std::nullopt;  // NaN too
    return static_cast<float>(*value);
}

std::optional<Point> point_of(const toml::node& node) {
    const toml::array* pair = node.as_array();
    if (pair == nullptr || pair->size() != 2) return std::nullopt;
    const std::optional<float> x = coordinate_of(*pair->get(0));
    const std::optional<float> y = coordinate_of(*pair->get(1));
    if (!x || !y) return std::nullopt;
    return Point{*x, *y};
}

/// Names every key in table that nobody asked for.
void complain_of_unknown(SettingsDocument& document, const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
        const std::string name =
            prefix.empty() ? std::string(key.str()) : fmt::format("{}.{}", prefix, key.str());
        if (document.asked.contains(name)) {
            if (const auto* tables = node.as_array(); tables != nullptr && tables->is_array_of_tables())
                for (std::size_t i = 0; i < tables->size(); ++i)
                    complain_of_unknown(document, *tables->get(i)->as_table(),
                                        fmt::format("{}[{}]", name, i));
            continue;
        }
        if (const auto* deeper = node.as_table())
            complain_of_unknown(document, *deeper, name);
        else
            document.complain(node.source().begin.line, name, "unknown key; remove it or mend its spelling");
    }
}

}  // namespace

SettingsSection::SettingsSection(SettingsDocument* document, std::string name, const void* table)
    : document_(document), name_(std::move(name)), table_(table) {}

std::string SettingsSection::full_name(std::string_view key) const {
    return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
}

std::optional<SettingsValue> SettingsSection::find(std::string_view key, bool required) {
    const std::string name = full_name(key);
    document_->asked.insert(name);
    if (vouches(name_)) {
        if (environment_value(*document_, name) != nullptr)
            document_->complain(
                0, name,
                fmt::format("says whom to trust and is not taken from the environment; write it "
                            "into the file and unset {}",
                            environment_name(name)));
    } else if (const toml::node* node = from_environment(*document_, name)) {
        return SettingsValue{node, name, 0};
    }
    if (table_ != nullptr)
        if (const toml::node* node = as_table(table_)->get(key))
            return SettingsValue{node, name, node->source().begin.line};
    if (required) document_->complain(0, name, "is missing; add it (see the example file for its meaning)");
    return std::nullopt;
}

bool SettingsSection::has(std::string_view key) const {
    return (table_ != nullptr && as_table(table_)->contains(key)) ||
           environment_value(*document_, full_name(key)) != nullptr;
}

void SettingsSection::check(bool condition, std::string_view key, std::string_view cure) {
    if (condition) return;
    const toml::node* node = table_ == nullptr ? nullptr : as_table(table_)->get(key);
    document_->complain(node == nullptr ? 0 : node->source().begin.line, full_name(key), cure);
}

std::string SettingsSection::text(std::string_view key, const std::optional<std::string>& fallback) {
    const auto found = find(key, !fallback);
    return value_of<std::string>(*document_, found, "text in \"quotes\"").value_or(fallback.value_or(""));
}

std::int64_t SettingsSection::integer(std::string_view key, Range<std::int64_t> range,
                                      std::optional<std::int64_t> fallback) {
    const auto found = find(key, !fallback);
    return in_range(*document_, found, value_of<std::int64_t>(*document_, found, "a whole number"), range,
                    fallback);
}

double SettingsSection::number(std::string_view key, Range<double> range, std::optional<double> fallback) {
    const auto found = find(key, !fallback);
    return in_range(*document_, found, value_of<double>(*document_, found, "a number"), range, fallback);
}

bool SettingsSection::flag(std::string_view key, std::optional<bool> fallback) {
    const auto found = find(key, !fallback);
    return value_of<bool>(*document_, found, "true or false").value_or(fallback.value_or(false));
}

std::filesystem::path SettingsSection::path(std::string_view key,
                                            const std::optional<std::string>& fallback) {
    const std::string written = text(key, fallback);
    return written.empty() ? std::filesystem::path() : document_->file.parent_path() / written;
}

std::string SettingsSection::key_source(std::string_view key) {
    std::string written = text(key);
    if (written.empty() || written.starts_with("pkcs11:") || written.starts_with("tpm:")) return written;
    return document_->file.parent_path() / written;
}

std::vector<std::string> SettingsSection::texts(std::string_view key,
                                                const std::optional<std::vector<std::string>>& fallback) {
    const auto found = find(key, !fallback);
    if (!found) return fallback.value_or(std::vector<std::string>{});
    std::vector<std::string> values;
    const toml::array* list = found->node->as_array();
    const bool all_text =
        list != nullptr &&
        std::all_of(list->begin(), list->end(), [](const toml::node& item) { return item.is_string(); });
    if (!all_text) {
        document_->complain(found->line, found->key, "wrong type; write a list of texts: [\"a\", \"b\"]");
        return values;
    }
    for (const toml::node& item : *list)
        values.push_back(item.value<std::string>().value_or(""));
    return values;
}

std::vector<std::filesystem::path> SettingsSection::paths(
    std::string_view key, const std::optional<std::vector<std::string>>& fallback) {
    std::vector<std::filesystem::path> values;
    for (const std::string& written : texts(key, fallback))
        values.push_back(document_->file.parent_path() / written);
    return values;
}

std::vector<Point> SettingsSection::polygon(std::string_view key,
                                            const std::optional<std::vector<Point>>& fallback) {
    const auto found = find(key, !fallback);
    if (!found) return fallback.value_or(std::vector<Point>{});
    std::vector<Point> points;
    const toml::array* list = found->node->as_array();
    bool good = list != nullptr && (list->empty() || list->size() >= 3);
    for (std::size_t i = 0; good && i < list->size(); ++i) {
        const std::optional<Point> point = point_of(*list->get(i));
        good = point.has_value();
        if (good) points.push_back(*point);
    }
    if (good) return points;
    document_->complain(found->line, found->key,
                        fmt::format("wrong shape; write at least three points, no number beyond {}: "
                                    "[[x, y], [x, y], [x, y]]",
                                    max_coordinate_px));
    return {};
}

std::size_t SettingsSection::choice_index(std::string_view key, const std::vector<std::string_view>& names,
                                          const std::optional<std::string>& fallback) {
    const auto found = find(key, !fallback);
    const auto value = value_of<std::string>(*document_, found, "text in \"quotes\"");
    const std::string wanted = value.value_or(fallback.value_or(""));
    const auto place = std::find(names.begin(), names.end(), wanted);
    if (place != names.end()) return static_cast<std::size_t>(place - names.begin());
    if (value)
        document_->complain(
            found->line, found->key,
            fmt::format("\"{}\" is not known; write one of: {}", wanted, fmt::join(names, ", ")));
    return 0;
}

SettingsReader::SettingsReader(std::unique_ptr<SettingsDocument> document) : document_(std::move(document)) {}
SettingsReader::SettingsReader(SettingsReader&&) noexcept = default;
SettingsReader& SettingsReader::operator=(SettingsReader&&) noexcept = default;
SettingsReader::~SettingsReader() = default;

Result<SettingsReader> SettingsReader::open(const std::filesystem::path& file, Environment environment) {
    auto text = read_text_file(file, max_settings_file_bytes);
    if (!text)
        return fail(ErrorCode::configuration, "{}; name a readable settings file with --config",
                    text.error().message());
    auto document = std::make_unique<SettingsDocument>();
    document->file = file;
    document->environment = environment;
    try {
        document->table = toml::parse(*text, file.string());
    } catch (const toml::parse_error& error) {
        return fail(ErrorCode::configuration, "{}:{}: not TOML: {}; mend that line", file.string(),
                    error.source().begin.line, error.description());
    }
    return SettingsReader(std::move(document));
}

SettingsSection SettingsReader::root() {
    return {document_.get(), "", &document_->table};
}

SettingsSection SettingsReader::section(std::string_view name) {
    const toml::node_view<const toml::node> node = std::as_const(document_->table).at_path(name);
    if (node && !node.is_table())
        document_->complain(node.node()->source().begin.line, name,
                            fmt::format("is not a section; write [{}]", name));
    return {document_.get(), std::string(name), node.as_table()};
}

std::vector<SettingsSection> SettingsReader::sections(std::string_view name, std::size_t limit) {
    document_->asked.insert(std::string(name));
    std::vector<SettingsSection> all;
    const toml::node* node = document_->table.get(name);
    if (node == nullptr) return all;
    const toml::array* list = node->as_array();
    if (list == nullptr || !list->is_array_of_tables() || list->size() > limit) {
        document_->complain(node->source().begin.line, name,
                            fmt::format("write at most {} sections, each headed [[{}]]", limit, name));
        return all;
    }
    for (std::size_t i = 0; i < list->size(); ++i)
        all.push_back({document_.get(), fmt::format("{}[{}]", name, i), list->get(i)->as_table()});
    return all;
}

void SettingsReader::check(bool condition, std::string_view key, std::string_view cure) {
    if (condition) return;
    const auto node = std::as_const(document_->table).at_path(key);
    document_->complain(node ? node.node()->source().begin.line : 0, key, cure);
}

Result<void> SettingsReader::finish() {
    complain_of_unknown(*document_, document_->table, "");
    if (document_->complaints.empty()) return {};
    return fail(ErrorCode::configuration, "{}", fmt::join(document_->complaints, "\n"));
}

}  // namespace portcullis
