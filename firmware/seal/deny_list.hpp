#pragma once
// DenyList: who is not believed any more, from a text file: one entry a line, '#' begins a comment. An entry
// is a key id (40 hex digits: that key) or a name (that device or service, whatever key it signs with).
// Immutable, thread-safe.

#include <filesystem>
#include <string>
#include <unordered_set>

#include "base/result.hpp"

namespace portcullis {

inline constexpr std::size_t max_deny_list_bytes = std::size_t{1024} * 1024;

class DenyList {
  public:
    /// Denies nobody.
    DenyList() = default;
    /// Errors: configuration (unreadable, too long, or a line that is neither: with its number).
    [[nodiscard]] static Result<DenyList> load(const std::filesystem::path& path);

    [[nodiscard]] bool has_key(const std::string& key_id) const { return keys_.contains(key_id); }
    [[nodiscard]] bool has_name(const std::string& name) const { return names_.contains(name); }
    [[nodiscard]] std::size_t size() const { return keys_.size() + names_.size(); }

  private:
    std::unordered_set<std::string> keys_;
    std::unordered_set<std::string> names_;
};

}  // namespace portcullis
