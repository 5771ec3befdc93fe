#pragma once
// InboxWriter: the uplink's end of the inbox (inbox.hpp). Thread-bound; one writer a folder.

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace portcullis {

class InboxWriter {
  public:
    /// Makes the folder's last part (0755) if it is missing, and removes what an earlier run left half
    /// written. Errors name the folder.
    [[nodiscard]] static Result<InboxWriter> create(std::filesystem::path folder);

    /// Replaces what stood under `name`: the reader sees the old file or the new one, never a part. Readable
    /// by everybody (0644): it holds no secret. Errors: invalid_argument (not is_inbox_name), exhausted (over
    /// max_inbox_bytes, or the file system is full), io, denied; then the old one still stands.
    [[nodiscard]] Result<void> put(std::string_view name, ByteView bytes);
    /// Removes the files whose names begin with `prefix`, save `keep`. What cannot be removed stays.
    void prune(std::string_view prefix, const std::set<std::string>& keep);

  private:
    explicit InboxWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;
};

}  // namespace portcullis
