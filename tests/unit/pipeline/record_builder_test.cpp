#include "pipeline/record_builder.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A toy camera in whose pictures a face looks out above the plate: as fine a pattern as there can be, in one
/// of two phases that have the same mean.
class FaceCamera final : public Camera {
  public:
    explicit FaceCamera(int phase) : phase_(phase) {}

    [[nodiscard]] Result<Frame> next(const std::stop_token& stop) override {
        Frame frame = TRY(toy_.next(stop));
        const auto* from = frame.view.planes[0].data;
        auto pixels = std::make_shared<std::vector<std::uint8_t>>(from, from + toy_width * toy_height);
        for (int y = 60; y < 100; ++y)
            for (int x = 110; x < 150; ++x)
                (*pixels)[static_cast<std::size_t>(y * toy_width + x)] = (x + y + phase_) % 2 == 0 ? 255 : 0;
        frame.view.planes[0].data = pixels->data();
        frame.pixels = pixels;
        return frame;
    }

  private:
    ToyCamera toy_{frames_a_vehicle};
    int phase_;
};

std::vector<Media> media_under(const MediaSettings& media, int phase = 0) {
    ToySink sink;
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.media = media;
    Pipeline pipeline(settings, toy_eyes(), sink.sink(), {});
    const OpenCamera open = [phase]() -> Result<std::unique_ptr<Camera>> {
        return std::make_unique<FaceCamera>(phase);
    };
    REQUIRE(pipeline.run(open, {}));
    REQUIRE(sink.records().size() == 1);
    return sink.records()[0].media;
}

MediaSettings keeping(bool plate, OverviewPolicy overview) {
    MediaSettings media;
    media.plate = plate;
    media.overview = overview;
    return media;
}

std::string roles_under(bool plate, OverviewPolicy overview) {
    std::string roles;
    for (const Media& media : media_under(keeping(plate, overview)))
        roles += to_string(media.role)[0];
    return roles;
}

Bytes overview_under(OverviewPolicy policy, int phase) {
    const auto media = media_under(keeping(false, policy), phase);
    REQUIRE(media.size() == 1);
    REQUIRE(media[0].role == MediaRole::overview);
    return media[0].jpeg;
}

}  // namespace

TEST_CASE("policy decides which pictures a record keeps") {
    CHECK(roles_under(false, OverviewPolicy::none).empty());
    CHECK(roles_under(true, OverviewPolicy::none) == "p");
    CHECK(roles_under(false, OverviewPolicy::redacted) == "o");
    CHECK(roles_under(true, OverviewPolicy::plate_only) == "po");
    CHECK(roles_under(true, OverviewPolicy::redacted) == "po");
    CHECK(roles_under(true, OverviewPolicy::full) == "po");
}

TEST_CASE("whoever asks for nothing else gets redacted overviews") {
    CHECK(MediaSettings{}.overview == OverviewPolicy::redacted);
}

TEST_CASE("an occupant never reaches a record: two faces of one mean give the same overview to the byte") {
    for (const OverviewPolicy policy : {OverviewPolicy::plate_only, OverviewPolicy::redacted})
        CHECK(overview_under(policy, 0) == overview_under(policy, 1));
    // The same two faces, unredacted, are told apart: so the check above can fail.
    CHECK(overview_under(OverviewPolicy::full, 0) != overview_under(OverviewPolicy::full, 1));
}

TEST_CASE("only policy full can bring a whole frame into a record") {
    auto look = std::make_shared<PlateLook>();
    look->frame = toy_frame(0);
    for (const OverviewPolicy policy :
         {OverviewPolicy::none, OverviewPolicy::plate_only, OverviewPolicy::redacted})
        CHECK(build_record({{}, {}, look}, keeping(true, policy), "f", "m").media.empty());
    CHECK(build_record({{}, {}, look}, keeping(true, OverviewPolicy::full), "f", "m").media.size() == 1);
}

TEST_CASE("a picture that cannot be encoded does not take the read with it") {
    auto look = std::make_shared<PlateLook>();
    look->plate = {4, 4, std::vector<std::uint8_t>(48)};
    Captured captured{{}, {toy_reading("AB123").characters, 0.9F, 3}, look};
    MediaSettings media;
    media.plate_quality = 0;
    const CaptureRecord record = build_record(captured, media, "f", "m");
    CHECK(record.media.empty());
    CHECK(text_of(record.read.characters) == "AB123");
}

TEST_CASE("a passage without any look is recorded all the same") {
    const CaptureRecord record = build_record({{}, {}, nullptr}, {}, "f", "m");
    CHECK(record.media.empty());
    CHECK(record.clock.quality == ClockQuality::none);
}
