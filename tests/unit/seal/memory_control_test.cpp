// The control to memory_test.cpp: the same work with the allocators as they come leaves copies. Should these
// cases ever fail, the hunt has become blind, or the wiping needless.
#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "unit/seal/memory_hunt.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool may_hunt() {
    if (!own_memory) MESSAGE("SKIPPED: the hunt in memory needs a build without sanitizers");
    return own_memory;
}

/// Frees many blocks with the text in each: the hunt itself takes some of them again. Written backwards, so
/// that the program itself does not hold it.
void free_texts() {
    const std::string_view backwards = "STUVWXYZ";
    std::vector<std::vector<char>> blocks(64);
    for (std::vector<char>& block : blocks) {
        block.resize(1000);
        std::copy(backwards.rbegin(), backwards.rend(), block.begin() + 500);
        asm volatile("" : : "r"(block.data()) : "memory");
    }
}

}  // namespace

TEST_CASE("without the wiping allocators texts that were freed are found (control)") {
    if (!may_hunt()) return;
    free_texts();
    CHECK(raw_text().count_in_memory() > 0);
}

TEST_CASE("without the wiping allocators copies of a sealed picture are left (control)") {
    if (!may_hunt()) return;
    const Road road;
    seal_pictures(road, 200);
    CHECK(picture_content().count_in_memory() > 0);
}
