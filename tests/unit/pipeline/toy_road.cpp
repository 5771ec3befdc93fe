#include "unit/pipeline/toy_road.hpp"

#include <cstring>

namespace portcullis::test {

Frame toy_frame(std::uint64_t number) {
    auto pixels = std::make_shared<std::vector<std::uint8_t>>(toy_width * toy_height, std::uint8_t{100});
    std::memcpy(pixels->data(), &number, sizeof number);
    Frame frame;
    frame.view = {PixelFormat::grey8, toy_width, toy_height, {{{pixels->data(), toy_width}}}};
    frame.pixels = pixels;
    frame.number = number;
    frame.sensor_time = BootTime(milliseconds(1000 + 40 * static_cast<std::int64_t>(number)));
    frame.utc = UtcTime(milliseconds(1'750'000'000'000 + 40 * static_cast<std::int64_t>(number)));
    frame.clock.quality = ClockQuality::ntp;
    return frame;
}

std::uint64_t number_of(const FrameView& view) {
    std::uint64_t number = 0;
    std::memcpy(&number, view.planes[0].data, sizeof number);
    return number;
}

std::string toy_text(std::uint64_t vehicle) {
    return fmt::format("AB{}", 100 + vehicle);
}

Reading toy_reading(std::string_view text, float confidence) {
    Reading reading;
    reading.confidence = confidence;
    for (const char letter : text)
        reading.characters.push_back({letter, confidence, {}});
    return reading;
}

std::vector<PlateCandidate> drive_past(std::uint64_t frame) {
    const std::uint64_t step = frame % frames_a_vehicle;
    if (step >= frames_shown) return {};
    const float x = 100 + 30 * static_cast<float>(step);
    return {{quad_from_box({x, 150, x + 100, 175}), 0.9F}};
}

Eyes toy_eyes(std::function<std::vector<PlateCandidate>(std::uint64_t frame)> scene) {
    Eyes eyes;
    eyes.locate = [scene = std::move(scene)](const FrameView& view) -> Result<std::vector<PlateCandidate>> {
        return scene(number_of(view));
    };
    eyes.rectify = [](const FrameView& view, const Quad& quad) -> Result<PlatePatch> {
        PlatePatch patch{{16, 4, std::vector<std::uint8_t>(64, 30)}, quad};
        for (std::size_t i = 0; i < 64; i += 4)
            patch.image.pixels[i] = 220;
        patch.image.pixels[0] = static_cast<std::uint8_t>(number_of(view) / frames_a_vehicle);
        return patch;
    };
    eyes.read = [](const PlatePatch& patch) -> Result<Reading> {
        return toy_reading(toy_text(patch.image.pixels[0]));
    };
    eyes.model = "0123abcd";
    return eyes;
}

Result<Frame> ToyCamera::next(const std::stop_token& stop) {
    if (before_)
        if (auto error = before_(at_, stop)) return fail(std::move(*error));
    if (stop.stop_requested()) return fail(ErrorCode::closed, "stopped");
    if (at_ == count_) return fail(ErrorCode::closed, "the film ended");
    return toy_frame(at_++);
}

OpenCamera open_toy(std::uint64_t count, ToyCamera::Before before) {
    return [count, before = std::move(before)]() -> Result<std::unique_ptr<Camera>> {
        return std::make_unique<ToyCamera>(count, before);
    };
}

RecordSink ToySink::sink() {
    return {[this](const CaptureRecord& record) {
                auto said = answer(record);
                if (!said) return said;
                {
                    const std::lock_guard lock(mutex_);
                    records_.push_back(record);
                }
                changed_.notify_all();
                return said;
            },
            [] { return Result<void>(); },
            [this] {
                ++finished_;
                return Result<void>();
            }};
}

std::vector<CaptureRecord> ToySink::records() const {
    const std::lock_guard lock(mutex_);
    return records_;
}

std::string ToySink::texts() const {
    std::string texts;
    for (const CaptureRecord& record : records())
        texts += text_of(record.read.characters) + " ";
    return texts;
}

void ToySink::wait_for_records(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return records_.size() >= count; });
}

}  // namespace portcullis::test
