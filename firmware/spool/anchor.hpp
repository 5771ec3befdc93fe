#pragma once
// The anchor: the reader's own note, apart from the spool's file, of how far its chain went. A spool's file
// that was taken from the device and put back later is behind it. Written at each checkpoint, not with each
// record: it says "at least so far". Thread-bound. For the sources of this room only, and its tests.
//
// One small text file in a folder that the reader makes for itself (0700), replaced as a whole, fsync before
// and after. The file is 0600.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/chain.hpp"
#include "core/statement.hpp"

namespace portcullis {

struct Anchor {
    std::string device;
    std::uint64_t boots = 0;  // openings by the reader
    ChainHead head;           // at least so far the chain goes
    /// How this chain began, and whether a life statement has said so; of a chain that goes on: start.
    LifeReason reason = LifeReason::made;
    bool told = false;
    ChainId previous;
    Seq previous_last = 0;
    Digest previous_link{};
    /// Why another chain is about to begin: what a power cut leaves half done is then told right.
    std::optional<LifeReason> about_to;
    std::uint64_t records_lost = 0;
    std::uint64_t frames_dropped = 0;
};

inline constexpr std::size_t max_anchor_bytes = 2048;

[[nodiscard]] std::string encode_anchor(const Anchor& anchor);
/// Errors: unsupported (a newer version), corrupt (any other text, or one that its digest does not fit).
[[nodiscard]] Result<Anchor> parse_anchor(std::string_view text);

/// Replaces a file so that a power cut leaves the old or the new one. Tests put a failing disk in its place.
using AnchorWriter = std::function<Result<void>(const std::filesystem::path&, ByteView)>;
[[nodiscard]] Result<void> write_anchor_file(const std::filesystem::path& path, ByteView bytes);

/// The anchor in its file.
class AnchorFile {
  public:
    /// An empty path: no anchor is kept, and nothing fails.
    AnchorFile(std::filesystem::path path, AnchorWriter writer);

    /// Nothing when there is none. One that makes no sense or cannot be read is set aside as <name>.broken
    /// and told; so is one of another device. Errors: unsupported (a newer program's), denied (not ours to
    /// read).
    [[nodiscard]] Result<std::optional<Anchor>> load(const std::string& device);
    /// A failure is told once, and again when it works; the file then says an older "at least so far".
    void save(const Anchor& anchor);
    [[nodiscard]] bool kept() const { return !path_.empty(); }

  private:
    [[nodiscard]] Result<std::optional<Anchor>> set_aside(std::string_view why);

    std::filesystem::path path_;
    AnchorWriter writer_;
    bool failing_ = false;
};

}  // namespace portcullis
