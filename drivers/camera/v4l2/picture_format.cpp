#include "drivers/camera/v4l2/picture_format.hpp"

#include <linux/videodev2.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <vector>

#include "drivers/camera/common/packed_pictures.hpp"

namespace portcullis::v4l2 {

namespace {

struct Known {
    RawFormat format;
    std::uint32_t fourcc;
};

// In the order in which they suit the road: luma in place, luma by a copy, luma by a decoder, no colour.
constexpr std::array known_formats = {
    Known{RawFormat::nv12, V4L2_PIX_FMT_NV12},   Known{RawFormat::yuyv, V4L2_PIX_FMT_YUYV},
    Known{RawFormat::mjpeg, V4L2_PIX_FMT_MJPEG}, Known{RawFormat::mjpeg, V4L2_PIX_FMT_JPEG},
    Known{RawFormat::grey, V4L2_PIX_FMT_GREY},
};

std::string letters(std::uint32_t fourcc) {
    std::string name;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        const char letter = static_cast<char>((fourcc >> shift) & 0x7fU);
        if (letter > ' ') name += letter;
    }
    return name;
}

bool reaches(double offered, double wanted) {
    return std::abs(offered - wanted) <= wanted * rate_tolerance;
}

/// Walks one of the driver's lists: entry(index) gives errno, 0 to go on. True unless the driver keeps no
/// such list.
template <class Entry>
bool walk(Entry entry) {
    for (std::uint32_t i = 0; i < max_listed; ++i) {
        const int error = entry(i);
        if (error != 0) return i > 0;
    }
    return true;
}

std::vector<std::uint32_t> formats_of(const Device& device) {
    std::vector<std::uint32_t> formats;
    walk([&](std::uint32_t i) {
        v4l2_fmtdesc entry{};
        entry.index = i;
        entry.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        const Called called = device.ioctl(VIDIOC_ENUM_FMT, &entry);
        if (called.ok()) formats.push_back(entry.pixelformat);
        return called.error;
    });
    return formats;
}

struct Offer {
    bool fits = false;
    std::vector<std::string> words;  // what is offered in its place
};

bool in_steps(int value, std::uint32_t low, std::uint32_t high, std::uint32_t step) {
    const auto wanted = static_cast<std::uint32_t>(value);
    return wanted >= low && wanted <= high && (step == 0 || (wanted - low) % step == 0);
}

Offer size_offer(const Device& device, std::uint32_t fourcc, const LiveCameraSettings& settings) {
    Offer offer;
    const bool listed = walk([&](std::uint32_t i) {
        v4l2_frmsizeenum entry{};
        entry.index = i;
        entry.pixel_format = fourcc;
        const Called called = device.ioctl(VIDIOC_ENUM_FRAMESIZES, &entry);
        if (!called.ok()) return called.error;
        if (entry.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
            offer.fits =
                offer.fits || (in_steps(settings.width, entry.discrete.width, entry.discrete.width, 0) &&
                               in_steps(settings.height, entry.discrete.height, entry.discrete.height, 0));
            offer.words.push_back(fmt::format("{} x {}", entry.discrete.width, entry.discrete.height));
            return 0;
        }
        const v4l2_frmsize_stepwise& step = entry.stepwise;
        offer.fits =
            offer.fits || (in_steps(settings.width, step.min_width, step.max_width, step.step_width) &&
                           in_steps(settings.height, step.min_height, step.max_height, step.step_height));
        offer.words.push_back(fmt::format("{} x {} to {} x {} in steps of {} x {}", step.min_width,
                                          step.min_height, step.max_width, step.max_height, step.step_width,
                                          step.step_height));
        return EINVAL;  // such a list has one entry
    });
    if (!listed && offer.words.empty()) offer.fits = true;  // no list: what it then sets decides
    return offer;
}

double rate_of(const v4l2_fract& interval) {
    return interval.numerator == 0 ? 0.0 : static_cast<double>(interval.denominator) / interval.numerator;
}

Offer rate_offer(const Device& device, std::uint32_t fourcc, const LiveCameraSettings& settings) {
    Offer offer;
    const bool listed = walk([&](std::uint32_t i) {
        v4l2_frmivalenum entry{};
        entry.index = i;
        entry.pixel_format = fourcc;
        entry.width = static_cast<std::uint32_t>(settings.width);
        entry.height = static_cast<std::uint32_t>(settings.height);
        const Called called = device.ioctl(VIDIOC_ENUM_FRAMEINTERVALS, &entry);
        if (!called.ok()) return called.error;
        if (entry.type == V4L2_FRMIVAL_TYPE_DISCRETE) {
            offer.fits = offer.fits || reaches(rate_of(entry.discrete), settings.frames_per_second);
            offer.words.push_back(fmt::format("{:.4g}", rate_of(entry.discrete)));
            return 0;
        }
        const double low = rate_of(entry.stepwise.max);
        const double high = rate_of(entry.stepwise.min);
        const double wanted = settings.frames_per_second;
        offer.fits =
            offer.fits || (wanted >= low * (1 - rate_tolerance) && wanted <= high * (1 + rate_tolerance));
        offer.words.push_back(fmt::format("{:.4g} to {:.4g}", low, high));
        return EINVAL;
    });
    if (!listed && offer.words.empty()) offer.fits = true;
    return offer;
}

struct Choice {
    RawFormat format;
    std::uint32_t fourcc;
};

Result<Choice> choose(const Device& device, const LiveCameraSettings& settings) {
    const std::vector<std::uint32_t> offered = formats_of(device);
    std::optional<Error> nearest;
    for (const Known& known : known_formats) {
        if (settings.pixels && *settings.pixels != known.format) continue;
        if (std::ranges::find(offered, known.fourcc) == offered.end()) continue;
        const Offer size = size_offer(device, known.fourcc, settings);
        const Offer rate = size.fits ? rate_offer(device, known.fourcc, settings) : Offer{};
        if (size.fits && rate.fits) return Choice{known.format, known.fourcc};
        if (nearest && !size.fits) continue;
        nearest =
            size.fits
                ? Error(ErrorCode::configuration,
                        fmt::format("camera.frames_per_second: {} gives {} in {} x {} px at {} a second, "
                                    "not at {}; write one of these",
                                    device.name(), letters(known.fourcc), settings.width, settings.height,
                                    fmt::join(rate.words, ", "), settings.frames_per_second))
                : Error(ErrorCode::configuration,
                        fmt::format("camera.width_px, camera.height_px: {} gives {} in {}, not in {} x {}; "
                                    "write one of these",
                                    device.name(), letters(known.fourcc), fmt::join(size.words, ", "),
                                    settings.width, settings.height));
    }
    if (nearest) return fail(std::move(*nearest));
    std::vector<std::string> names;
    std::ranges::transform(offered, std::back_inserter(names), letters);
    return fail(ErrorCode::configuration, "camera.pixels: {} offers {}, not {}; {}", device.name(),
                names.empty() ? "no format" : fmt::format("{}", fmt::join(names, ", ")),
                settings.pixels ? to_string(*settings.pixels) : "nv12, yuyv, mjpeg or grey",
                settings.pixels ? "write one of these, or \"auto\"" : "take another camera");
}

/// A driver may leave the stride out where lines have no gaps; one that is shorter than its pixels is
/// nonsense.
Result<AgreedFormat> understood(const Device& device, const Choice& choice, const v4l2_pix_format& set) {
    AgreedFormat agreed;
    agreed.layout = {choice.format, static_cast<int>(set.width), static_cast<int>(set.height), {}};
    agreed.image_bytes = set.sizeimage;
    if (set.sizeimage == 0)
        return fail(ErrorCode::unsupported, "{}: says that its pictures are empty", device.name());
    if (choice.format == RawFormat::mjpeg) return agreed;
    const std::size_t least = camera::least_stride(choice.format, 0, agreed.layout.width);
    const std::size_t stride = set.bytesperline == 0 ? least : set.bytesperline;
    if (stride < least)
        return fail(
            ErrorCode::unsupported,
            "{}: says that a line of {} px takes {} bytes, where {} is the least; its driver is broken",
            device.name(), set.width, stride, least);
    agreed.layout.strides = {stride, stride, 0};
    std::size_t wanted = camera::least_plane_bytes(agreed.layout, 0);
    if (choice.format == RawFormat::nv12)
        wanted = stride * set.height + camera::least_plane_bytes(agreed.layout, 1);
    if (set.sizeimage < wanted)
        return fail(ErrorCode::unsupported,
                    "{}: says that {} x {} px with lines of {} bytes take {} bytes, where {} is the least; "
                    "its driver "
                    "is broken",
                    device.name(), set.width, set.height, stride, set.sizeimage, wanted);
    return agreed;
}

Result<void> set_rate(const Device& device, double frames_per_second) {
    v4l2_streamparm parameters{};
    parameters.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    const Called asked = device.ioctl(VIDIOC_G_PARM, &parameters);
    if (!asked.ok() || (parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME) == 0) return {};
    constexpr std::uint32_t per_second = 1000;
    parameters.parm.capture.timeperframe = {
        per_second, static_cast<std::uint32_t>(std::lround(per_second * frames_per_second))};
    const Called set = device.ioctl(VIDIOC_S_PARM, &parameters);
    if (!set.ok()) return fail(device.failed("cannot set the frame rate", set.error));
    const double given = rate_of(parameters.parm.capture.timeperframe);
    if (given > 0 && !reaches(given, frames_per_second))
        return fail(ErrorCode::configuration,
                    "camera.frames_per_second: {} gives {:.4g} a second, not {}; write this", device.name(),
                    given, frames_per_second);
    return {};
}

}  // namespace

