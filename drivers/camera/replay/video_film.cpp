#include "drivers/camera/replay/video_film.hpp"

namespace portcullis::replay {

namespace {

// No shell: each argument stands alone. "file:" keeps a path like "concat:a" or "-x" a path; the whitelist
// keeps playlists from naming other hosts.
std::vector<std::string> decoder_command(const std::filesystem::path& path) {
    return {"ffmpeg", "-nostdin",     "-v",       "error",   "-protocol_whitelist",
            "file",   "-threads",     "1",        "-i",      "file:" + path.string(),
            "-map",   "0:v:0",        "-an",      "-sn",     "-dn",
            "-f",     "yuv4mpegpipe", "-pix_fmt", "yuv420p", "-"};
}

}  // namespace

VideoFilm::Run::Run(ChildProcess&& process)
    : child(std::move(process)), reader([this](std::span<std::byte> to) { return child.read(to, stop); }) {}

Result<std::unique_ptr<VideoFilm>> VideoFilm::open(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return fail(ErrorCode::not_found, "{}: no such video file", path.string());
    std::unique_ptr<VideoFilm> film(new VideoFilm(path));
    TRY(film->start());
    return film;
}

Result<void> VideoFilm::start() {
    auto child = ChildProcess::start(decoder_command(path_));
    if (!child && child.error().code() == ErrorCode::not_found)
        return fail(
            ErrorCode::not_found,
            "{}: videos are decoded by ffmpeg, which is not installed; run: apt-get install ffmpeg, or "
            "give a folder of pictures",
            path_.string());
    if (!child) return fail(std::move(child.error()));
    run_ = std::make_unique<Run>(std::move(*child));
    auto header = run_->reader.read_header();
    if (!header && header.error().code() == ErrorCode::closed) {
        auto ended = run_->child.finish();
        run_.reset();
        if (!ended) return fail(std::move(ended.error()).with(path_.string()));
    }
    if (!header) return fail(Error(ErrorCode::corrupt, header.error().message()).with(path_.string()));
    header_ = *header;
    return {};
}

Result<std::optional<Picture>> VideoFilm::end_run() {
    auto ended = run_->child.finish();
    run_.reset();
    if (!ended) return fail(std::move(ended.error()).with(path_.string()));
    return std::optional<Picture>();
}

Result<std::optional<Picture>> VideoFilm::next(const std::stop_token& stop) {
    if (!run_) return std::optional<Picture>();
    run_->stop = stop;
    auto buffer = pool_.take(header_.frame_bytes());
    auto more = run_->reader.read_frame(*buffer);
    if (more && *more) {
        const FrameView view = header_.view(u8(*buffer));
        return std::optional<Picture>(Picture{view, std::move(buffer)});
    }
    if (more) return end_run();
    if (more.error().code() == ErrorCode::closed) return fail(std::move(more.error()));
    // A stream that stops within a frame: the decoder's own words say more than ours.
    auto ended = more.error().code() == ErrorCode::timeout ? Result<void>() : run_->child.finish();
    run_.reset();
    return fail(std::move(ended ? more.error() : ended.error()).with(path_.string()));
}

Result<void> VideoFilm::rewind() {
    run_.reset();
    return start();
}

std::optional<double> VideoFilm::rate() const {
    return header_.frames_per_second > 0 ? std::optional(header_.frames_per_second) : std::nullopt;
}

}  // namespace portcullis::replay
