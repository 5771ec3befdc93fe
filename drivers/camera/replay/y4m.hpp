#pragma once
// Y4M (YUV4MPEG2): the plain video format in which the decoder process hands frames over. A strict reader of
// the one kind that we ask for, 8-bit 4:2:0. Thread-bound.

#include <functional>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "core/frame.hpp"

namespace portcullis::replay {

inline constexpr std::size_t max_y4m_line_bytes = 512;  // header and FRAME line
inline constexpr double max_video_rate = 1000;          // frames a second; beyond it the header lies

struct Y4mHeader {
    int width = 0;
    int height = 0;
    double frames_per_second = 0;  // 0: the stream does not know
    /// Of one frame: Y, then U and V at half width and height, rounded up.
    [[nodiscard]] std::size_t frame_bytes() const;
    /// The view of a frame whose bytes begin at data.
    [[nodiscard]] FrameView view(const std::uint8_t* data) const;
};

/// line without its newline. Errors: corrupt (not Y4M, nonsense numbers), unsupported (other than 8-bit
/// 4:2:0), exhausted or invalid_argument (picture.hpp's size limits).
[[nodiscard]] Result<Y4mHeader> parse_y4m_header(std::string_view line);

class Y4mReader {
  public:
    /// Fills what it can of the span; 0 means the stream ended. The source outlives the reader.
    using Source = std::function<Result<std::size_t>(std::span<std::byte>)>;
    explicit Y4mReader(Source source) : source_(std::move(source)) {}

    /// Empty stream: closed.
    [[nodiscard]] Result<Y4mHeader> read_header();
    /// Fills `frame` (frame_bytes() long); false at a clean end. A stream cut within a frame: corrupt.
    [[nodiscard]] Result<bool> read_frame(std::span<std::byte> frame);

  private:
    Result<bool> refill();
    Result<std::string> read_line();  // empty at the end of the stream

    Source source_;
    Bytes buffer_;
    std::size_t at_ = 0;
};

}  // namespace portcullis::replay
