#pragma once
// An exposure report for people: as a table, as JSON, and as one page of HTML that a spokesman can show.
// Values; thread-bound.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "audit/exposure.hpp"

namespace portcullis {

/// More passages are counted, and not named one by one.
inline constexpr std::size_t max_named_passages = 100'000;

class ExposureReport {
  public:
    explicit ExposureReport(Breach breach) : breach_(std::move(breach)) {}

    void take(const StoredPassage& passage, const Exposure& exposure);
    /// The audit log names looks at passages that the store has no more.
    void add_gone(std::uint64_t passages) { gone_ += passages; }
    /// Something that the reader must know.
    void note(std::string sentence) { notes_.push_back(std::move(sentence)); }

    [[nodiscard]] std::uint64_t exposed() const { return exposed_ + gone_; }
    [[nodiscard]] std::uint64_t safe() const { return safe_; }
    [[nodiscard]] std::string table() const;
    [[nodiscard]] std::string json() const;
    /// One page, without scripts and without anything from elsewhere.
    [[nodiscard]] std::string html(UtcTime made) const;

  private:
    struct Sum {
        std::uint64_t passages = 0;
        std::uint64_t pictures = 0;  // passages whose pictures could have been seen
        UtcTime first{};
        UtcTime last{};
    };
    /// By reason, device and day of receipt.
    using Key = std::tuple<ExposureReason, std::string, std::chrono::sys_days>;

    [[nodiscard]] std::string question() const;
    [[nodiscard]] std::string headline() const;
    [[nodiscard]] std::map<ExposureReason, Sum> by_reason() const;

    Breach breach_;
    std::map<Key, Sum> sums_;
    std::vector<PassageName> named_;
    std::vector<std::string> notes_;
    std::uint64_t exposed_ = 0;
    std::uint64_t safe_ = 0;
    std::uint64_t gone_ = 0;
};

}  // namespace portcullis
