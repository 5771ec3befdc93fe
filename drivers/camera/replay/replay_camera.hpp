#pragma once
// ReplayCamera: a camera that plays pictures or a video. The first driver of the Camera port, and the one in
// which every fault is reproduced before it is cured. Thread-bound.

#include <memory>
#include <optional>
#include <string>

#include "drivers/camera/replay/film.hpp"
#include "drivers/camera/replay/pacer.hpp"
#include "ports/camera.hpp"

namespace portcullis {

enum class ReplayPace {
    source,  // the video's own rate; pictures: frames_per_second
    given,   // frames_per_second
    as_fast  // as fast as the road takes them; nothing need be dropped
};

struct ReplaySettings {
    std::string source;  // a folder of pictures, one picture, a video file, or @FILE with one picture a line
    ReplayPace pace = ReplayPace::source;
    /// For ReplayPace::given; and of pictures at any pace: how many make a second of the film. In (0, 1000].
    double frames_per_second = 1;
    bool loop = false;     // from the start again after the last frame
    bool recurse = false;  // a folder's subfolders too
};

class ReplayCamera final : public Camera {
  public:
    /// clock outlives the camera. Errors: not_found, corrupt, configuration (rate), each naming the source.
    [[nodiscard]] static Result<std::unique_ptr<ReplayCamera>> create(ReplaySettings settings,
                                                                      const Clock& clock);

    /// As the port says. A broken picture is `corrupt`, names the file and the reason, and costs its frame
    /// number. sensor_time is the frame's place in the film, so that as_fast sees the film's own speed.
    [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override;

  private:
    ReplayCamera(ReplaySettings settings, const Clock& clock, std::unique_ptr<replay::Film> film,
                 double rate);
    Result<void> start_again();
    Result<Frame> deliver(replay::Picture picture, std::uint64_t number, const std::stop_token& stop);

    ReplaySettings settings_;
    const Clock& clock_;
    std::unique_ptr<replay::Film> film_;
    replay::Pacer pacer_;
    double rate_;  // of the film, for sensor times
    BootTime began_;
    std::uint64_t number_ = 0;
    std::uint64_t frames_this_lap_ = 0;
};

}  // namespace portcullis
