#pragma once
// Hotlists and hits for tests.

#include "core/hotlist.hpp"

namespace portcullis::test {

inline HotlistEntry wanted(std::string plate, UtcTime issued, std::string case_number = "2026-117") {
    HotlistEntry entry;
    entry.plate = std::move(plate);
    entry.jurisdiction = "gb";
    entry.purpose = "stolen-vehicle";
    entry.case_number = std::move(case_number);
    entry.why = "stolen 20 Nov; call the desk first";
    entry.by = "alice";
    entry.until = std::chrono::floor<std::chrono::days>(issued) + std::chrono::days(30);
    return entry;
}

/// Three plates of three cases, of the policies' fleet.
inline Hotlist sample_hotlist(UtcTime issued, std::uint64_t version = 7) {
    Hotlist list{"test-fleet", version, issued, {}};
    list.entries = {wanted("A8I2CDE", issued), wanted("LA77TER", issued, "2026-201"),
                    wanted("ZZ11ZZZ", issued, "2026-300")};
    list.entries[1].jurisdiction.clear();
    list.entries[1].sites = {"bridge", "tunnel"};
    return list;
}

inline HotlistHit sample_hit(UtcTime captured) {
    HotlistHit hit;
    hit.device = "gate-1";
    hit.chain.bytes.fill(std::byte{7});
    hit.seq = 42;
    hit.captured = captured;
    hit.lane = "lane-1";
    hit.direction = Direction::receding;
    hit.text = "AB12CDE";
    hit.confidence = 0.9F;
    hit.jurisdiction = "gb";
    hit.jurisdiction_confidence = 0.75F;
    hit.distance = 2;
    hit.pictures = {{MediaRole::plate, 43}, {MediaRole::overview, 44}};
    hit.version = 7;
    hit.entry = wanted("A8I2CDE", captured);
    hit.entry.until = {};
    return hit;
}

}  // namespace portcullis::test
