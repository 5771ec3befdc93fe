#include "guest/test_picture.hpp"

#include <turbojpeg.h>

#include <cstdlib>

namespace portcullis::test {

namespace {

std::uint8_t mixed(unsigned a, unsigned b, unsigned c) {
    const std::uint32_t hash = (a * 2654435761U) ^ (b * 40503U + 17U) ^ (c * 97U);
    return static_cast<std::uint8_t>(hash >> 11U);
}

std::vector<std::uint8_t> grey_jpeg(unsigned width, unsigned height, const std::vector<std::uint8_t>& grey) {
    const tjhandle handle = ::tjInitCompress();
    unsigned char* jpeg = nullptr;
    unsigned long length = 0;
    const int failed = ::tjCompress2(handle, grey.data(), static_cast<int>(width), 0,
                                     static_cast<int>(height), TJPF_GRAY, &jpeg, &length, TJSAMP_GRAY, 95, 0);
    if (failed != 0) std::abort();
    std::vector<std::uint8_t> result(jpeg, jpeg + length);
    ::tjFree(jpeg);
    ::tjDestroy(handle);
    return result;
}

}  // namespace

std::vector<std::uint8_t> yuyv_picture(unsigned width, unsigned height, std::uint8_t number) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(std::size_t{2} * width * height);
    for (unsigned y = 0; y < height; ++y)
        for (unsigned x = 0; x < width; x += 2)
            for (const std::uint8_t value : {mixed(x, y, number), mixed(x, y / 2 + 1000, number),
                                             mixed(x + 1, y, number), mixed(x + 1, y / 2 + 2000, number)})
                bytes.push_back(value);
    bytes[0] = number;
    return bytes;
}

std::uint8_t block_grey(unsigned block_x, unsigned block_y, std::uint8_t number) {
    return static_cast<std::uint8_t>((block_x * 37 + block_y * 61 + number * 13U) & 0xffU);
}

std::vector<std::uint8_t> jpeg_picture(unsigned width, unsigned height, std::uint8_t number) {
    std::vector<std::uint8_t> grey;
    for (unsigned y = 0; y < height; ++y)
        for (unsigned x = 0; x < width; ++x)
            grey.push_back(block_grey(x / 16, y / 16, number));
    return grey_jpeg(width, height, grey);
}

std::vector<std::uint8_t> jpeg_of_yuyv(unsigned width, unsigned height,
                                       const std::vector<std::uint8_t>& yuyv) {
    std::vector<std::uint8_t> grey;
    for (std::size_t at = 0; at < yuyv.size(); at += 2)
        grey.push_back(yuyv[at]);
    return grey_jpeg(width, height, grey);
}

}  // namespace portcullis::test
