#include "integration/picture_files.hpp"

#include <doctest/doctest.h>
#include <turbojpeg.h>
#include <zlib.h>

#include <memory>

namespace portcullis::test {

namespace {

void put_u32(Bytes& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::byte>(value >> shift));
}

void put_chunk(Bytes& out, std::string_view type, const Bytes& data) {
    put_u32(out, static_cast<std::uint32_t>(data.size()));
    Bytes body = to_bytes(type);
    body.insert(body.end(), data.begin(), data.end());
    out.insert(out.end(), body.begin(), body.end());
    put_u32(out,
            static_cast<std::uint32_t>(::crc32(0, u8(ByteView(body)), static_cast<unsigned>(body.size()))));
}

/// zlib, piece by piece.
class Deflater {
  public:
    Deflater() { REQUIRE(::deflateInit(&stream_, Z_BEST_SPEED) == Z_OK); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    ~Deflater() { ::deflateEnd(&stream_); }

    void add(const Bytes& bytes) { push(bytes, Z_NO_FLUSH); }
    Bytes finish() {
        push({}, Z_FINISH);
        return std::move(out_);
    }

  private:
    void push(Bytes bytes, int flush) {
        std::vector<Bytef> buffer(65536);
        stream_.next_in = u8(bytes);
        stream_.avail_in = static_cast<uInt>(bytes.size());
        do {
            stream_.next_out = buffer.data();
            stream_.avail_out = static_cast<uInt>(buffer.size());
            REQUIRE(::deflate(&stream_, flush) != Z_STREAM_ERROR);
            const auto* begin = reinterpret_cast<const std::byte*>(buffer.data());
            out_.insert(out_.end(), begin, begin + (buffer.size() - stream_.avail_out));
        } while (stream_.avail_out == 0);
    }

    z_stream stream_{};
    Bytes out_;
};

Bytes header(int width, int height, PngColour colour, int bits, bool interlaced) {
    Bytes out;
    put_u32(out, static_cast<std::uint32_t>(width));
    put_u32(out, static_cast<std::uint32_t>(height));
    for (const int value : {bits, static_cast<int>(colour), 0, 0, interlaced ? 1 : 0})
        out.push_back(static_cast<std::byte>(value));
    return out;
}

Bytes assembled(const Bytes& header, const Bytes& palette, const Bytes& transparency, const Bytes& data) {
    using namespace std::string_view_literals;
    Bytes out = to_bytes("\x89PNG\r\n\x1a\n"sv);
    put_chunk(out, "IHDR", header);
    if (!palette.empty()) put_chunk(out, "PLTE", palette);
    if (!transparency.empty()) put_chunk(out, "tRNS", transparency);
    put_chunk(out, "IDAT", data);
    put_chunk(out, "IEND", {});
    return out;
}

/// One line of samples of 1 to 16 bits, the first in the highest bits.
class Line {
  public:
    explicit Line(int bits) : bits_(bits) { bytes_.push_back(std::byte{0}); }  // no filter
    /// value of 8 bits, brought to the line's depth.
    void add(int value) {
        const int sample = bits_ == 16 ? value * 257 : value >> (8 - bits_);
        for (int bit = bits_ - 1; bit >= 0; --bit) {
            if (used_ % 8 == 0) bytes_.push_back(std::byte{0});
            bytes_.back() |= static_cast<std::byte>(((sample >> bit) & 1) << (7 - used_ % 8));
            ++used_;
        }
    }
    [[nodiscard]] const Bytes& bytes() const { return bytes_; }

