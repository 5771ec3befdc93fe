#pragma once
// Where `portcullis open` takes its blob from: a file, or an item of a collector's store. Thread-bound.

#include <filesystem>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/ids.hpp"
#include "core/sealed_item.hpp"

namespace portcullis {

/// One blob, and what its place says of it.
struct FoundBlob {
    Bytes blob;
    std::optional<Bytes> read_blob;  // of a picture: the read that names it
    Seq seq = 0;                     // 0: unknown
    std::optional<Digest> previous;  // link of the item before
    UtcTime received{};              // when the signing key is judged
};

struct StorePlace {
    std::filesystem::path store;  // as look_at_store takes it
    std::string device;
    ChainId chain;
    Seq seq = 0;
};

/// `read_file` may be empty. Errors: not_found, io, exhausted; each names the file.
[[nodiscard]] Result<FoundBlob> find_in_files(const std::filesystem::path& blob_file,
                                              const std::filesystem::path& read_file, UtcTime now);
/// Reads the store and changes nothing in it. Errors: not_found (no such chain or seq), and those of
/// look_at_store.
[[nodiscard]] Result<FoundBlob> find_in_store(const StorePlace& place);

}  // namespace portcullis
