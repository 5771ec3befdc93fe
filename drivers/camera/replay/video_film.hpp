#pragma once
// VideoFilm: a video file, decoded by a child process (ffmpeg) that hands over raw frames. The decoder with
// its hundred formats and its network protocols thus stays out of the process that holds the signing key.
// Frames are yuv420p in video range (BT.601), as the decoder gives them. Thread-bound.

#include <filesystem>

#include "drivers/camera/common/frame_pool.hpp"
#include "drivers/camera/replay/child_process.hpp"
#include "drivers/camera/replay/film.hpp"
#include "drivers/camera/replay/y4m.hpp"

namespace portcullis::replay {

class VideoFilm final : public Film {
  public:
    /// Starts the decoder and waits for its first words. Errors: not_found (no file; no ffmpeg: names the
    /// package), corrupt (not a video: with ffmpeg's own words), exhausted (size limits of picture.hpp).
    [[nodiscard]] static Result<std::unique_ptr<VideoFilm>> open(const std::filesystem::path& path);
    [[nodiscard]] Result<std::optional<Picture>> next(const std::stop_token& stop) override;
    [[nodiscard]] Result<void> rewind() override;
    [[nodiscard]] std::optional<double> rate() const override;

  private:
    /// One run of the decoder. The reader's source borrows child, so a run never moves.
    struct Run {
        ChildProcess child;
        std::stop_token stop;
        Y4mReader reader;
        explicit Run(ChildProcess&& process);
    };

    explicit VideoFilm(std::filesystem::path path) : path_(std::move(path)) {}
    Result<void> start();
    Result<std::optional<Picture>> end_run();

    std::filesystem::path path_;
    std::unique_ptr<Run> run_;
    Y4mHeader header_;
    camera::FramePool pool_;
};

}  // namespace portcullis::replay
