// Runs in the guest, against the kernel's real uvcvideo and the emulated camera behind it, behind the process
// wall as the reader stands:
//
//   guest_camera v4l2|libcamera
//
// Prints "OK what" or "FAILED what: why" for each step, and "HOST word" where the host shall do something to
// the camera, then reads a line from its input: the host has done it.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

#include "drivers/camera/libcamera/libcamera_camera.hpp"
#include "drivers/camera/v4l2/v4l2_camera.hpp"
#include "guest/test_picture.hpp"
#include "wall/wall.hpp"

using namespace portcullis;

namespace {

constexpr int width = 320;
constexpr int height = 240;
constexpr int pictures_compared = 12;
constexpr int attempts_to_reopen = 120;
constexpr std::chrono::milliseconds reopen_pause{500};

const SystemClock the_clock;
bool by_v4l2 = true;

using Opened = Result<std::unique_ptr<Camera>>;

LiveCameraSettings usual() {
    LiveCameraSettings settings;
    settings.device = "Plate Test Camera";
    settings.width = width;
    settings.height = height;
    settings.frames_per_second = 10;
    settings.pixels = RawFormat::yuyv;
    settings.stall = std::chrono::seconds(15);  // an emulated processor is slow
    return settings;
}

Opened open(const LiveCameraSettings& settings) {
    return by_v4l2 ? open_v4l2_camera(settings, the_clock) : open_libcamera_camera(settings, the_clock);
}

/// nv12 back to the yuyv that it was: the emulated camera's pairs of lines have the same chroma.
std::vector<std::uint8_t> as_yuyv(const FrameView& view) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(std::size_t{2} * width * height);
    for (std::size_t y = 0; y < height; ++y) {
        const std::uint8_t* luma = view.planes[0].data + y * view.planes[0].stride;
        const std::uint8_t* chroma = view.planes[1].data + (y / 2) * view.planes[1].stride;
        for (std::size_t x = 0; x < width; x += 2)
            bytes.insert(bytes.end(), {luma[x], chroma[x], luma[x + 1], chroma[x + 1]});
    }
    return bytes;
}

Result<std::uint8_t> compare(const Frame& frame) {
    if (frame.view.format != PixelFormat::nv12 || frame.view.width != width || frame.view.height != height)
        return fail(ErrorCode::corrupt, "not the format that was agreed");
    const std::uint8_t number = frame.view.planes[0].data[0];
    if (as_yuyv(frame.view) != test::yuyv_picture(width, height, number))
        return fail(ErrorCode::corrupt, "picture {} differs from what the device sent", number);
    return number;
}

Result<void> whole_pictures(Camera& camera, int count) {
    std::optional<Frame> last;
    std::uint8_t last_number = 0;
    for (int i = 0; i < count; ++i) {
        Frame frame = TRY(camera.next({}));
        const std::uint8_t number = TRY(compare(frame));
        if (last && (frame.number <= last->number || frame.sensor_time <= last->sensor_time))
            return fail(ErrorCode::corrupt, "numbers or times do not rise");
        // The kernel counts pictures that it dropped, so its numbers and the device's rise alike.
        if (last && static_cast<std::uint8_t>(number - last_number) != frame.number - last->number)
            return fail(ErrorCode::corrupt, "picture {} came as frame {} after {} as {}", number,
                        frame.number, last_number, last->number);
        const auto age = the_clock.since_boot() - frame.sensor_time;
        if (age < microseconds{0} || age > std::chrono::seconds(10))
            return fail(ErrorCode::corrupt, "a frame that is {} us old", age.count());
        last = std::move(frame);
        last_number = number;
    }
    return {};
}

void ask_host(const char* word) {
    std::printf("HOST %s\n", word);
    std::string done;
    std::getline(std::cin, done);
}

Result<void> expect_error(const Opened& opened, ErrorCode code, std::string_view words) {
    if (opened) return fail(ErrorCode::internal, "it was opened");
    if (opened.error().code() == code && opened.error().message().find(words) != std::string::npos) return {};
    return fail(ErrorCode::internal, "{}: {}", to_string(opened.error().code()), opened.error().message());
}

Result<void> byte_for_byte() {
    const auto camera = TRY(open(usual()));
    return whole_pictures(*camera, pictures_compared);
}

/// What arrives at the device is looked at by the host.
Result<void> controls_arrive() {
    LiveCameraSettings settings = usual();
    settings.exposure_us = 500;
    settings.gain = by_v4l2 ? 50 : 2.5;
    settings.brightness = by_v4l2 ? 16 : 0.25;
    const auto camera = TRY(open(settings));
    return whole_pictures(*camera, 2);
}

Result<void> refusals() {
    LiveCameraSettings settings = usual();
    settings.gain = 1000;
    TRY(expect_error(open(settings), ErrorCode::configuration, "camera.gain: 1000 is outside what"));
    settings = usual();
    settings.width = 640;
    TRY(expect_error(open(settings), ErrorCode::configuration, "320"));
    settings = usual();
    settings.pixels = RawFormat::nv12;
    TRY(expect_error(open(settings), ErrorCode::configuration, "camera.pixels: "));
    settings = usual();
    settings.focus = 1;
    TRY(expect_error(open(settings), ErrorCode::configuration, "camera.focus: "));
    settings = usual();
    settings.device = "Another Camera";
    TRY(expect_error(open(settings), ErrorCode::not_found, "Plate Test Camera"));
    if (!by_v4l2) return {};
    settings = usual();
    settings.frames_per_second = 60;
    return expect_error(open(settings), ErrorCode::configuration, "at 10, 5 a second, not at 60");
}

