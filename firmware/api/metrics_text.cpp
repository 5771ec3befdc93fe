#include "api/metrics_text.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"

namespace portcullis {

namespace {

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char letter : text) {
        if (letter == '\n')
            out += "\\n";
        else if (letter == '\\' || (quotes && letter == '"'))
            out.append({'\\', letter});
        else
            out += letter;
    }
    return out;
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    PORTCULLIS_ASSERT((type == "counter") == name.ends_with("_total"));
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
}

void MetricsText::sample(double value, std::initializer_list<Label> labels) {
    text_ += name_;
    std::string_view before = "{";
    for (const auto& [label, words] : labels) {
        text_ += fmt::format("{}{}=\"{}\"", before, label, escaped(words, true));
        before = ",";
    }
    if (labels.size() > 0) text_ += "}";
    text_ += fmt::format(" {}\n", value);
}

}  // namespace portcullis
