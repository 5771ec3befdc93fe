#include "core/verdict.hpp"

#include <array>

namespace portcullis {

namespace {

constexpr std::array<std::string_view, 8> authenticities{"authentic", "unopened",    "damaged",   "forged",
                                                         "misplaced", "conflicting", "duplicate", "missing"};
constexpr std::array<std::string_view, 7> trusts{"trusted", "stranger",  "expired", "revoked",
                                                 "unfit",   "unchecked", "lapsed"};
constexpr std::array<std::string_view, 4> doubts{"none", "unset", "before_receipt", "after_receipt"};

template <class T, std::size_t size>
std::optional<T> find(const std::array<std::string_view, size>& names, std::string_view text) {
    for (std::size_t i = 0; i < size; ++i)
        if (names[i] == text) return static_cast<T>(i);
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Authenticity authenticity) {
    return authenticities[static_cast<std::size_t>(authenticity)];
}
std::string_view to_string(KeyTrust trust) {
    return trusts[static_cast<std::size_t>(trust)];
}
std::string_view to_string(ClockDoubt doubt) {
    return doubts[static_cast<std::size_t>(doubt)];
}
std::optional<Authenticity> authenticity_from_string(std::string_view text) {
    return find<Authenticity>(authenticities, text);
}
std::optional<KeyTrust> key_trust_from_string(std::string_view text) {
    return find<KeyTrust>(trusts, text);
}
bool is_believed(KeyTrust trust) {
    return trust == KeyTrust::trusted || trust == KeyTrust::expired;
}
std::optional<ClockDoubt> clock_doubt_from_string(std::string_view text) {
    return find<ClockDoubt>(doubts, text);
}

}  // namespace portcullis
