#include "record/size_bucket.hpp"

#include <algorithm>

namespace portcullis {

std::size_t bucket_bytes(MediaRole role, std::size_t jpeg_bytes) {
    std::size_t bucket = role == MediaRole::plate ? min_plate_bucket_bytes : min_overview_bucket_bytes;
    while (bucket < jpeg_bytes && bucket < max_picture_bytes)
        bucket *= 2;
    return std::min(bucket, max_picture_bytes);
}

}  // namespace portcullis
