#pragma once
// Port: where frames come from. Drivers: drivers/camera/*. Thread-bound: one thread calls next().

#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "core/frame.hpp"

namespace portcullis {

class Camera {
  public:
    virtual ~Camera() = default;

    /// Which one it is, for people: "/dev/video0 (Plate Camera)". Empty when there is nothing to say.
    [[nodiscard]] virtual std::string name() const { return {}; }

    /// The next frame; waits for it, at most until stop is asked for.
    /// Errors: closed (the source ended for good, or stop was asked for); io (the camera is lost for now:
    /// close, reopen with back-off); corrupt (this one picture is broken and was skipped: report it, call
    /// again).
    [[nodiscard]] virtual Result<Frame> next(const std::stop_token& stop) = 0;
};

}  // namespace portcullis
