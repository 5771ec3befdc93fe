#pragma once
// LeakTrace: whose case file a copy came from that turned up somewhere, by the ids and the canaries in it. It
// reads any text (CSV, JSON, prose, UTF-8 or UTF-16) as well as bytes with text in them; it does not look
// into what is compressed. Immutable once filled; reentrant.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "casefile/case_canary.hpp"

namespace portcullis {

/// A case file as the audit log tells of it.
struct TracedCase {
    ChainId id;
    std::string who;
    std::string approved_by;
    std::string case_number;
    UtcTime made{};
    std::string recipient;
    std::string recipient_key;
    std::vector<Canary> canaries;
};

struct TraceHit {
    std::size_t traced = 0;             // which case file, by its place in cases()
    bool id = false;                    // its id stands in the copy
    std::vector<std::string> canaries;  // those that stand in it; each once
};

class LeakTrace {
  public:
    explicit LeakTrace(std::vector<TracedCase> cases);

    [[nodiscard]] const std::vector<TracedCase>& cases() const { return cases_; }
    /// Those that the copy names, the surest first. A canary that two files share names neither, unless
    /// something else of that file is there too.
    [[nodiscard]] std::vector<TraceHit> find(std::string_view copy) const;

  private:
    struct Word {
        bool id = false;
        std::vector<std::size_t> cases;  // that have it
    };
    void note(std::string_view copy, std::map<std::string, bool>& found) const;

    std::vector<TracedCase> cases_;
    std::map<std::string, Word, std::less<>> words_;  // ids and plates, in capitals
    std::size_t longest_ = 0;
};

}  // namespace portcullis
