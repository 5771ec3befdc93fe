#include "vision/plate_finder.hpp"

#include <doctest/doctest.h>

using namespace portcullis;

namespace {

/// Candidates in a row, none touching another.
std::vector<PlateCandidate> candidates(std::initializer_list<float> scores) {
    std::vector<PlateCandidate> made;
    float left = 0;
    for (const float score : scores) {
        made.push_back({quad_from_box({left, 0, left + 40, 10}), score});
        left += 100;
    }
    return made;
}

/// Gives each quad the next of these scores, moved by a pixel, and counts how often it was asked.
class Look {
  public:
    explicit Look(std::vector<float> scores) : scores_(std::move(scores)) {}
    [[nodiscard]] CloseLook function() {
        return [this](const Quad& quad) -> Result<PlateCandidate> {
            PlateCandidate fitted{quad, scores_.at(asked_++)};
            for (Point& corner : fitted.quad.corners)
                corner.y += 1;
            return fitted;
        };
    }
    [[nodiscard]] std::size_t asked() const { return asked_; }

  private:
    std::vector<float> scores_;
    std::size_t asked_ = 0;
};

}  // namespace

TEST_CASE("a close look puts the corners right, gives the score and drops what is no plate") {
    Look look({0.9F, 0.05F, 0.3F});
    const auto given = candidates({0.8F, 0.7F, 0.6F});
    const auto found = after_close_look(given, 0.1F, look.function());
    REQUIRE(found);
    REQUIRE(found->size() == 2);
    CHECK((*found)[0].score == 0.9F);
    CHECK((*found)[0].quad.corners[0].y == doctest::Approx(0.5));  // a pixel ends half a one off its centre
    CHECK((*found)[1].score == 0.3F);
    CHECK((*found)[1].quad.corners[0].x == doctest::Approx(199.5));
}

TEST_CASE("what the detector is very sure of stays as it is, whatever the close look says") {
    Look look({0.01F});
    const auto found = after_close_look(candidates({0.95F}), 0.1F, look.function());
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK((*found)[0].score == 0.95F);
    CHECK((*found)[0].quad.corners[0].y == doctest::Approx(-0.5));
}

TEST_CASE("faint candidates are looked at only where they touch no likely plate") {
    auto given = candidates({0.8F, 0.1F, 0.1F});
    for (Point& corner : given[1].quad.corners)
        corner.x -= 80;  // now it covers a half of the first
    Look likely({0.9F, 0.9F});
    auto found = after_close_look(given, 0.1F, likely.function());
    REQUIRE(found);
    CHECK(likely.asked() == 2);  // the first, and the third, which is another vehicle's plate
    CHECK(found->size() == 2);
    Look unlikely({0.3F, 0.9F, 0.9F});
    found = after_close_look(given, 0.1F, unlikely.function());
    REQUIRE(found);
    CHECK(unlikely.asked() == 3);  // the first is none, so the second may be one
    CHECK(found->size() == 2);
}

TEST_CASE("a quad with nothing to see is passed over, other errors end the search") {
    int asked = 0;
    const auto found =
        after_close_look(candidates({0.8F, 0.7F}), 0.1F, [&](const Quad& quad) -> Result<PlateCandidate> {
            if (asked++ == 0) return fail(ErrorCode::invalid_argument, "outside the frame");
            return PlateCandidate{quad, 0.9F};
        });
    REQUIRE(found);
    CHECK(found->size() == 1);
    const auto broken = after_close_look(candidates({0.8F}), 0.1F, [](const Quad&) -> Result<PlateCandidate> {
        return fail(ErrorCode::internal, "broken");
    });
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code() == ErrorCode::internal);
}

TEST_CASE("two candidates that turn out to be one plate are one") {
    auto given = candidates({0.8F, 0.7F});
    const auto found = after_close_look(given, 0.1F, [&](const Quad&) -> Result<PlateCandidate> {
        return PlateCandidate{given[0].quad, 0.9F};
    });
    REQUIRE(found);
    CHECK(found->size() == 1);
}
