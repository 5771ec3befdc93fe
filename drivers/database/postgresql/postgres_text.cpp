#include "drivers/database/postgresql/postgres_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace portcullis {

namespace {

struct Sequence {
    unsigned char lead_mask;
    unsigned char lead;
    std::size_t bytes;
    std::uint32_t least;  // a smaller one has a shorter form, and so is none
};

constexpr std::array<Sequence, 3> sequences{Sequence{0xe0, 0xc0, 2, 0x80}, Sequence{0xf0, 0xe0, 3, 0x800},
                                            Sequence{0xf8, 0xf0, 4, 0x10000}};
constexpr std::uint32_t highest = 0x10ffff;
constexpr std::uint32_t first_surrogate = 0xd800;
constexpr std::uint32_t last_surrogate = 0xdfff;

bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

bool is_scalar(std::uint32_t value, std::uint32_t least) {
    return value >= least && value <= highest && (value < first_surrogate || value > last_surrogate);
}

/// The bytes of the good character that the text begins with; 0: there is none.
std::size_t good_bytes(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    for (const Sequence& sequence : sequences) {
        if ((lead & sequence.lead_mask) != sequence.lead) continue;
        if (text.size() < sequence.bytes) return 0;
        std::uint32_t value = lead & static_cast<unsigned char>(~sequence.lead_mask);
        for (const char next : text.substr(1, sequence.bytes - 1)) {
            if (!continues(next)) return 0;
            value = (value << 6U) | (static_cast<unsigned char>(next) & 0x3fU);
        }
        return is_scalar(value, sequence.least) ? sequence.bytes : 0;
    }
    return 0;
}

}  // namespace

std::string with_numbered_places(std::string_view sql) {
    std::string numbered;
    int place = 0;
    bool quoted = false;
    for (const char c : sql) {
        if (c == '\'') quoted = !quoted;
        if (c == '?' && !quoted)
            numbered += '$' + std::to_string(++place);
        else
            numbered += c;
    }
    return numbered;
}

std::string as_database_text(std::string_view text) {
    std::string good;
    good.reserve(text.size());
    while (!text.empty()) {
        const std::size_t bytes = good_bytes(text);
        if (bytes == 0)
            good += '?';
        else
            good += text.substr(0, bytes);
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return good;
}

}  // namespace portcullis
