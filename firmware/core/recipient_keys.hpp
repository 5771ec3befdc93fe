#pragma once
// How many keys one opener holds: what its settings may name and what EnvelopeOpener takes.

#include <cstddef>

namespace portcullis {

/// A key a day for each of three audiences, two months and some to spare.
inline constexpr std::size_t max_recipient_keys = 256;

}  // namespace portcullis
