#include "drivers/camera/replay/picture.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/file.hpp"

namespace portcullis::replay {

namespace {

struct Mark {
    std::string_view bytes;
    std::size_t offset;
    std::string_view name;
};

// Formats that people try, so that the error can say what the file really is.
constexpr std::array foreign_marks = {
    Mark{"WEBP", 8, "a WebP picture"},     Mark{"ftypavif", 4, "an AVIF picture"},
    Mark{"ftypheic", 4, "a HEIC picture"}, Mark{"GIF8", 0, "a GIF picture"},
    Mark{"BM", 0, "a BMP picture"},        Mark{"II*", 0, "a TIFF picture"},
    Mark{"MM", 0, "a TIFF picture"},       Mark{"%PDF", 0, "a PDF document"},
};

bool has(std::string_view content, const Mark& mark) {
    return content.size() >= mark.offset && content.substr(mark.offset).starts_with(mark.bytes);
}

bool looks_like_text(std::string_view content) {
    const auto printable = [](char c) {
        return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t';
    };
    return std::ranges::all_of(content.substr(0, 64), printable);
}

Failure not_a_picture(std::string_view content) {
    for (const Mark& mark : foreign_marks) {
        if (has(content, mark))
            return fail(ErrorCode::unsupported,
                        "{}, which this build does not decode; convert it to JPEG or PNG", mark.name);
    }
    return fail(ErrorCode::corrupt, "{}, not a JPEG or PNG picture; replace or remove the file",
                looks_like_text(content) ? "a text file" : "unknown content");
}

}  // namespace

Result<void> check_picture_size(std::int64_t width, std::int64_t height) {
    if (width < min_side_px || height < min_side_px)
        return fail(ErrorCode::invalid_argument,
                    "{} x {} px is too small to hold a plate (at least {} px a side)", width, height,
                    min_side_px);
    if (width > max_side_px || height > max_side_px || width * height > max_pixels)
        return fail(ErrorCode::exhausted,
                    "{} x {} px is larger than the limit of {} px a side and {} megapixels; scale it down",
                    width, height, max_side_px, max_pixels / 1'000'000);
    return {};
}

Picture picture_from(Bytes lines, int width, int height, int channels) {
    const auto owner = std::make_shared<const Bytes>(std::move(lines));
    Picture picture;
    picture.view.format = channels == 1 ? PixelFormat::grey8 : PixelFormat::bgr24;
    picture.view.width = width;
    picture.view.height = height;
    picture.view.planes[0] = {u8(*owner),
                              static_cast<std::size_t>(width) * static_cast<std::size_t>(channels)};
    picture.pixels = owner;
    return picture;
}

Result<Picture> decode_picture(ByteView bytes) {
    using namespace std::string_view_literals;
    const std::string_view content = as_text(bytes);
    if (content.empty()) return fail(ErrorCode::corrupt, "the file is empty (0 bytes); replace or remove it");
    if (content.starts_with("\xff\xd8\xff"sv)) return decode_jpeg(bytes);
    if (content.starts_with("\x89PNG\r\n\x1a\n"sv)) return decode_png(bytes);
    return not_a_picture(content);
}

Result<Picture> load_picture(const std::filesystem::path& path) {
    std::error_code ignored;
    // Asked first, for opening a FIFO would wait for its writer.
    const auto status = std::filesystem::status(path, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
        return fail(ErrorCode::invalid_argument, "{}: not a regular file", path.string());
    const Bytes bytes = TRY(read_file(path, max_picture_file_bytes));
    return with_context(decode_picture(bytes), path.string());
}

}  // namespace portcullis::replay
