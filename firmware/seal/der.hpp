#pragma once
// DerCursor walks DER without owning or copying it: definite, minimal lengths only, nothing read beyond the
// end. Internal to this room. Values, reentrant.

#include <optional>
#include <string_view>

#include "base/bytes.hpp"

namespace portcullis {

class DerCursor {
  public:
    explicit DerCursor(ByteView bytes) : rest_(bytes) {}

    /// The content of the next element, when it has this tag.
    [[nodiscard]] std::optional<DerCursor> enter(unsigned tag);
    /// Steps over exactly these bytes.
    [[nodiscard]] bool literal(std::string_view bytes);
    /// Steps over `count` bytes of any value.
    [[nodiscard]] std::optional<ByteView> take(std::size_t count);

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] ByteView rest() const { return rest_; }
    [[nodiscard]] bool next_is(unsigned tag) const;

  private:
    ByteView rest_;
};

}  // namespace portcullis
