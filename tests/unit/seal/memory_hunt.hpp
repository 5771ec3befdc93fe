#pragma once
// The hunt for plaintext in this process's own memory, and the work that must leave none. Shared by the test
// and by its control, which runs the same work with the C library's and OpenSSL's own allocators.

#include <cstddef>
#include <string>
#include <string_view>

#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// A sanitizer has an allocator and terabytes of shadow memory of its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool own_memory = false;
#else
inline constexpr bool own_memory = true;
#endif

/// A text that is looked for. It is kept xored, so that looking for it does not find the looking.
class Needle {
  public:
    explicit Needle(std::string_view text);
    /// How often it stands in the heap and the stacks of this process.
    [[nodiscard]] std::size_t count_in_memory() const;

  private:
    [[nodiscard]] std::size_t count_in(const std::string& memory) const;
    std::string hidden_;
};

/// What stands in the texts and the pictures that are sealed.
[[nodiscard]] Needle plate_in_payload();
[[nodiscard]] Needle raw_text();
[[nodiscard]] Needle characters_in_payload();
[[nodiscard]] Needle picture_content();

/// PORTCULLIS_ROUNDS, else 200.
[[nodiscard]] int seal_rounds();

/// Each ends with the stack wiped, as the stages that do this work wipe it.
void seal_texts(const Road& road, int rounds);
void seal_pictures(const Road& road, int rounds);
void open_texts(const Road& road, int rounds);

}  // namespace portcullis::test
