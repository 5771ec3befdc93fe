#include <doctest/doctest.h>

#include "pipeline/patch_budget.hpp"
#include "pipeline/patch_score.hpp"

using namespace portcullis;

namespace {

PlatePatch striped(int period, std::uint8_t dark, std::uint8_t bright, Box box = {200, 100, 320, 130}) {
    PlatePatch patch{{96, 24, {}}, quad_from_box(box)};
    for (int i = 0; i < 96 * 24; ++i)
        patch.image.pixels.push_back((i % 96) / period % 2 == 0 ? dark : bright);
    return patch;
}

/// All in one moment.
bool admit(PatchBudget& budget, float score, milliseconds at = milliseconds{0}) {
    return budget.admit(score, BootTime(at));
}

float score(const PlatePatch& patch, float detector = 0.9F) {
    return patch_score(patch, detector, 640, 480);
}

}  // namespace

TEST_CASE("the first patches are always read, then only clearly better ones") {
    PatchBudget budget({2, 4});
    CHECK(admit(budget, 0.5F));
    CHECK(admit(budget, 0.4F));
    CHECK_FALSE(admit(budget, 0.5F));
    CHECK_FALSE(admit(budget, 0.51F));
    CHECK(admit(budget, 0.55F));
    CHECK(admit(budget, 0.6F));
    CHECK_FALSE(admit(budget, 0.65F));  // beyond the budget: could not change the vote
    CHECK(admit(budget, 0.7F));         // could
}

TEST_CASE("another moment is worth a look of a third of the quality, the rarer the more there were") {
    PatchBudget budget({1, 2});
    CHECK(admit(budget, 1.0F));
    CHECK_FALSE(admit(budget, 0.9F, milliseconds{99}));
    CHECK_FALSE(admit(budget, 0.3F, milliseconds{100}));
    CHECK(admit(budget, 0.4F, milliseconds{100}));
    int at = 100;
    for (const int pause : {200, 200, 400, 400, 800, 800}) {
        CAPTURE(pause);
        CHECK_FALSE(admit(budget, 0.6F, milliseconds{at + pause - 1}));
        at += pause;
        CHECK(admit(budget, 0.6F, milliseconds{at}));
    }
    CHECK_FALSE(admit(budget, 9, milliseconds{at + 10'000}));  // four times the budget were read
}

TEST_CASE("no moment is worth a look at what can hardly be read, but a clearly better one is looked at") {
    PatchBudget budget({1, 4});
    CHECK(admit(budget, 0.05F));
    CHECK_FALSE(admit(budget, 0.05F, milliseconds{1000}));
    CHECK(admit(budget, 0.06F, milliseconds{1000}));
    CHECK(admit(budget, 0.11F, milliseconds{1100}));
}

TEST_CASE("a patch of something else than before is not held against it, within the budget") {
    PatchBudget budget({1, 2});
    CHECK(admit(budget, 0.9F));        // a grille, large
    CHECK_FALSE(admit(budget, 0.3F));  // the plate in it, small
    budget.begin_anew();
    CHECK(admit(budget, 0.3F));
    CHECK_FALSE(admit(budget, 0.3F));
    for (int i = 0; i < 10; ++i) {
        budget.begin_anew();
        static_cast<void>(admit(budget, 0.3F));
    }
    CHECK_FALSE(admit(budget, 9));  // four times the budget are read, however it changes
}

TEST_CASE("no passage gets more than four times the budget") {
    PatchBudget budget({2, 4});
    float value = 1;
    int admitted = 0;
    for (int i = 0; i < 100; ++i) {
        admitted += admit(budget, value) ? 1 : 0;
        value *= 1.5F;
    }
    CHECK(admitted == 16);
}

TEST_CASE("sharp, large, contrasty, whole and sure patches score higher") {
    const PlatePatch good = striped(3, 30, 220);
    CHECK(score(good) > score(striped(24, 30, 220)));                       // blurred: fewer edges
    CHECK(score(good) > score(striped(3, 110, 130)));                       // faint
    CHECK(score(good) > score(striped(3, 30, 220, {200, 100, 240, 110})));  // small
    CHECK(score(good) > score(striped(3, 30, 220, {0, 100, 120, 130})));    // cut by the frame's edge
    CHECK(score(good) > score(good, 0.4F));                                 // doubtful
}

TEST_CASE("patches without content score above zero and do not divide by it") {
    CHECK(score(PlatePatch{}) > 0);
    CHECK(score(striped(1, 90, 90)) > 0);
}
