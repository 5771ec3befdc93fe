// The figures of the bench against numbers worked out by hand.
#include <doctest/doctest.h>

#include "apps/portcullis/bench_score.hpp"

using namespace portcullis;
using namespace portcullis::bench;

namespace {

Quad box(float left, float top, float right, float bottom) {
    return quad_from_box({left, top, right, bottom});
}

LabelledPicture scene(std::vector<LabelledPlate> plates) {
    return {"a.png", "s", "dev", Kind::scene, std::move(plates)};
}

}  // namespace

TEST_CASE("texts are compared in upper case, A-Z and 0-9 only") {
    CHECK(comparable("ab-12 c") == "AB12C");
    CHECK(comparable("\xE6\xB5\x99"
                     "A0") == "A0");
    CHECK(folded("OI10Q") == "0110Q");
}

TEST_CASE("a plate is found from an IoU of 0.4 on") {
    const auto picture = scene({{box(0, 0, 100, 50), "AB1"}});
    // 100x50 against 40x50 within it: 2000 / 5000 = 0.4; 39x50: 0.39.
    const ScoredRead at[] = {{"AB1", 0.9F, box(0, 0, 40, 50)}};
    const ScoredRead below[] = {{"AB1", 0.9F, box(0, 0, 39, 50)}};
    CHECK(score_picture(picture, at).found == 1);
    const auto missed = score_picture(picture, below);
    CHECK(missed.found == 0);
    CHECK(missed.false_reads == 0);  // it touches the plate: neutral
    REQUIRE(missed.faults.size() == 1);
    CHECK(missed.faults[0].cause == Cause::missed);
}

TEST_CASE("the most confident read with text answers for the plate, the first of equal ones") {
    const auto picture = scene({{box(0, 0, 100, 50), "OB1"}});
    const ScoredRead reads[] = {
        {"", 0.99F, box(0, 0, 100, 50)}, {"0BI", 0.8F, box(0, 0, 100, 50)}, {"XX", 0.8F, box(0, 0, 100, 50)}};
    const auto score = score_picture(picture, reads);
    CHECK(score.exact == 0);
    CHECK(score.right == 1);
    CHECK(score.faults.empty());
    REQUIRE(score.answers.size() == 1);
    CHECK(score.answers[0].right);
}

TEST_CASE("a read far from each plate is a false read, one without text is none") {
    const auto picture = scene({{box(0, 0, 100, 50), "AB1"}});
    const ScoredRead reads[] = {{"AB1", 0.9F, box(0, 0, 100, 50)},
                                {"TAXI", 0.7F, box(300, 300, 400, 350)},
                                {"", 0.7F, box(500, 300, 600, 350)},
                                {"SPOT", 0.7F, box(48, 23, 52, 27)}};  // in the plate's middle: neutral
    const auto score = score_picture(picture, reads);
    CHECK(score.false_reads == 1);
    CHECK(score.exact == 1);
    REQUIRE(score.faults.size() == 1);
    CHECK(score.faults[0].cause == Cause::false_read);
    CHECK(score.faults[0].read == 1);
}

TEST_CASE("in a crop every read meets the plate and finding is not counted") {
    const LabelledPicture crop{"a.png", "s", "dev", Kind::crop, {{box(0, 0, 100, 50), "AB1"}}};
    const ScoredRead reads[] = {{"AB7", 0.6F, box(900, 900, 950, 950)}};
    const auto score = score_picture(crop, reads);
    CHECK(score.found == 0);
    CHECK(score.false_reads == 0);
    REQUIRE(score.faults.size() == 1);
    CHECK(score.faults[0].cause == Cause::misread);
}

TEST_CASE("a plate without a known text counts for finding alone") {
    const ScoredRead reads[] = {{"ZZ9", 0.6F, box(0, 0, 100, 50)}};
    const auto score = score_picture(scene({{box(0, 0, 100, 50), ""}}), reads);
    CHECK(score.found == 1);
    CHECK(score.texts == 0);
    CHECK(score.answers.empty());
}

TEST_CASE("the calibration error is the bins' gaps weighted by their shares") {
    // Bin (0.9, 1]: 0.95 right, 0.95 wrong: |1/2 - 0.95| x 2/4. Bin (0.5, 0.6]: 0.6 right: |1 - 0.6| x 1/4.
    // Bin (0, 0.1]: 0.05 wrong: 0.05 x 1/4. Together 0.225 + 0.1 + 0.0125.
    const Answer answers[] = {
        {0.95F, true, true}, {0.95F, false, true}, {0.6F, true, true}, {0.05F, false, false}};
    CHECK(calibration_error(answers).value() == doctest::Approx(0.3375).epsilon(1e-5));
    CHECK_FALSE(calibration_error({}));
}

TEST_CASE("errors of two bins do not cancel each other, errors within one do") {
    const Answer apart[] = {{0.75F, false, true}, {0.25F, true, true}};
    CHECK(calibration_error(apart).value() == doctest::Approx(0.75));
    const Answer together[] = {
        {0.75F, false, true}, {0.75F, true, true}, {0.75F, true, true}, {0.75F, true, true}};
    CHECK(calibration_error(together).value() == doctest::Approx(0));
}

TEST_CASE("selective reading takes the lowest threshold that keeps the precision") {
    const std::vector<Answer> answers = {{0.9F, true, true},
                                         {0.8F, false, true},
                                         {0.7F, true, true},
                                         {0.6F, true, true},
                                         {0.5F, false, false}};
    // From the top: 1/1, 1/2, 2/3, 3/4, 3/5. At 0.75: down to 0.6, four of eight plates.
    const auto wide = selective(answers, 8, 0.75);
    REQUIRE(wide);
    CHECK(wide->share == doctest::Approx(0.5));
    CHECK(wide->threshold == doctest::Approx(0.6));
    CHECK(wide->precision == doctest::Approx(0.75));
    CHECK(selective(answers, 8, selective_precision)->share == doctest::Approx(0.125));
}

TEST_CASE("no threshold parts answers of one confidence, and a false read costs precision") {
    CHECK_FALSE(selective({{0.9F, true, true}, {0.9F, false, true}}, 2, 0.9));
    CHECK_FALSE(selective({{0.9F, false, false}, {0.8F, true, true}}, 1, 0.9));
    CHECK_FALSE(selective({}, 0, 0.9));
}

TEST_CASE("median and percentile") {
    CHECK(median({3, 1, 2}) == doctest::Approx(2));
    CHECK(median({4, 1, 2, 3}) == doctest::Approx(2.5));
    CHECK(percentile({5, 1, 2, 3, 4}, 0.95) == doctest::Approx(5));
    CHECK(percentile({5, 1, 2, 3, 4}, 0.4) == doctest::Approx(2));
    CHECK(median({}) == 0);
}
