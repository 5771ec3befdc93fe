#include "pipeline/record_builder.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::vector<Media> media_under(MediaPolicy policy) {
    ToySink sink;
    PipelineSettings settings;
    settings.pressure = Pressure::wait;
    settings.media.policy = policy;
    Pipeline pipeline(settings, toy_eyes(), sink.sink(), {});
    REQUIRE(pipeline.run(open_toy(frames_a_vehicle), {}));
    REQUIRE(sink.records().size() == 1);
    return sink.records()[0].media;
}

}  // namespace

TEST_CASE("policy decides which pictures a record keeps") {
    CHECK(media_under(MediaPolicy::none).empty());
    CHECK(media_under(MediaPolicy::plate_only).size() == 1);
    const auto full = media_under(MediaPolicy::full);
    REQUIRE(full.size() == 2);
    CHECK(full[0].role == MediaRole::plate);
    CHECK(full[1].role == MediaRole::overview);
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
    CHECK(record.clock_quality == ClockQuality::none);
}
