#include "record/size_bucket.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace portcullis;

TEST_CASE("plate pictures have buckets of 16 KiB and its doubles, overviews of 32 KiB and its doubles") {
    constexpr std::size_t kib = 1024;
    CHECK(bucket_bytes(MediaRole::plate, 1) == 16 * kib);
    CHECK(bucket_bytes(MediaRole::plate, 16 * kib) == 16 * kib);
    CHECK(bucket_bytes(MediaRole::plate, 16 * kib + 1) == 32 * kib);
    CHECK(bucket_bytes(MediaRole::overview, 1) == 32 * kib);
    CHECK(bucket_bytes(MediaRole::overview, 100'000) == 128 * kib);
    CHECK(bucket_bytes(MediaRole::overview, 2048 * kib + 1) == max_picture_bytes);
}

TEST_CASE("every picture up to the limit fits its bucket, and there are nine or eight of them") {
    std::set<std::size_t> plates;
    std::set<std::size_t> overviews;
    for (std::size_t bytes = 1; bytes <= max_picture_bytes; bytes += 509) {
        REQUIRE(bucket_bytes(MediaRole::plate, bytes) >= bytes);
        REQUIRE(bucket_bytes(MediaRole::overview, bytes) >= bytes);
        plates.insert(bucket_bytes(MediaRole::plate, bytes));
        overviews.insert(bucket_bytes(MediaRole::overview, bytes));
    }
    CHECK(plates.size() == 9);
    CHECK(overviews.size() == 8);
    CHECK(bucket_bytes(MediaRole::plate, max_picture_bytes) == max_picture_bytes);
}

TEST_CASE("a claim of more than any picture has ends at the last bucket") {
    CHECK(bucket_bytes(MediaRole::overview, ~std::size_t{0}) == max_picture_bytes);
}