Result<AgreedFormat> agree_format(const Device& device, const LiveCameraSettings& settings) {
    const Choice choice = TRY(choose(device, settings));
    v4l2_format format{};
    format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    format.fmt.pix.width = static_cast<std::uint32_t>(settings.width);
    format.fmt.pix.height = static_cast<std::uint32_t>(settings.height);
    format.fmt.pix.pixelformat = choice.fourcc;
    format.fmt.pix.field = V4L2_FIELD_ANY;
    const Called called = device.ioctl(VIDIOC_S_FMT, &format);
    if (!called.ok()) return fail(device.failed("cannot set the format", called.error));
    const v4l2_pix_format& set = format.fmt.pix;
    if (set.pixelformat != choice.fourcc || !in_steps(settings.width, set.width, set.width, 0) ||
        !in_steps(settings.height, set.height, set.height, 0))
        return fail(ErrorCode::configuration,
                    "camera.width_px, camera.height_px: {} gives {} in {} x {} px in the place of {} in {} x "
                    "{}; write "
                    "what it gives",
                    device.name(), letters(set.pixelformat), set.width, set.height, letters(choice.fourcc),
                    settings.width, settings.height);
    if (set.field == V4L2_FIELD_INTERLACED || set.field == V4L2_FIELD_ALTERNATE)
        return fail(ErrorCode::unsupported,
                    "{}: gives interlaced pictures, in which a moving plate is torn; take a "
                    "progressive camera",
                    device.name());
    const AgreedFormat agreed = TRY(understood(device, choice, set));
    TRY(set_rate(device, settings.frames_per_second));
    return agreed;
}

}  // namespace portcullis::v4l2
