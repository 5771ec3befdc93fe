#include "unit/seal/memory_hunt.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/unique_fd.hpp"
#include "base/wipe.hpp"

namespace portcullis::test {

namespace {

constexpr char mask = 0x55;
constexpr std::size_t picture_bytes = 24'000;

CaptureRecord record_without_pictures() {
    CaptureRecord record = sample_record();
    record.media.clear();  // what OpenSSL does for pictures would write over what it left behind
    record.read.characters.clear();
    for (const char letter : std::string_view("ZYXWVUTS"))
        record.read.characters.push_back({letter, 0.5F, {}});
    record.read.raw = "ZYXWVUTS";
    return record;
}

Bytes picture() {
    Bytes jpeg;
    jpeg.reserve(picture_bytes);
    while (jpeg.size() + 24 <= picture_bytes)
        for (const char letter : std::string_view("picture-of-a-car-<7QZK>."))
            jpeg.push_back(static_cast<std::byte>(letter));
    return jpeg;
}

// Not inlined: what they write lies below their callers' frames.
[[gnu::noinline]] void seal_each(const Road& road, const CaptureRecord& record, int rounds) {
    for (int i = 0; i < rounds; ++i)
        static_cast<void>(road.seal(record, first_head()));
}

[[gnu::noinline]] void seal_texts_here(const Road& road, int rounds) {
    const CaptureRecord record = record_without_pictures();
    seal_each(road, record, rounds);
}

[[gnu::noinline]] void seal_pictures_here(const Road& road, int rounds) {
    CaptureRecord record = record_without_pictures();
    record.media.push_back({MediaRole::plate, picture()});
    record.media.push_back({MediaRole::overview, picture()});
    seal_each(road, record, rounds);
}

[[gnu::noinline]] void open_texts_here(const Road& road, int rounds) {
    const CaptureRecord record = record_without_pictures();
    const SealedRecord sealed = road.seal(record, first_head());
    for (int i = 0; i < rounds; ++i)
        if (!road.opener->open_read(sealed.items.front().blob, now).verdict.good())
            throw std::runtime_error("the sealed read does not open");
}

}  // namespace

Needle::Needle(std::string_view text) {
    for (const char letter : text)
        hidden_ += static_cast<char>(letter ^ mask);
}

std::size_t Needle::count_in(const std::string& memory) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i + hidden_.size() <= memory.size(); ++i) {
        std::size_t same = 0;
        while (same < hidden_.size() && static_cast<char>(memory[i + same] ^ mask) == hidden_[same])
            ++same;
        found += same == hidden_.size() ? 1 : 0;
    }
    return found;
}

std::size_t Needle::count_in_memory() const {
    const UniqueFd self(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
    if (!self) throw std::runtime_error("/proc/self/mem cannot be read");
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
    std::string memory;
    for (const auto& [begin, length] : ranges) {
        memory.resize(length);
        const ssize_t got = ::pread(self.get(), memory.data(), length, begin);
        if (got > 0) memory.resize(static_cast<std::size_t>(got));
        found += got > 0 ? count_in(memory) : 0;
        OPENSSL_cleanse(memory.data(), memory.size());
    }
    return found;
}

Needle plate_in_payload() {
    return Needle(R"("plate":"ZYXWVUTS")");
}
Needle raw_text() {
    return Needle("ZYXWVUTS");
}
Needle characters_in_payload() {
    return Needle(R"(["Z",0.500,[]],["Y",0.500)");
}
Needle picture_content() {
    return Needle("picture-of-a-car-<7QZK>.");
}

int seal_rounds() {
    const char* const wanted = std::getenv("PORTCULLIS_ROUNDS");
    const int rounds = wanted == nullptr ? 0 : std::atoi(wanted);
    return rounds > 0 ? rounds : 200;
}

void seal_texts(const Road& road, int rounds) {
    seal_texts_here(road, rounds);
    wipe_unused_stack();
}

void seal_pictures(const Road& road, int rounds) {
    seal_pictures_here(road, rounds);
    wipe_unused_stack();
}

void open_texts(const Road& road, int rounds) {
    open_texts_here(road, rounds);
    wipe_unused_stack();
}

}  // namespace portcullis::test
