#pragma once
// One row of the fault table: where, what happens, which state follows, what is said, how it goes on. Each
// row provokes its fault. firmware/health/README.md shows the same rows to people; the test compares.

#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"

namespace portcullis::test {

enum class Fault { error, hang, kill, full, corrupt, offline };

inline const char* to_string(Fault fault) {
    constexpr std::array names = {"error", "hang", "kill", "full", "corrupt", "offline"};
    return names.at(static_cast<std::size_t>(fault));
}

/// What a row's fault led to.
struct Seen {
    std::string state;       // as the row's `expected` names it
    std::string said;        // in the log, or as the error of a refusal
    bool recovered = false;  // as the row's `recovery` says
};

struct FaultRow {
    const char* where;
    Fault kind;
    const char* fault;
    const char* expected;
    const char* says;  // words of what is said: what, where, and the cure
    const char* recovery;
    std::function<Seen()> provoke;
};
using FaultRows = std::vector<FaultRow>;

[[nodiscard]] FaultRows camera_faults();
[[nodiscard]] FaultRows road_faults();
[[nodiscard]] FaultRows spool_faults();
[[nodiscard]] FaultRows key_faults();
[[nodiscard]] FaultRows uplink_faults();
[[nodiscard]] FaultRows machine_faults();

/// Takes what is logged while it lives. Not for two at a time.
class LogCatcher {
  public:
    LogCatcher();
    ~LogCatcher();
    LogCatcher(const LogCatcher&) = delete;
    LogCatcher& operator=(const LogCatcher&) = delete;
    [[nodiscard]] std::string text() const;

  private:
    UniqueFd file_;
    UniqueFd stderr_;
};

}  // namespace portcullis::test
