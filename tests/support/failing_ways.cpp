#include "support/failing_ways.hpp"

#include <execinfo.h>
#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <unordered_set>

#include "support/fault_vfs.hpp"
#include "support/rounds.hpp"

namespace portcullis::test {

namespace {

constexpr int deepest = 96;
using Stack = std::array<void*, deepest>;

std::unordered_set<std::uint64_t> known;  // of this process
std::uint64_t failures = 0;

/// FNV-1a over the return addresses.
std::uint64_t way_of(const Stack& stack, int frames) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (int i = 0; i < frames; ++i)
        hash = (hash ^ reinterpret_cast<std::uintptr_t>(stack[static_cast<std::size_t>(i)])) * 0x100000001b3;
    return hash;
}

}  // namespace

std::unique_ptr<FailingWays> FailingWays::if_wanted() {
    const bool wanted = std::getenv("PORTCULLIS_FAILING_WAYS") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    return wanted ? std::make_unique<FailingWays>() : nullptr;
}

FailingWays::FailingWays() {
    ask_before_sqlite([this] { return ask(); });
}

FailingWays::~FailingWays() {
    ask_before_sqlite({});
}

std::uint64_t FailingWays::failed() {
    return failures;
}

void FailingWays::begin() {
    if (rounds_or(1) >= 10) known.clear();
}

FailingWays::Armed::Armed(FailingWays& ways) : ways_(ways), depth_(ways.depth_), armed_(ways.armed_) {
    Stack stack;
    ways.depth_ = ::backtrace(stack.data(), deepest) - 1;  // without this one
    ways.armed_ = true;
    ways.struck_ = ways.lasts_ = false;
}

FailingWays::Armed::~Armed() {
    ways_.depth_ = depth_;
    ways_.armed_ = armed_;
}

int FailingWays::ask() {
    if (!armed_) return SQLITE_OK;
    if (struck_) return lasts_ ? SQLITE_NOMEM : SQLITE_OK;
    Stack stack;
    const int frames = ::backtrace(stack.data(), deepest);
    if (!known.insert(way_of(stack, frames - depth_)).second) return SQLITE_OK;
    struck_ = true;
    lasts_ = ++failures % 2 == 0;
    return SQLITE_NOMEM;
}

}  // namespace portcullis::test
