#include "vision/plate_formats.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "config/settings_reader.hpp"

namespace portcullis {

namespace {

constexpr std::uint64_t digits = 0x3FF;
constexpr std::uint64_t letters = 0xFFFFFFC00;
constexpr double free_share = 0.1;  // of each jurisdiction's plates, under no format
// The reader has learnt its texts from plates, so it knows the formats a little already: taken at their full
// word they would count twice, and a look-alike would be settled against a clear picture.
constexpr double reader_share = 0.75;
constexpr double unlooked_share = 0.02;  // the look may be wrong: this much is spread over all jurisdictions
constexpr double least_evidence = 1e-4;  // for characters that the reader did not even think of
constexpr float least_alternative = 0.01F;
constexpr float never_certain = 0.9999F;
constexpr double least_state = 0.6;  // of what the look gives the country

/// "us" of "us-tx".
std::string country_of(const std::string& code) {
    return code.substr(0, code.find('-'));
}

/// A country, or its state where the look of the plate tells that too.
Jurisdiction with_state(Jurisdiction country, std::span<const Jurisdiction> look) {
    double told = 0;
    const Jurisdiction* best = nullptr;
    for (const Jurisdiction& seen : look) {
        if (country_of(seen.code) != country.code) continue;
        told += static_cast<double>(seen.confidence);
        if (seen.code != country.code && (best == nullptr || seen.confidence > best->confidence))
            best = &seen;
    }
    if (best == nullptr || static_cast<double>(best->confidence) < least_state * told) return country;
    return {best->code, country.confidence * best->confidence / static_cast<float>(told)};
}

/// Likely, and made so by the plate: a group of most jurisdictions is likely before anything was seen.
bool is_told(double posterior, double before) {
    return 1 - posterior <= (1 - before) / 2;
}

Result<std::uint64_t> set_of(std::string_view signs, std::string_view pattern) {
    std::uint64_t set = 0;
    for (const char sign : signs) {
        const auto index = alphabet_index(sign);
        if (!index)
            return fail(ErrorCode::invalid_argument,
                        "plate format {}: a set holds A-Z and 0-9 only, as in [BC1]", pattern);
        set |= std::uint64_t{1} << *index;
    }
    if (set == 0) return fail(ErrorCode::invalid_argument, "plate format {}: an empty set", pattern);
    return set;
}

using Evidence = std::array<double, plate_alphabet>;

/// What was seen at one place, each character that was thought of with its confidence.
Evidence evidence_of(const CharacterReading& character) {
    Evidence evidence{};
    const auto add = [&](char letter, float confidence) {
        if (const auto index = alphabet_index(letter)) evidence[*index] += static_cast<double>(confidence);
    };
    add(character.letter, character.confidence);
    for (const CharacterChoice& choice : character.alternatives)
        add(choice.letter, choice.confidence);
    return evidence;
}

double sum_over(const Evidence& evidence, std::uint64_t set) {
    double sum = 0;
    for (std::uint64_t rest = set; rest != 0; rest &= rest - 1)
        sum += evidence[static_cast<std::size_t>(std::countr_zero(rest))];
    return std::max(sum, least_evidence);
}

/// One place after the weighing. total: what the reader gave to the characters that it thought of.
CharacterReading weighed(const CharacterReading& before, const Evidence& after) {
    const double total = std::accumulate(after.begin(), after.end(), 0.0);
    if (total <= 0) return before;
    float seen = before.confidence;
    for (const CharacterChoice& choice : before.alternatives)
        seen += choice.confidence;
    const auto share = [&](std::size_t i) {
        return static_cast<float>(after[i] / total) * std::min(seen, 1.0F);
    };
    const auto best = static_cast<std::size_t>(std::ranges::max_element(after) - after.begin());
    CharacterReading character{alphabet_at(best), share(best), {}};
    for (std::size_t i = 0; i < plate_alphabet; ++i)
        if (i != best && share(i) >= least_alternative)
            character.alternatives.push_back({alphabet_at(i), share(i)});
    std::ranges::stable_sort(character.alternatives,
                             [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    character.alternatives.resize(std::min(character.alternatives.size(), before.alternatives.size()));
    return character;
}

/// How much surer the text became: the product over its places of what the reader gave the letter then and
/// now.
float lifted(float confidence, const std::vector<CharacterReading>& before,
             const std::vector<CharacterReading>& after) {
    double lift = 1;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const double was = std::max(static_cast<double>(before[i].confidence), least_evidence);
        lift *= static_cast<double>(after[i].confidence) / was;
    }
    return static_cast<float>(
        std::clamp(static_cast<double>(confidence) * lift, 0.0, static_cast<double>(never_certain)));
}

struct Row {
    std::string jurisdiction;
    std::string name;
    double weight = 0;
    std::vector<std::uint64_t> places;
};

Row read_row(SettingsSection& section) {
    Row row;
    row.jurisdiction = section.text("jurisdiction");
    row.name = section.text("name");
    row.weight = section.number("weight", {0.001, 100});
    (void)section.integer("rows", {0, 2});
    section.check(!section.text("source").empty(), "source", "names where the format is documented");
    auto places = parse_pattern(section.text("pattern"));
    section.check(places.has_value(), "pattern",
                  "is written with A, 9, X and sets as [BC1], at most 16 places");
    if (places) row.places = std::move(*places);
    return row;
}

}  // namespace

Result<std::vector<std::uint64_t>> parse_pattern(std::string_view pattern) {
    std::vector<std::uint64_t> places;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char sign = pattern[i];
        if (sign == '[') {
            const std::size_t end = pattern.find(']', i);
            if (end == std::string_view::npos)
                return fail(ErrorCode::invalid_argument, "plate format {}: a set is not closed", pattern);
            places.push_back(TRY(set_of(pattern.substr(i + 1, end - i - 1), pattern)));
            i = end;
        } else if (sign == 'A' || sign == '9' || sign == 'X') {
            places.push_back(sign == 'A' ? letters : sign == '9' ? digits : letters | digits);
        } else {
            return fail(ErrorCode::invalid_argument, "plate format {}: '{}' is none of A, 9, X and [",
                        pattern, sign);
        }
    }
    if (places.empty() || places.size() > max_format_characters)
        return fail(ErrorCode::invalid_argument, "plate format {}: has {} places; 1 to {} are possible",
                    pattern, places.size(), max_format_characters);
    return places;
}

Result<PlateFormats> PlateFormats::load(const std::filesystem::path& file) {
    auto document = TRY(with_context(SettingsReader::open(file, Environment::ignored), "plate formats"));
    auto root = document.root();
    (void)root.integer("version", {1, 1});
    PlateFormats formats;
    std::map<std::string, std::size_t> index;
    std::map<std::string, double> totals;
    std::set<std::pair<std::string, std::string>> names;
    std::vector<Row> rows;
    for (SettingsSection& section : document.sections("format", max_plate_formats)) {
        rows.push_back(read_row(section));
        const Row& row = rows.back();
        section.check(names.emplace(row.jurisdiction, row.name).second, "name",
                      "must differ from the others of its jurisdiction");
        if (index.emplace(row.jurisdiction, index.size()).second)
            formats.jurisdictions_.push_back(row.jurisdiction);
        totals[row.jurisdiction] += row.weight;
    }
    document.check(!rows.empty(), "format", "at least one [[format]] is needed");
    for (SettingsSection& section : document.sections("group", max_format_groups)) {
        std::vector<std::size_t>& members = formats.groups_[section.text("code")];
        for (const std::string& member : section.texts("members")) {
            const auto found = index.find(member);
            section.check(found != index.end(), "members", "are jurisdictions that have a format");
            if (found != index.end()) members.push_back(found->second);
        }
    }
    TRY(with_context(document.finish(), "plate formats"));
    for (Row& row : rows)
        formats.formats_.push_back({index[row.jurisdiction],
                                    (1 - free_share) * row.weight / totals[row.jurisdiction],
                                    std::move(row.places)});
    return formats;
}

std::vector<double> PlateFormats::prior(std::span<const Jurisdiction> look) const {
    const auto count = static_cast<double>(jurisdictions_.size());
    std::vector<double> prior(jurisdictions_.size(), 0);
    double told = 0;
    for (const Jurisdiction& seen : look) {
        const auto share = static_cast<double>(seen.confidence);
        const std::string country = country_of(seen.code);
        if (const auto group = groups_.find(country); group != groups_.end()) {
            for (const std::size_t member : group->second)
                prior[member] += share / static_cast<double>(group->second.size());
            told += share;
        } else if (const auto one = std::ranges::find(jurisdictions_, country); one != jurisdictions_.end()) {
            prior[static_cast<std::size_t>(one - jurisdictions_.begin())] += share;
            told += share;
        }
    }
    const double untold = std::max(1 - told, unlooked_share);
    for (double& p : prior)
        p = (p + untold / count) / (told + untold);
    return prior;
}

Jurisdiction PlateFormats::best_jurisdiction(std::span<const double> posterior) const {
    const auto count = static_cast<double>(jurisdictions_.size());
    const auto best = std::ranges::max_element(posterior);
    if (is_told(*best, 1 / count))
        return {jurisdictions_[static_cast<std::size_t>(best - posterior.begin())],
                static_cast<float>(*best)};
    Jurisdiction chosen;
    for (const auto& [code, members] : groups_) {
        double sum = 0;
        for (const std::size_t member : members)
            sum += posterior[member];
        if (is_told(sum, static_cast<double>(members.size()) / count) &&
            static_cast<float>(sum) > chosen.confidence)
            chosen = {code, static_cast<float>(sum)};
    }
    return chosen;
}

Read PlateFormats::weigh(Read read, std::span<const Jurisdiction> look) const {
    const std::size_t length = read.characters.size();
    if (length == 0) return read;
    std::vector<Evidence> seen;
    for (const CharacterReading& character : read.characters)
        seen.push_back(evidence_of(character));
    const std::vector<double> prior_of = prior(look);
    std::vector<double> posterior(jurisdictions_.size());
    std::vector<Evidence> after(length, Evidence{});
    double total = 0;
    for (std::size_t j = 0; j < jurisdictions_.size(); ++j) {  // under no format: nothing is said
        posterior[j] = free_share * prior_of[j];
        total += posterior[j];
    }
    const double free_total = total;
    for (const Format& format : formats_) {
        if (format.places.size() != length) continue;
        double p = prior_of[format.jurisdiction] * format.share;
        std::array<double, max_format_characters> sums{};
        for (std::size_t i = 0; i < length; ++i) {
            sums[i] = sum_over(seen[i], format.places[i]);
            p *= sums[i] * static_cast<double>(plate_alphabet) / std::popcount(format.places[i]);
        }
        posterior[format.jurisdiction] += p;
        total += p;
        for (std::size_t i = 0; i < length; ++i)
            for (std::uint64_t rest = format.places[i]; rest != 0; rest &= rest - 1) {
                const auto c = static_cast<std::size_t>(std::countr_zero(rest));
                after[i][c] += p * seen[i][c] / sums[i];
            }
    }
    std::vector<CharacterReading> characters;
    for (std::size_t i = 0; i < length; ++i) {
        // What no format explains, and the reader's own word beside the formats': see reader_share.
        const double own =
            (free_total + reader_share / (1 - reader_share) * total) / sum_over(seen[i], letters | digits);
        for (std::size_t c = 0; c < plate_alphabet; ++c)
            after[i][c] += own * seen[i][c];
        characters.push_back(weighed(read.characters[i], after[i]));
    }
    for (double& p : posterior)
        p /= total;
    read.confidence = lifted(read.confidence, read.characters, characters);
    read.characters = std::move(characters);
    read.jurisdiction = with_state(best_jurisdiction(posterior), look);
    return read;
}

std::optional<std::string> PlateFormats::invent(
    const std::string& jurisdiction, const std::function<std::uint64_t(std::uint64_t bound)>& random) const {
    const auto group = groups_.find(jurisdiction);
    std::string country = jurisdiction;
    if (group != groups_.end() && !group->second.empty())
        country = jurisdictions_[group->second[random(group->second.size())]];
    std::vector<const Format*> formats;
    std::vector<std::uint64_t> upto;  // sums of shares, in millionths
    std::uint64_t sum = 0;
    for (const Format& format : formats_) {
        if (jurisdictions_[format.jurisdiction] != country) continue;
        constexpr double millionths = 1e6;
        sum += 1 + static_cast<std::uint64_t>(format.share * millionths);
        formats.push_back(&format);
        upto.push_back(sum);
    }
    if (formats.empty()) return std::nullopt;
    const auto drawn = std::ranges::upper_bound(upto, random(sum)) - upto.begin();
    std::string plate;
    for (const std::uint64_t set : formats[static_cast<std::size_t>(drawn)]->places) {
        std::uint64_t skip = random(static_cast<std::uint64_t>(std::popcount(set)));
        std::uint64_t rest = set;
        for (; skip > 0; --skip)
            rest &= rest - 1;
        plate += alphabet_at(static_cast<std::size_t>(std::countr_zero(rest)));
    }
    return plate;
}

}  // namespace portcullis
