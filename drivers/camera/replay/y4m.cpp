#include "drivers/camera/replay/y4m.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

namespace {

constexpr std::string_view magic = "YUV4MPEG2";
constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;

Result<int> parse_int(std::string_view text, std::string_view what) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0)
        return fail(ErrorCode::corrupt, "the video stream's {} is no number", what);
    return value;
}

Result<double> parse_rate(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        return fail(ErrorCode::corrupt, "the video stream's rate is no ratio");
    const int above = TRY(parse_int(text.substr(0, colon), "rate"));
    const int below = TRY(parse_int(text.substr(colon + 1), "rate"));
    if (above == 0 || below == 0) return 0.0;
    const double rate = static_cast<double>(above) / below;
    if (rate > max_video_rate)
        return fail(ErrorCode::corrupt, "the video stream claims {:.0f} frames/s; the limit is {:.0f}", rate,
                    max_video_rate);
    return rate;
}

bool is_420(std::string_view colours) {
    return colours == "420" || colours == "420jpeg" || colours == "420mpeg2" || colours == "420paldv";
}

Result<void> parse_field(std::string_view field, Y4mHeader& header) {
    const std::string_view value = field.substr(1);
    switch (field.front()) {
        case 'W':
            header.width = TRY(parse_int(value, "width"));
            break;
        case 'H':
            header.height = TRY(parse_int(value, "height"));
            break;
        case 'F':
            header.frames_per_second = TRY(parse_rate(value));
            break;
        case 'C':
            if (!is_420(value)) return fail(ErrorCode::unsupported, "the video stream is not 8-bit 4:2:0");
            break;
        default:  // interlacing, aspect and comments do not change the bytes
            break;
    }
    return {};
}

std::size_t half(int length) {
    return static_cast<std::size_t>(length + 1) / 2;
}

}  // namespace

std::size_t Y4mHeader::frame_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) +
           2 * half(width) * half(height);
}

FrameView Y4mHeader::view(const std::uint8_t* data) const {
    const std::size_t luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    FrameView view{PixelFormat::yuv420p, width, height, {}};
    view.planes[0] = {data, static_cast<std::size_t>(width)};
    view.planes[1] = {data + luma, half(width)};
    view.planes[2] = {data + luma + half(width) * half(height), half(width)};
    return view;
}

Result<Y4mHeader> parse_y4m_header(std::string_view line) {
    if (!line.starts_with(magic)) return fail(ErrorCode::corrupt, "the decoder's stream is not Y4M");
    line.remove_prefix(magic.size());
    Y4mHeader header;
    while (!line.empty()) {
        if (line.front() != ' ') return fail(ErrorCode::corrupt, "the video stream's header is damaged");
        line.remove_prefix(1);
        const std::string_view field = line.substr(0, line.find(' '));
        if (!field.empty()) TRY(parse_field(field, header));
        line.remove_prefix(field.size());
    }
    TRY(check_picture_size(header.width, header.height));
    return header;
}

Result<bool> Y4mReader::refill() {
    buffer_.resize(buffer_bytes);
    at_ = 0;
    auto got = source_(buffer_);
    buffer_.resize(got ? *got : 0);
    if (!got) return fail(std::move(got.error()));
    return !buffer_.empty();
}

Result<std::string> Y4mReader::read_line() {
    std::string line;
    while (line.size() < max_y4m_line_bytes) {
        if (at_ == buffer_.size() && !TRY(refill())) {
            if (line.empty()) return line;
            return fail(ErrorCode::corrupt, "the video stream is cut");
        }
        const char letter = static_cast<char>(buffer_[at_++]);
        if (letter != '\n') {
            line += letter;
            continue;
        }
        if (line.empty()) return fail(ErrorCode::corrupt, "the video stream has an empty line");
        return line;
    }
    return fail(ErrorCode::corrupt, "the video stream has a line of more than {} bytes", max_y4m_line_bytes);
}

Result<Y4mHeader> Y4mReader::read_header() {
    const std::string line = TRY(read_line());
    if (line.empty()) return fail(ErrorCode::closed, "the decoder gave no picture");
    return parse_y4m_header(line);
}

Result<bool> Y4mReader::read_frame(std::span<std::byte> frame) {
    const std::string line = TRY(read_line());
    if (line.empty()) return false;
    if (line != "FRAME" && !line.starts_with("FRAME "))
        return fail(ErrorCode::corrupt, "the video stream lost its frame mark");
    const std::size_t buffered = std::min(frame.size(), buffer_.size() - at_);
    std::memcpy(frame.data(), buffer_.data() + at_, buffered);
    at_ += buffered;
    frame = frame.subspan(buffered);
    while (!frame.empty()) {
        const std::size_t got = TRY(source_(frame));
        if (got == 0) return fail(ErrorCode::corrupt, "the video stream is cut within a frame");
        frame = frame.subspan(got);
    }
    return true;
}

}  // namespace portcullis::replay
