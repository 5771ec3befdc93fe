// How far two texts are apart, and by which lists texts that are near each other meet.
#include "crossing/plate_distance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "core/plate_question.hpp"
#include "core/reading.hpp"

using namespace portcullis;

TEST_CASE("steps between two texts: look-alikes are cheap") {
    CHECK(plate_distance("", "") == 0);
    CHECK(plate_distance("AB12", "AB12") == 0);
    CHECK(plate_distance("AB12", "A8I2") == 2 * look_alike_step);
    CHECK(plate_distance("OIBS", "0185") == 4 * look_alike_step);
    CHECK(plate_distance("AB12", "AX12") == error_step);
    CHECK(plate_distance("AB12", "B12") == error_step);
    CHECK(plate_distance("AB12", "AB12Z") == error_step);
    CHECK(plate_distance("AB12", "") == 4 * error_step);
    CHECK(plate_distance("AB12", "BA12") == 2 * error_step);
    CHECK(plate_distance("A812CDE", "B12CDE") == error_step + look_alike_step);
    // No more letters count than a plate has.
    CHECK(plate_distance(std::string(1000, 'A'), std::string(max_plate_letters, 'A')) == 0);
}

TEST_CASE("whatever is one error and some look-alikes apart shares a neighbourhood, both ways") {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp,cert-msc32-c): the same texts in each run
    const auto letter = [&random] { return alphabet_at(random() % plate_alphabet); };
    const auto swap = [](char sign) {
        constexpr std::string_view from = "OI1B8S50";
        constexpr std::string_view to = "01I8B5SO";
        const std::size_t at = from.find(sign);
        return at == from.npos ? sign : to[at];
    };
    for (int round = 0; round < 2000; ++round) {
        std::string one(1 + random() % 10, 'A');
        std::ranges::generate(one, letter);
        std::string other = one;
        const std::size_t at = random() % one.size();
        switch (random() % 3) {
            case 0:
                other[at] = letter();
                break;
            case 1:
                other.erase(at, 1);
                break;
            default:
                other.insert(other.begin() + static_cast<std::ptrdiff_t>(at), letter());
        }
        for (char& sign : other)
            if (random() % 3 == 0) sign = swap(sign);
        CAPTURE(one);
        CAPTURE(other);
        const auto near = neighbourhood(one);
        const auto also = neighbourhood(other);
        CHECK(std::ranges::find_first_of(near, also) != near.end());
        CHECK(plate_distance(one, other) == plate_distance(other, one));
        CHECK(plate_distance(one, other) <= error_step + static_cast<int>(other.size()) * look_alike_step);
    }
}

TEST_CASE("a neighbourhood holds each text once") {
    CHECK(neighbourhood("") == std::vector<std::string>{""});
    CHECK(neighbourhood("B8") == std::vector<std::string>{"8", "88"});
    CHECK(neighbourhood("AB1") == std::vector<std::string>{"81", "A1", "A8", "A81"});
}
