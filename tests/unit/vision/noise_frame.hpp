#pragma once
// A frame that owns noise in any format, for tests of what reaches a picture.

#include <random>
#include <vector>

#include "core/frame.hpp"
#include "core/geometry.hpp"

namespace portcullis::test {

struct NoiseFrame {
    std::vector<std::uint8_t> pixels;
    FrameView view;

    NoiseFrame(PixelFormat format, int width, int height) : view{format, width, height, {}} {
        const auto w = static_cast<std::size_t>(width);
        const auto h = static_cast<std::size_t>(height);
        const std::size_t half_w = (w + 1) / 2;
        const std::size_t half = half_w * ((h + 1) / 2);
        const bool bgr = format == PixelFormat::bgr24;
        pixels.resize(w * h * (bgr ? 3 : 1) + 2 * half);
        std::minstd_rand random(7);
        for (std::uint8_t& pixel : pixels)
            pixel = static_cast<std::uint8_t>(random() >> 8);
        view.planes[0] = {pixels.data(), bgr ? w * 3 : w};
        view.planes[1] = {pixels.data() + w * h, format == PixelFormat::nv12 ? half_w * 2 : half_w};
        view.planes[2] = {pixels.data() + w * h + half, half_w};
    }
    NoiseFrame(const NoiseFrame&) = delete;  // the view looks into pixels
    NoiseFrame& operator=(const NoiseFrame&) = delete;
    ~NoiseFrame() = default;

    /// A byte of the first plane: luma, grey, or one of the three colours of a BGR pixel.
    std::uint8_t& at(int x, int y, int colour = 0) {
        const int step = view.format == PixelFormat::bgr24 ? 3 : 1;
        return pixels[static_cast<std::size_t>(y) * view.planes[0].stride +
                      static_cast<std::size_t>(x * step + colour)];
    }

    void fill_luma(const Box& box, std::uint8_t value) {
        const int colours = view.format == PixelFormat::bgr24 ? 3 : 1;
        for (int y = 0; y < view.height; ++y)
            for (int x = 0; x < view.width; ++x)
                for (int colour = 0; colour < colours; ++colour)
                    if (static_cast<float>(x) >= box.left && static_cast<float>(x) < box.right &&
                        static_cast<float>(y) >= box.top && static_cast<float>(y) < box.bottom)
                        at(x, y, colour) = value;
    }

    /// Of YUV frames; without effect on the others.
    void fill_chroma(std::uint8_t u, std::uint8_t v) {
        const std::size_t half =
            static_cast<std::size_t>((view.width + 1) / 2) * static_cast<std::size_t>((view.height + 1) / 2);
        const std::size_t start = pixels.size() - 2 * half;
        for (std::size_t i = 0; i < half; ++i) {
            const bool interleaved = view.format == PixelFormat::nv12;
            pixels[start + (interleaved ? 2 * i : i)] = u;
            pixels[start + (interleaved ? 2 * i + 1 : half + i)] = v;
        }
    }
};

}  // namespace portcullis::test