  private:
    int bits_;
    int used_ = 0;
    Bytes bytes_;
};

constexpr int levels = 6;  // of each colour in the palette
constexpr int level_step = 51;

int nearest_level(std::uint8_t value) {
    return (value + level_step / 2) / level_step;
}

void add_pixel(Line& line, const std::uint8_t* bgr, const PngKind& kind) {
    const int grey = (bgr[0] * 29 + bgr[1] * 150 + bgr[2] * 77) / 256;
    switch (kind.colour) {
        case PngColour::palette:
            line.add((nearest_level(bgr[2]) * levels + nearest_level(bgr[1])) * levels +
                     nearest_level(bgr[0]));
            return;
        case PngColour::grey:
        case PngColour::grey_alpha:
            line.add(grey);
            break;
        case PngColour::rgb:
        case PngColour::rgb_alpha:
            for (const int channel : {2, 1, 0})
                line.add(bgr[channel]);
            break;
    }
    if (kind.colour == PngColour::grey_alpha || kind.colour == PngColour::rgb_alpha) line.add(kind.alpha);
}

Bytes palette_of(const PngKind& kind) {
    Bytes palette;
    if (kind.colour != PngColour::palette) return palette;
    for (int index = 0; index < levels * levels * levels; ++index)
        for (const int level : {index / (levels * levels), index / levels % levels, index % levels})
            palette.push_back(static_cast<std::byte>(level * level_step));
    return palette;
}

Bytes transparency_of(const PngKind& kind) {
    if (kind.colour == PngColour::palette && kind.alpha != 255)
        return Bytes(levels * levels * levels, static_cast<std::byte>(kind.alpha));
    if (!kind.keyed) return {};
    Bytes white;
    for (int i = 0; i < (kind.colour == PngColour::grey ? 1 : 3); ++i) {
        white.push_back(static_cast<std::byte>(kind.bits == 16 ? 255 : 0));
        white.push_back(static_cast<std::byte>(kind.bits == 16 ? 255 : (1 << kind.bits) - 1));
    }
    return white;
}

struct Pass {
    int left, top, step_x, step_y;
};

std::vector<Pass> passes_of(bool interlaced) {
    if (!interlaced) return {{0, 0, 1, 1}};
    return {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
}

}  // namespace

const std::uint8_t* Pixels::at(int x, int y) const {
    return bgr.data() +
           (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3;
}

Pixels plain(int width, int height, std::uint8_t blue, std::uint8_t green, std::uint8_t red) {
    Pixels out{width, height, {}};
    for (int i = 0; i < width * height; ++i)
        out.bgr.insert(out.bgr.end(), {blue, green, red});
    return out;
}

Pixels stripes(int width, int height) {
    Pixels out = plain(width, height, 0, 0, 0);
    for (std::size_t i = 0; i < out.bgr.size() / 3; ++i) {
        const auto x = i % static_cast<std::size_t>(width);
        out.bgr[i * 3 + x * 3 / static_cast<std::size_t>(width)] = 255;
    }
    return out;
}

Pixels pixels_of(const FrameView& grey8) {
    Pixels out{grey8.width, grey8.height, {}};
    for (int y = 0; y < grey8.height; ++y)
        for (int x = 0; x < grey8.width; ++x) {
            const std::size_t at = static_cast<std::size_t>(y) * grey8.planes[0].stride;
            out.bgr.insert(out.bgr.end(), 3, grey8.planes[0].data[at + static_cast<std::size_t>(x)]);
        }
    return out;
}

Pixels resized(const Pixels& pixels, int width, int height) {
    Pixels out{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const std::uint8_t* from = pixels.at(x * pixels.width / width, y * pixels.height / height);
            out.bgr.insert(out.bgr.end(), from, from + 3);
        }
    return out;
}

Pixels turned(const Pixels& pixels, int quarters) {
    if (quarters == 0) return pixels;
    Pixels out{pixels.height, pixels.width, {}};
    for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x) {
            const std::uint8_t* from = pixels.at(y, pixels.height - 1 - x);
            out.bgr.insert(out.bgr.end(), from, from + 3);
        }
    return turned(out, quarters - 1);
}

Bytes png_file(const Pixels& pixels, const PngKind& kind) {
    Deflater data;
    for (const Pass& pass : passes_of(kind.interlaced))
        for (int y = pass.top; y < pixels.height && pass.left < pixels.width; y += pass.step_y) {
            Line line(kind.bits);
            for (int x = pass.left; x < pixels.width; x += pass.step_x)
                add_pixel(line, pixels.at(x, y), kind);
            data.add(line.bytes());
        }
    return assembled(header(pixels.width, pixels.height, kind.colour, kind.bits, kind.interlaced),
                     palette_of(kind), transparency_of(kind), data.finish());
}

Bytes huge_png(int width, int height) {
    Bytes line(static_cast<std::size_t>(width) * 4 + 1, std::byte{120});
    line[0] = std::byte{0};
    Deflater data;
    for (int y = 0; y < height; ++y)
        data.add(line);
    return assembled(header(width, height, PngColour::rgb_alpha, 8, false), {}, {}, data.finish());
}

Bytes jpeg_file(const Pixels& pixels, JpegKind kind) {
    const bool cmyk = kind == JpegKind::cmyk;
    std::vector<std::uint8_t> inks;  // of a CMYK picture: some of each
    if (cmyk) inks.assign(pixels.bgr.size() / 3 * 4, 90);
    const std::unique_ptr<void, int (*)(void*)> handle(::tjInitCompress(), &::tjDestroy);
    unsigned char* out = nullptr;
    unsigned long size = 0;
    REQUIRE(::tjCompress2(handle.get(), cmyk ? inks.data() : pixels.bgr.data(), pixels.width, 0,
                          pixels.height, cmyk ? TJPF_CMYK : TJPF_BGR, &out, &size,
                          kind == JpegKind::grey ? TJSAMP_GRAY : TJSAMP_420, 95,
                          kind == JpegKind::progressive ? TJFLAG_PROGRESSIVE : 0) == 0);
    const auto* begin = reinterpret_cast<const std::byte*>(out);
    Bytes bytes(begin, begin + size);
    ::tjFree(out);
    return bytes;
}

}  // namespace portcullis::test
