#pragma once
// What the spool's tests share.

#include <doctest/doctest.h>

#include <fstream>
#include <vector>

#include "record/statement_codec.hpp"
#include "spool/spool.hpp"
#include "support/fake_clock.hpp"
#include "support/sealed_chain.hpp"
#include "support/temp_dir.hpp"

namespace portcullis::test {

/// Stands for the signature; remembers what it was asked to sign.
struct Signer {
    std::vector<Tombstone> signed_ones;
    TombstoneMaker maker() {
        return {[this](const Tombstone& tombstone) {
                    signed_ones.push_back(tombstone);
                    return written(tombstone);
                },
                &known_again};
    }
    /// Its text is all the proof that this signer asks for.
    static Result<Bytes> written(const Tombstone& tombstone) {
        return to_bytes(TRY(encode_tombstone(tombstone)));
    }
    static Result<Tombstone> known_again(ByteView blob) { return parse_tombstone(as_text(blob)); }
};

inline TombstoneMaker any_maker() {
    return {&Signer::written, &Signer::known_again};
}

inline SpoolSettings settings_in(const TempDir& dir) {
    return {.path = dir.path() / "spool.db", .device = "gate-1"};
}

/// Spares the disk the anchor's fsyncs, in tests that write it thousands of times and cut no power.
inline Result<void> write_anchor_unsynced(const std::filesystem::path& path, ByteView bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << as_text(bytes);
    return {};
}

inline Spool open_spool(const SpoolSettings& settings) {
    auto spool = Spool::open(settings, any_maker());
    if (!spool) FAIL(spool.error().message());
    return std::move(*spool);
}

inline std::vector<SpooledItem> all_of(Spool& spool) {
    auto items = spool.peek(0, 1'000'000, std::size_t{1} << 30);
    REQUIRE(items);
    return std::move(*items);
}

}  // namespace portcullis::test
