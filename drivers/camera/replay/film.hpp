#pragma once
// Film: what ReplayCamera plays, a list of pictures or a video. Thread-bound.

#include <optional>
#include <stop_token>

#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

class Film {
  public:
    virtual ~Film() = default;
    /// The next picture; nothing at the end. An error is one broken picture, already passed over, save
    /// `closed` (stop was asked for).
    [[nodiscard]] virtual Result<std::optional<Picture>> next(const std::stop_token& stop) = 0;
    /// Back to the first picture.
    [[nodiscard]] virtual Result<void> rewind() = 0;
    /// Frames a second, as far as the source itself knows.
    [[nodiscard]] virtual std::optional<double> rate() const = 0;
};

}  // namespace portcullis::replay
