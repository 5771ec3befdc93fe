#pragma once
// ReaderNote: the reader's health as it left it for the uplink: a file in memory, taken apart into numbers
// (record/health_codec.hpp), so that nothing else goes on to the network. Thread-bound.

#include <filesystem>
#include <optional>
#include <string>

#include "base/file_stamp.hpp"
#include "record/health_codec.hpp"

namespace portcullis {

/// A note older than this is no news any more: the reader is silent.
inline constexpr std::chrono::minutes note_lasts{5};

class ReaderNote {
  public:
    /// file: empty for none.
    ReaderNote(std::filesystem::path file, const Clock& clock) : file_(std::move(file)), clock_(&clock) {}

    /// The newest report; nothing when there is none, none is readable, or it is too old. One stat when
    /// nothing is new.
    [[nodiscard]] std::optional<HealthReport> look();

  private:
    void take();

    std::filesystem::path file_;
    const Clock* clock_;
    std::optional<FileStamp> seen_;
    std::optional<HealthNote> note_;
    std::string told_;
};

}  // namespace portcullis
