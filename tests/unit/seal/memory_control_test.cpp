// The control to memory_test.cpp: the same work with the allocators as they come leaves copies. Should these
// cases ever fail, the hunt has become blind, or the wiping needless.
#include <doctest/doctest.h>

#include "unit/seal/memory_hunt.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool may_hunt() {
    if (!own_memory) MESSAGE("SKIPPED: the hunt in memory needs a build without sanitizers");
    return own_memory;
}

}  // namespace

TEST_CASE("without the wiping allocators copies of a sealed payload are left (control)") {
    if (!may_hunt()) return;
    const Road road;
    seal_texts(road, 200);
    CHECK(plate_in_payload().count_in_memory() + raw_text().count_in_memory() > 0);
}

TEST_CASE("without the wiping allocators copies of a sealed picture are left (control)") {
    if (!may_hunt()) return;
    const Road road;
    seal_pictures(road, 200);
    CHECK(picture_content().count_in_memory() > 0);
}
