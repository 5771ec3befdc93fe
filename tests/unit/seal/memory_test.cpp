// After many seals no copy of the plate may stand in this process's memory, save those that the test itself
// holds.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/unique_fd.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr int seals = 200;
/// The needle is kept xored, so that looking for it does not find the looking.
constexpr char mask = 0x55;

/// A sanitizer has an allocator and terabytes of shadow memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool own_memory = false;
#else
constexpr bool own_memory = true;
#endif

std::string masked(std::string_view text) {
    std::string hidden;
    for (const char letter : text)
        hidden += static_cast<char>(letter ^ mask);
    return hidden;
}

std::size_t count_in(const std::vector<char>& memory, const std::string& hidden) {
    std::size_t found = 0;
    for (std::size_t i = 0; i + hidden.size() <= memory.size(); ++i) {
        std::size_t same = 0;
        while (same < hidden.size() && static_cast<char>(memory[i + same] ^ mask) == hidden[same])
            ++same;
        found += same == hidden.size() ? 1 : 0;
    }
    return found;
}

/// How often the needle stands in the heap and the stack of this process.
std::size_t count_in_memory(const std::string& hidden) {
    const UniqueFd self(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    REQUIRE(self);
    std::ifstream maps("/proc/self/maps");
    std::vector<std::pair<off_t, std::size_t>> ranges;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("rw-p") == std::string::npos) continue;
        const std::size_t dash = line.find('-');
        const auto begin = std::stoull(line.substr(0, dash), nullptr, 16);
        const auto end = std::stoull(line.substr(dash + 1), nullptr, 16);
        ranges.emplace_back(static_cast<off_t>(begin), static_cast<std::size_t>(end - begin));
    }
    std::size_t found = 0;
    std::vector<char> page;
    for (const auto& [begin, length] : ranges) {
        page.resize(length);
        const ssize_t got = ::pread(self.get(), page.data(), length, begin);
        if (got > 0) page.resize(static_cast<std::size_t>(got));
        found += got > 0 ? count_in(page, hidden) : 0;
        OPENSSL_cleanse(page.data(), page.size());
    }
    return found;
}

void seal_many(const Road& road) {
    CaptureRecord record = sample_record();
    record.read.characters.clear();
    record.media.clear();  // what OpenSSL does for pictures would write over what it left behind
    for (const char letter : std::string_view("ZYXWVUTS"))
        record.read.characters.push_back({letter, 0.5F, {}});
    record.read.raw = "ZYXWVUTS";
    const Cleanse cleanse_raw(record.read.raw);
    for (int i = 0; i < seals; ++i)
        static_cast<void>(road.seal(record, first_head()));
}

}  // namespace

TEST_CASE("no copy of a sealed payload is left in memory after 200 seals") {
    if (!own_memory) {
        MESSAGE("SKIPPED: the hunt in memory needs a build without sanitizers");
        return;
    }
    REQUIRE(install_zeroing_allocator());
    // Two places of the payload, as they stand in its text, and the raw text wherever it stands.
    const std::string plate = masked(R"("plate":"ZYXWVUTS")");
    const std::string raw = masked("ZYXWVUTS");
    const std::string characters = masked(R"(["Z",0.500,[]],["Y",0.500)");
    const Road road;
    seal_many(road);
    CHECK(count_in_memory(plate) == 0);
    CHECK(count_in_memory(raw) == 0);
    CHECK(count_in_memory(characters) == 0);
    const std::string control = masked(plate);  // masked twice: the plain needle
    CHECK(count_in_memory(plate) > 0);          // the hunt itself works
    CHECK(control.starts_with("\"plate\""));
}
