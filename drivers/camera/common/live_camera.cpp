#include "drivers/camera/common/live_camera.hpp"

#include "base/log.hpp"
#include "drivers/camera/common/packed_pictures.hpp"

namespace portcullis {

namespace {

constexpr milliseconds stop_is_noticed_within{100};

}  // namespace

Result<std::unique_ptr<LiveCamera>> LiveCamera::create(std::shared_ptr<camera::FrameSource> source,
                                                       const LiveCameraSettings& settings,
                                                       const Clock& clock) {
    auto decoder = TRY(camera::MjpegDecoder::create());
    return std::unique_ptr<LiveCamera>(
        new LiveCamera(std::move(source), settings, clock, std::move(decoder)));
}

LiveCamera::LiveCamera(std::shared_ptr<camera::FrameSource> source, const LiveCameraSettings& settings,
                       const Clock& clock, camera::MjpegDecoder decoder)
    : source_(std::move(source)),
      stall_(settings.stall),
      clock_(clock),
      decoder_(std::move(decoder)),
      lent_(std::make_shared<std::atomic<std::size_t>>(0)),
      last_sign_(clock.since_boot()) {}

LiveCamera::~LiveCamera() {
    source_->stop();
}

Result<Frame> LiveCamera::next(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto picture = source_->wait(stop_is_noticed_within);
        if (!picture && picture.error().code() == ErrorCode::corrupt) return broken(picture.error());
        if (!picture) return fail(std::move(picture.error()).with(source_->name()));
        if (*picture) return take(**picture);
        if (clock_.since_boot() - last_sign_ > stall_)
            return fail(
                ErrorCode::io,
                "{}: no picture for {} ms; if this comes back, look at cable, power and the kernel's log",
                source_->name(), stall_.count());
    }
    return fail(ErrorCode::closed, "stopped");
}

Result<Frame> LiveCamera::take(const camera::RawPicture& picture) {
    const BootTime now = clock_.since_boot();
    last_sign_ = now;
    Frame frame;
    frame.number = number_of(picture.sequence);
    frame.sensor_time = time_of(picture, now);
    frame.utc = clock_.utc() - (now - frame.sensor_time);
    auto pixels = pixels_of(picture, lend(picture));
    if (!pixels) return broken(pixels.error());
    broken_in_a_row_ = 0;
    frame.view = pixels->view;
    frame.pixels = std::move(pixels->pixels);
    return frame;
}

/// The buffer is back in the ring when the last copy of the loan goes.
std::shared_ptr<const void> LiveCamera::lend(const camera::RawPicture& picture) {
    ++*lent_;
    return {picture.planes[0].data(), [source = source_, lent = lent_, buffer = picture.buffer](const void*) {
                source->give_back(buffer);
                --*lent;
            }};
}

Result<camera::DecodedPicture> LiveCamera::pixels_of(const camera::RawPicture& picture,
                                                     std::shared_ptr<const void> loan) {
    const camera::PictureLayout& layout = source_->layout();
    if (layout.format == RawFormat::mjpeg)
        return decoder_.decode(picture.planes[0], layout.width, layout.height);
    TRY(camera::check_filled(layout, picture));
    if (layout.format == RawFormat::yuyv) {
        auto buffer = pool_.take(camera::nv12_bytes(layout));
        const FrameView view = camera::nv12_from_yuyv(layout, picture.planes[0], *buffer);
        return camera::DecodedPicture{view, std::move(buffer)};
    }
    const FrameView view = camera::view_in_place(layout, picture);
    if (source_->buffers() >= lent_->load() + least_buffers_in_ring)
        return camera::DecodedPicture{view, std::move(loan)};
    ++copied_;
    auto buffer = pool_.take(camera::tight_bytes(view));
    const FrameView copy = camera::copied(view, *buffer);
    return camera::DecodedPicture{copy, std::move(buffer)};
}

Failure LiveCamera::broken(const Error& error) {
    last_sign_ = clock_.since_boot();
    if (++broken_in_a_row_ < max_broken_in_a_row)
        return fail(ErrorCode::corrupt, "{}: {}", source_->name(), error.message());
    return fail(ErrorCode::io, "{}: {} broken pictures in a row ({}); look at cable, hub and power",
                source_->name(), broken_in_a_row_, error.message());
}

/// A driver that does not count, or counts backwards, costs nothing but the knowledge of lost frames.
std::uint64_t LiveCamera::number_of(std::uint32_t sequence) {
    constexpr std::uint32_t most_lost = 1U << 20U;
    if (last_sequence_) {
        const std::uint32_t step = sequence - *last_sequence_;
        number_ += step >= 1 && step <= most_lost ? step : 1;
    }
    last_sequence_ = sequence;
    return number_;
}

BootTime LiveCamera::time_of(const camera::RawPicture& picture, BootTime now) {
    const BootTime time = frame_clock_.taken(now, picture.age);
    if (frame_clock_.doubted() > 0 && !std::exchange(doubt_told_, true))
        log_warning("camera",
                    "{}: its timestamps run backwards or are far from now; for such frames the time of "
                    "arrival counts",
                    source_->name());
    return time;
}

}  // namespace portcullis
