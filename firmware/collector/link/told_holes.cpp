#include "collector/link/told_holes.hpp"

#include "collector/link/open_exchange.hpp"

namespace portcullis {

nlohmann::json json_of(const std::vector<ToldHole>& holes) {
    nlohmann::json json = nlohmann::json::array();
    for (const ToldHole& hole : holes)
        json.push_back({hole.first.time_since_epoch().count(), hole.last.time_since_epoch().count()});
    return json;
}

std::vector<ToldHole> holes_field(StrictJson& json, const char* key) {
    std::vector<ToldHole> holes;
    for (const nlohmann::json& entry : json.list(key, max_told_holes)) {
        const bool good = entry.is_array() && entry.size() == 2 && entry[0].is_number_unsigned() &&
                          entry[1].is_number_unsigned() && entry[0] <= entry[1] &&
                          entry[1].get<std::uint64_t>() <= max_seq;
        json.check(good, key, "holds an entry that is not [first, last]");
        if (good)
            holes.push_back({UtcTime(microseconds(entry[0].get<std::int64_t>())),
                             UtcTime(microseconds(entry[1].get<std::int64_t>()))});
    }
    return holes;
}

}  // namespace portcullis
