#pragma once
// Lengths to which pictures are padded with zero bytes before they are sealed and digested. A sealed length
// is seen by the broker and by whoever steals a spool; a readable plate makes a larger JPEG than one that
// nobody can read. Chosen on 700 records of street pictures (README.md of the seal room: what each choice
// tells, in bits, and costs, in bytes). Pure functions, reentrant.

#include "core/capture_record.hpp"
#include "core/sealed_item.hpp"

namespace portcullis {

/// Of a JPEG, and of the last bucket: leaves room in a blob for 16 recipients and the frame around them.
inline constexpr std::size_t max_picture_bytes = max_blob_bytes - std::size_t{8} * 1024;
/// The first buckets. Each further one is twice as long, the last has max_picture_bytes.
inline constexpr std::size_t min_plate_bucket_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t min_overview_bucket_bytes = std::size_t{32} * 1024;

/// The smallest bucket that holds so many bytes; max_picture_bytes for more than fit in any.
[[nodiscard]] std::size_t bucket_bytes(MediaRole role, std::size_t jpeg_bytes);

}  // namespace portcullis
