#pragma once
// Prometheus' text format, version 0.0.4: a family's HELP and TYPE once, then its samples. Thread-bound.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace portcullis {

inline constexpr auto metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

class MetricsText {
  public:
    using Label = std::pair<std::string_view, std::string_view>;

    /// A counter's name ends in _total. help: one line.
    void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
    void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
    /// Of the family that was begun last; labels' values are escaped.
    void sample(double value, std::initializer_list<Label> labels = {});

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    void family(std::string_view name, std::string_view type, std::string_view help);

    std::string name_;
    std::string text_;
};

}  // namespace portcullis
