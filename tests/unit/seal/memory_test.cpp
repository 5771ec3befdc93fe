// After many seals and opens no copy of what was sealed may stand in this process's memory. The program
// carries the same free() as the shipped ones. memory_control_test.cpp shows what stands there without it.
// PORTCULLIS_ROUNDS sets the number of rounds.
#include <doctest/doctest.h>

#include "unit/seal/memory_hunt.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool may_hunt() {
    // Once for the program, before OpenSSL's first allocation.
    static const bool installed = static_cast<bool>(install_zeroing_allocator());
    REQUIRE(installed);
    if (!own_memory) MESSAGE("SKIPPED: the hunt in memory needs a build without sanitizers");
    return own_memory;
}

}  // namespace

TEST_CASE("attack: the memory of the running sealer is read: no copy of a sealed payload is left") {
    if (!may_hunt()) return;
    const Road road;
    seal_texts(road, seal_rounds());
    CHECK(plate_in_payload().count_in_memory() == 0);
    CHECK(raw_text().count_in_memory() == 0);
    CHECK(characters_in_payload().count_in_memory() == 0);
}

TEST_CASE("attack: the memory of the running sealer is read: no copy of a sealed picture is left") {
    if (!may_hunt()) return;
    const Road road;
    seal_pictures(road, seal_rounds());
    CHECK(picture_content().count_in_memory() == 0);
    CHECK(raw_text().count_in_memory() == 0);
}

TEST_CASE("attack: the memory of the running opener is read: no copy of an opened payload is left") {
    if (!may_hunt()) return;
    const Road road;
    open_texts(road, seal_rounds());
    CHECK(plate_in_payload().count_in_memory() == 0);
    CHECK(raw_text().count_in_memory() == 0);
}

TEST_CASE("the hunt in memory finds what is held (control)") {
    if (!may_hunt()) return;
    std::string held = R"(......."plate":"ZYXWVUTS"........)";
    held += "picture-of-a-car-<7QZK>.";
    CHECK(plate_in_payload().count_in_memory() > 0);
    CHECK(picture_content().count_in_memory() > 0);
    OPENSSL_cleanse(held.data(), held.size());
}
