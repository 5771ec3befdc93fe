#include "pipeline/capture_stage.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "pipeline/rate.hpp"

namespace portcullis {

namespace {

constexpr milliseconds first_pause{1000};
constexpr milliseconds longest_pause{30'000};
constexpr milliseconds longest_silence{5000};       // below the watchdog's patience
constexpr std::uint64_t max_logged_pictures = 100;  // then broken ones are only counted

}  // namespace

CaptureStage::CaptureStage(OpenCamera open, std::unique_ptr<Camera> camera, FrameChannel& frames,
                           RoadCounters& counters, Wait wait, Pulse pulse)
    : open_(std::move(open)),
      camera_(std::move(camera)),
      frames_(frames),
      counters_(counters),
      wait_(std::move(wait)),
      pulse_(pulse),
      pause_(first_pause) {}

Error CaptureStage::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!camera_) {
            reopen(stop);
            continue;
        }
        auto frame = camera_->next(stop);
        pulse_.beat();
        if (frame) {
            if (!hand_on(std::move(*frame), stop)) break;
        } else if (frame.error().code() == ErrorCode::corrupt) {
            pass_over(frame.error());
        } else if (frame.error().code() == ErrorCode::closed) {
            return frame.error();
        } else {
            lose(frame.error());
        }
    }
    return {ErrorCode::closed, "stopped"};
}

bool CaptureStage::hand_on(Frame frame, const std::stop_token& stop) {
    ++counters_.frames;
    pause_ = first_pause;
    if (spares()) {
        ++counters_.frames_spared;
        return true;
    }
    if (clock_state_) frame.clock = clock_state_();
    pulse_.idle();  // a road that is busy holds a film
    const bool taken = frames_.send(std::move(frame), stop);
    pulse_.beat();
    counters_.frames_dropped = frames_.dropped();
    return taken;
}

bool CaptureStage::spares() {
    const std::uint64_t every =
        step_ == nullptr ? 1 : rate_step(step_->load(std::memory_order_relaxed)).search_every;
    return taken_++ % every != 0;
}

void CaptureStage::pass_over(const Error& error) {
    const std::uint64_t count = ++counters_.pictures_broken;
    if (count <= max_logged_pictures) log_warning("camera", "skipped: {}", error.message());
    if (count == max_logged_pictures) log_warning("camera", "further broken pictures are only counted");
}

void CaptureStage::lose(const Error& error) {
    camera_.reset();
    told_ = error.message();
    if (!counters_.camera_lost.exchange(true))
        log_error("camera", "degraded: the camera is lost: {}; opening it again", error.message());
}

/// The watchdog sees that we are awake.
void CaptureStage::pause(const std::stop_token& stop) {
    for (milliseconds left = pause_; left > milliseconds{0} && !stop.stop_requested();
         left -= longest_silence) {
        wait_(std::min(left, longest_silence), stop);
        pulse_.beat();
    }
}

void CaptureStage::reopen(const std::stop_token& stop) {
    pause(stop);
    pause_ = std::min(pause_ * 2, longest_pause);
    auto camera = open_();
    if (!camera) {
        // Another reason is news; the same one every half minute is not.
        if (std::exchange(told_, camera.error().message()) != camera.error().message())
            log_error("camera", "still away: {}", camera.error().message());
        return;
    }
    camera_ = std::move(*camera);
    counters_.camera_lost = false;
    log_info("camera", "the camera is back");
}

}  // namespace portcullis
