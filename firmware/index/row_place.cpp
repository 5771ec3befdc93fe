#include "index/row_place.hpp"

namespace portcullis {

std::int64_t minute_of(UtcTime time) {
    constexpr std::int64_t us_a_minute = 60'000'000;
    return time.time_since_epoch().count() / us_a_minute;
}

Bytes bound_to(const RowPlace& place, ByteView salt) {
    Bytes bound(salt.begin(), salt.end());
    const auto add = [&bound](ByteView bytes) { bound.insert(bound.end(), bytes.begin(), bytes.end()); };
    add(place.exact);
    add(place.folded);
    add(place.chain.bytes);
    append_u64(bound, place.seq);
    append_u64(bound, static_cast<std::uint64_t>(place.minute));
    add(as_bytes(place.device));
    return bound;
}

}  // namespace portcullis
