#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>

#include "drivers/camera/replay/picture.hpp"

namespace portcullis::replay {

namespace {

/// libpng's plain reader. Its simplified one is shorter, but gives interlaced 16-bit files with lines mixed
/// up (1.6.39-2+deb12u6, as Debian 12 has it), and lays what has alpha over a background.
///
/// libpng ends a failed call with longjmp: what runs within guarded() holds nothing that wants a destructor.
class PngReader {
  public:
    explicit PngReader(ByteView bytes) : rest_(bytes) {
        png_ =
            ::png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &PngReader::complain, &PngReader::ignore);
        if (png_ == nullptr) return;
        info_ = ::png_create_info_struct(png_);
        ::png_set_read_fn(png_, this, &PngReader::give);
    }
    PngReader(const PngReader&) = delete;
    PngReader& operator=(const PngReader&) = delete;
    ~PngReader() { ::png_destroy_read_struct(&png_, &info_, nullptr); }

    [[nodiscard]] bool started() const { return info_ != nullptr; }
    /// Up to the pixels.
    [[nodiscard]] bool read_header() {
        return guarded([](PngReader& self) { ::png_read_info(self.png_, self.info_); });
    }
    [[nodiscard]] std::int64_t width() const { return ::png_get_image_width(png_, info_); }
    [[nodiscard]] std::int64_t height() const { return ::png_get_image_height(png_, info_); }
    [[nodiscard]] int channels() const {
        return (::png_get_color_type(png_, info_) & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
    }
    /// lines holds width x height x channels bytes.
    [[nodiscard]] bool read_lines(Bytes& lines) {
        to_ = u8(lines);
        stride_ = static_cast<std::size_t>(width()) * static_cast<std::size_t>(channels());
        return guarded([](PngReader& self) { self.decode(); });
    }
    [[nodiscard]] Failure failure() const {
        return fail(ErrorCode::corrupt, "damaged or truncated PNG ({}); replace or remove it", words_.data());
    }

  private:
    bool guarded(void (*step)(PngReader&)) {
        if (setjmp(png_jmpbuf(png_)) != 0) return false;  // NOLINT(cert-err52-cpp): libpng knows no other way
        step(*this);
        return true;
    }

    /// Palette, 1 to 16 bits, alpha and interlace to 8-bit grey or BGR.
    void decode() {
        if (::png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE) ::png_set_palette_to_rgb(png_);
        ::png_set_expand_gray_1_2_4_to_8(png_);
        ::png_set_scale_16(png_);
        ::png_set_strip_alpha(png_);
        ::png_set_bgr(png_);
        const int passes = ::png_set_interlace_handling(png_);
        const std::uint32_t lines = ::png_get_image_height(png_, info_);
        ::png_read_update_info(png_, info_);
        if (::png_get_rowbytes(png_, info_) != stride_) ::png_error(png_, "lines of another length");
        for (int pass = 0; pass < passes; ++pass)
            for (std::uint32_t y = 0; y < lines; ++y)
                ::png_read_row(png_, to_ + y * stride_, nullptr);
    }

    static void give(png_structp png, png_bytep to, std::size_t length) {
        auto& self = *static_cast<PngReader*>(::png_get_io_ptr(png));
        if (self.rest_.size() < length) ::png_error(png, "it ends too early");
        std::memcpy(to, self.rest_.data(), length);
        self.rest_ = self.rest_.subspan(length);
    }
    [[noreturn]] static void complain(png_structp png, png_const_charp words) {
        auto& self = *static_cast<PngReader*>(::png_get_error_ptr(png));
        std::strncpy(self.words_.data(), words, self.words_.size() - 1);
        ::png_longjmp(png, 1);
    }
    static void ignore(png_structp, png_const_charp) {}

    ByteView rest_;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
    std::uint8_t* to_ = nullptr;
    std::size_t stride_ = 0;
    std::array<char, 128> words_{};
};

}  // namespace

Result<Picture> decode_png(ByteView bytes) {
    PngReader png(bytes);
    if (!png.started()) return fail(ErrorCode::internal, "libpng cannot start: out of memory?");
    if (!png.read_header()) return png.failure();
    TRY(check_picture_size(png.width(), png.height()));
    const int width = static_cast<int>(png.width());
    const int height = static_cast<int>(png.height());
    const int channels = png.channels();
    Bytes lines(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                static_cast<std::size_t>(channels));
    if (!png.read_lines(lines)) return png.failure();
    return picture_from(std::move(lines), width, height, channels);
}

}  // namespace portcullis::replay