Result<void> busy() {
    const auto first = TRY(open_v4l2_camera(usual(), the_clock));
    TRY(whole_pictures(*first, 1));
    return expect_error(open(usual()), ErrorCode::io, "another program uses it");
}

Result<void> forbidden() {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        const bool other = ::setgid(65534) == 0 && ::setuid(65534) == 0;
        const auto told = expect_error(open(usual()), ErrorCode::denied, "needs the group video");
        if (!told) std::printf("%s\n", told.error().message().c_str());
        std::fflush(stdout);
        ::_exit(other && told ? 0 : 1);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(ErrorCode::internal, "not told as forbidden");
}

/// Grey blocks within what a JPEG may do to them.
Result<void> same_blocks(const FrameView& view) {
    if (view.format != PixelFormat::grey8) return fail(ErrorCode::corrupt, "not grey");
    for (int wanted = 0; wanted < 256; ++wanted) {
        const auto number = static_cast<std::uint8_t>(wanted);
        int furthest = 0;
        for (unsigned y = 8; y < height; y += 16)
            for (unsigned x = 8; x < width; x += 16)
                furthest = std::max(furthest, std::abs(view.planes[0].data[y * view.planes[0].stride + x] -
                                                       test::block_grey(x / 16, y / 16, number)));
        if (furthest <= 3) return {};
    }
    return fail(ErrorCode::corrupt, "no picture that the device sends");
}

/// A cut JPEG is told, and pictures go on behind it.
Result<void> broken_mjpeg() {
    LiveCameraSettings settings = usual();
    settings.pixels = RawFormat::mjpeg;
    const auto camera = TRY(open(settings));
    const Frame first = TRY(camera->next({}));
    TRY(same_blocks(first.view));
    ask_host("break");
    for (int i = 0; i < 50; ++i) {
        const auto frame = camera->next({});
        if (frame) continue;
        if (frame.error().code() != ErrorCode::corrupt) return fail(Error(frame.error()));
        const Frame next = TRY(camera->next({}));
        return same_blocks(next.view);
    }
    return fail(ErrorCode::internal, "the cut picture was not told");
}

Result<void> silence() {
    LiveCameraSettings settings = usual();
    settings.stall = std::chrono::seconds(2);
    auto camera = TRY(open(settings));
    TRY(whole_pictures(*camera, 1));
    ask_host("stall");
    Result<Frame> frame = camera->next({});
    while (frame)
        frame = camera->next({});
    camera.reset();
    ask_host("go");
    if (frame.error().code() != ErrorCode::io ||
        frame.error().message().find("no picture for") == std::string::npos)
        return fail(Error(frame.error()));
    const auto again = TRY(open(usual()));
    return whole_pictures(*again, 2);
}

std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t mapped_devices() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);)
        if (line.find("/dev/video") != std::string::npos || line.find("dmabuf") != std::string::npos) ++count;
    return count;
}

Result<std::unique_ptr<Camera>> opened_when_it_comes() {
    for (int i = 0; i < attempts_to_reopen; ++i) {
        auto camera = open(usual());
        if (camera || camera.error().code() == ErrorCode::configuration) return camera;
        std::this_thread::sleep_for(reopen_pause);
    }
    return fail(ErrorCode::timeout, "it did not come back");
}

/// In mid-stream, with a frame held; then everything works again and nothing is left behind.
Result<void> unplugged_and_back() {
    LiveCameraSettings settings = usual();
    settings.stall = std::chrono::seconds(3);
    auto camera = TRY(open(settings));
    const std::size_t files = open_files();
    const std::size_t maps = mapped_devices();
    Frame held = TRY(camera->next({}));
    ask_host("unplug");
    Result<Frame> frame = camera->next({});
    while (frame || frame.error().code() == ErrorCode::corrupt)
        frame = camera->next({});
    if (frame.error().code() != ErrorCode::io) return fail(Error(frame.error()));
    std::printf("lost: %s\n", frame.error().message().c_str());
    camera.reset();
    TRY(compare(held));
    ask_host("plug");
    camera = TRY(opened_when_it_comes());
    TRY(compare(held));
    held = {};
    TRY(whole_pictures(*camera, 3));
    if (open_files() != files || mapped_devices() != maps)
        return fail(ErrorCode::internal, "{} files and {} maps became {} and {}", files, maps, open_files(),
                    mapped_devices());
    return {};
}

Result<void> again_and_again() {
    std::size_t files = 0;
    for (int i = 0; i < 5; ++i) {
        {
            const auto camera = TRY(open(usual()));
            TRY(whole_pictures(*camera, 1));
        }
        if (mapped_devices() != 0) return fail(ErrorCode::internal, "maps are left");
        if (i > 0 && open_files() != files) return fail(ErrorCode::internal, "files are left");
        files = open_files();
    }
    return {};
}

void step(const char* what, Result<void> (*run)()) {
    const auto began = std::chrono::steady_clock::now();
    const auto done = run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (done)
        std::printf("OK %s (%.1f s)\n", what, took.count());
    else
        std::printf("FAILED %s: %s\n", what, done.error().message().c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    by_v4l2 = std::strcmp(argv[1], "v4l2") == 0;
    if (!deny_network()) return 1;
    step("frames are the device's pictures byte for byte", byte_for_byte);
    step("controls are set", controls_arrive);
    step("what the camera does not offer is refused", refusals);
    step("a busy camera is told", busy);
    step("a forbidden camera is told", forbidden);
    step("a cut mjpeg picture is told and passed over", broken_mjpeg);
    step("a silent camera is lost and works again", silence);
    step("opened and closed again and again", again_and_again);
    step("unplugged in mid-stream and plugged in again", unplugged_and_back);
    return 0;
}
