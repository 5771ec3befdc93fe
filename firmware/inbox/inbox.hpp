#pragma once
// Inbox: the folder through which the uplink hands the reader what came from the network: one small file a
// name, replaced whole. The uplink may write the folder, so nothing in it is believed for standing there: who
// takes bytes out verifies a signature. Full, hostile or missing, it never blocks and never fails the reader.
//
// Nothing here is durable: who sent it sends it again. Thread-bound.

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace portcullis {

/// A larger file is refused. Room for a set of 64 recipients with their certificates.
inline constexpr std::size_t max_inbox_bytes = std::size_t{256} * 1024;
/// Under this name the uplink leaves the fleet's recipient set.
inline constexpr std::string_view recipients_name = "recipients";
/// And under this one what of its hotlist a device may know.
inline constexpr std::string_view wanted_name = "wanted";
/// 1 to 64 of a-z, 0-9 and '-': no path, no hidden file, no temporary.
[[nodiscard]] bool is_inbox_name(std::string_view name);

class Inbox {
  public:
    /// The folder need not be there yet.
    explicit Inbox(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// What stands under `name`, if it was written since the last call that gave it; nothing otherwise, also
    /// when it is missing, no regular file, unreadable, or larger than limit_bytes (told in the log, once
    /// until a good one comes). Reads only what it is asked for: one lstat when nothing is new. Asserts
    /// is_inbox_name.
    [[nodiscard]] std::optional<Bytes> poll(std::string_view name, std::size_t limit_bytes = max_inbox_bytes);
    /// The next poll gives `name` again, as if it were new.
    void again(std::string_view name);

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  private:
    /// Which file it was and when it was last touched; a rename over it, a write or a chmod changes it.
    struct Stamp {
        dev_t device = 0;
        ino_t file = 0;
        off_t bytes = 0;
        timespec written{};
        timespec changed{};
        [[nodiscard]] bool operator==(const Stamp& other) const;
    };
    [[nodiscard]] static Stamp stamp_of(const struct stat& info);
    [[nodiscard]] Result<Bytes> take(const std::filesystem::path& file, const Stamp& stamp,
                                     std::size_t limit_bytes) const;

    std::filesystem::path folder_;
    std::map<std::string, Stamp, std::less<>> seen_;
    std::set<std::string> refused_;
};

}  // namespace portcullis
