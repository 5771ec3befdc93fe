#include "apps/portcullis/bench_labels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/file.hpp"

namespace portcullis::bench {

namespace {

using Fields = std::vector<std::string>;

constexpr std::array columns = {"image", "source", "x1", "y1",   "x2",         "y2",  "x3",
                                "y3",    "x4",     "y4", "text", "split_hint", "kind"};
enum Column : std::size_t { image, source, first_corner, text = 10, split_hint = 11, kind = 12 };
constexpr std::size_t corner_values = 8;

struct Place {
    const std::string& file;
    std::size_t line;

    [[nodiscard]] Failure fail_at(std::string_view column, std::string_view what) const {
        return fail(ErrorCode::configuration, "{}:{}:{}: {}", file, line, column, what);
    }
};

/// One quoted field, from behind its opening quote to behind its closing one. Empty: it does not end.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string field;
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c != '"') {
            field += c;
        } else if (rest.starts_with('"')) {
            field += '"';
            rest.remove_prefix(1);
        } else {
            return field;
        }
    }
    return std::nullopt;
}

Result<Fields> split(std::string_view rest, const Place& place) {
    Fields fields;
    while (fields.size() < max_label_fields) {
        const std::string number = "field " + std::to_string(fields.size() + 1);
        if (rest.starts_with('"')) {
            rest.remove_prefix(1);
            auto field = take_quoted(rest);
            if (!field || (!rest.empty() && rest.front() != ','))
                return place.fail_at(
                    number, "a quote does not close; end the field with one, write a quote within it twice");
            fields.push_back(std::move(*field));
        } else {
            fields.emplace_back(rest.substr(0, rest.find(',')));
            rest.remove_prefix(fields.back().size());
        }
        if (rest.empty()) return fields;
        rest.remove_prefix(1);
    }
    return place.fail_at(
        "row", fmt::format("more than {} fields; leave out what is not a label column", max_label_fields));
}

/// Where each of `columns` stands in the file.
Result<std::array<std::size_t, columns.size()>> find_columns(const Fields& header, const Place& place) {
    std::array<std::size_t, columns.size()> at{};
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const auto found = std::ranges::find(header, columns[i]);
        if (found == header.end())
            return place.fail_at(columns[i], fmt::format("no such column; the first line must name {}",
                                                         fmt::join(columns, ",")));
        at[i] = static_cast<std::size_t>(found - header.begin());
    }
    return at;
}

Result<float> number(const std::string& field, std::string_view column, const Place& place) {
    float value = 0;
    const char* end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, value);
    if (error != std::errc{} || stop != end || !std::isfinite(value))
        return place.fail_at(column,
                             "not a number of pixels; write it as 12 or 12.5, or leave all eight corner "
                             "values empty for a picture without plates");
    return value;
}

Result<Kind> kind_of(const std::string& field, const Place& place) {
    for (const Kind known : {Kind::scene, Kind::crop, Kind::negative})
        if (field == to_string(known)) return known;
    return place.fail_at("kind", "not a known kind; write scene, crop or negative");
}

/// Empty when the row has no corners.
Result<std::optional<Quad>> quad_of(const Fields& row, const Place& place) {
    std::size_t empty = 0;
    for (std::size_t i = 0; i < corner_values; ++i)
        empty += row[first_corner + i].empty() ? 1 : 0;
    if (empty == corner_values) return std::optional<Quad>();
    Quad quad;
    for (std::size_t i = 0; i < corner_values; ++i) {
        Point& corner = quad.corners.at(i / 2);
        const std::size_t column = first_corner + i;
        (i % 2 == 0 ? corner.x : corner.y) = TRY(number(row[column], columns.at(column), place));
    }
    return std::optional<Quad>(quad);
}

class Collector {
  public:
    Result<void> add(const Fields& row, const Place& place) {
        if (row[image].empty())
            return place.fail_at("image", "empty; write the picture's path from the picture folder");
        const Kind of = TRY(kind_of(row[kind], place));
        const auto quad = TRY(quad_of(row, place));
        if (quad && of == Kind::negative)
            return place.fail_at("kind", "a negative has no plate; leave its corners empty or write scene");
        if (!quad && of != Kind::negative)
            return place.fail_at("x1", "a plate without corners; give all four, or write the kind negative");
        const auto [known, is_new] = places_.emplace(row[image], pictures.size());
        if (is_new) pictures.push_back({row[image], row[source], row[split_hint], of, {}});
        LabelledPicture& picture = pictures[known->second];
        if (picture.kind != of)
            return place.fail_at("kind", "differs from an earlier row of this picture; give all the same");
        if (of == Kind::crop && !picture.plates.empty())
            return place.fail_at("image", "a second plate of one crop; a crop shows one plate: write scene");
        if (quad) picture.plates.push_back({*quad, row[text]});
        return {};
    }

    std::vector<LabelledPicture> pictures;

  private:
    std::map<std::string, std::size_t> places_;
};

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

const char* to_string(Kind kind) {
    switch (kind) {
        case Kind::scene:
            return "scene";
        case Kind::crop:
            return "crop";
        case Kind::negative:
            return "negative";
    }
    return "";
}

Result<std::vector<LabelledPicture>> parse_labels(std::string_view csv, const std::string& file) {
    if (csv.starts_with("\xEF\xBB\xBF")) csv.remove_prefix(3);
    Place place{file, 1};
    const Fields header = TRY(split(take_line(csv), place));
    const auto at = TRY(find_columns(header, place));
    Collector collector;
    while (!csv.empty()) {
        ++place.line;
        const std::string_view line = take_line(csv);
        if (line.empty()) continue;
        const Fields fields = TRY(split(line, place));
        if (fields.size() != header.size())
            return place.fail_at("row", fmt::format("{} fields where the first line names {}; quote a field "
                                                    "that holds a comma",
                                                    fields.size(), header.size()));
        Fields row;
        for (const std::size_t column : at)
            row.push_back(fields[column]);
        TRY(collector.add(row, place));
    }
    if (collector.pictures.empty())
        return place.fail_at("row", "no row; write one row a plate below the first line");
    return std::move(collector.pictures);
}

Result<std::vector<LabelledPicture>> load_labels(const std::filesystem::path& file) {
    return parse_labels(TRY(read_text_file(file, max_label_file_bytes)), file.string());
}

}  // namespace portcullis::bench
