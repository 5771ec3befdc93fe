#include "drivers/camera/replay/replay_camera.hpp"

#include "drivers/camera/replay/picture_film.hpp"
#include "drivers/camera/replay/video_film.hpp"

namespace portcullis {

namespace {

constexpr double default_video_rate = 25;  // for streams that do not know their own

bool is_video(const std::string& source) {
    std::error_code ignored;
    return !source.starts_with('@') && std::filesystem::is_regular_file(source, ignored) &&
           !replay::has_picture_name(source);
}

Result<std::unique_ptr<replay::Film>> open_film(const ReplaySettings& settings) {
    if (is_video(settings.source)) return TRY(replay::VideoFilm::open(settings.source));
    auto entries = TRY(replay::list_pictures(settings.source, settings.recurse));
    return std::make_unique<replay::PictureFilm>(std::move(entries));
}

double film_rate(const ReplaySettings& settings, const replay::Film& film) {
    if (settings.pace == ReplayPace::given) return settings.frames_per_second;
    return film.rate().value_or(is_video(settings.source) ? default_video_rate : settings.frames_per_second);
}

std::optional<double> pace_of(const ReplaySettings& settings, double rate) {
    return settings.pace == ReplayPace::as_fast ? std::nullopt : std::optional(rate);
}

}  // namespace

Result<std::unique_ptr<ReplayCamera>> ReplayCamera::create(ReplaySettings settings, const Clock& clock) {
    if (!(settings.frames_per_second > 0 && settings.frames_per_second <= replay::max_video_rate))
        return fail(ErrorCode::configuration,
                    "a replay rate of {} frames/s is out of range; give 0.001 to {}",
                    settings.frames_per_second, replay::max_video_rate);
    auto film = TRY(open_film(settings));
    const double rate = film_rate(settings, *film);
    return std::unique_ptr<ReplayCamera>(new ReplayCamera(std::move(settings), clock, std::move(film), rate));
}

ReplayCamera::ReplayCamera(ReplaySettings settings, const Clock& clock, std::unique_ptr<replay::Film> film,
                           double rate)
    : settings_(std::move(settings)),
      clock_(clock),
      film_(std::move(film)),
      pacer_(clock, pace_of(settings_, rate)),
      rate_(rate),
      began_(clock.since_boot()) {}

Result<Frame> ReplayCamera::next(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto picture = film_->next(stop);
        if (!picture && picture.error().code() == ErrorCode::closed) break;
        if (!picture) {
            ++number_;
            return fail(ErrorCode::corrupt, "{}", picture.error().message());
        }
        if (*picture) return deliver(std::move(**picture), number_++, stop);
        TRY(start_again());
    }
    return fail(ErrorCode::closed, "stopped");
}

Result<void> ReplayCamera::start_again() {
    if (!settings_.loop) return fail(ErrorCode::closed, "{}: played to its end", settings_.source);
    // Else a loop over nothing but broken pictures would spin for ever.
    if (std::exchange(frames_this_lap_, 0) == 0)
        return fail(ErrorCode::closed, "{}: not one picture could be read", settings_.source);
    if (auto again = film_->rewind(); !again) return fail(ErrorCode::io, "{}", again.error().message());
    return {};
}

Result<Frame> ReplayCamera::deliver(replay::Picture picture, std::uint64_t number,
                                    const std::stop_token& stop) {
    if (!replay::wait_for(pacer_.next_wait(), stop)) return fail(ErrorCode::closed, "stopped");
    ++frames_this_lap_;
    Frame frame;
    frame.view = picture.view;
    frame.pixels = std::move(picture.pixels);
    frame.number = number;
    frame.sensor_time =
        began_ + microseconds(static_cast<std::int64_t>(1e6 * static_cast<double>(number) / rate_));
    frame.utc = clock_.utc();
    return frame;
}

}  // namespace portcullis
