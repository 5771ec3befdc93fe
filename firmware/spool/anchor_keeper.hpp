#pragma once
// AnchorKeeper: compares the spool's file with the anchor at each opening, and lets the anchor follow. What a
// life statement has to say comes from here. Thread-bound. For the sources of this room only.

#include "core/sealed_item.hpp"
#include "spool/anchor.hpp"
#include "spool/spool_file.hpp"

namespace portcullis {

/// So many items behind the anchor at most, when no checkpoint comes.
inline constexpr Seq max_items_unanchored = 256;

enum class Opening { start, anew };

class AnchorKeeper {
  public:
    /// Errors: AnchorFile::load's.
    [[nodiscard]] static Result<AnchorKeeper> create(AnchorFile file, std::string device);

    /// The file that is to be used: the opened one, or a new one when that is older than the anchor or
    /// another (it is then set aside as <name>.rolled-back-<n>, told in the error log). Then the anchor says
    /// where it stands. Errors: those of making a new file.
    [[nodiscard]] Result<SpoolFile> meet(SpoolFile file, const std::filesystem::path& path,
                                         milliseconds patience, Opening opening);
    /// To be called before a file is set aside.
    void about_to(LifeReason reason);
    /// After each append: durable up to head. With a statement among its items the anchor is written.
    void follow(const ChainHead& head, const SealedRecord& record);
    /// Sums of this run, beside those of earlier ones.
    void count_losses(std::uint64_t records_lost, std::uint64_t frames_dropped);
    void save();

    /// What a life statement has to say of how the chain stands; nothing when it was said.
    [[nodiscard]] std::optional<LifeStatement> untold() const;
    /// Without an anchor nothing.
    [[nodiscard]] std::optional<LifeStatement> report() const;

  private:
    AnchorKeeper(AnchorFile file, std::string device) : file_(std::move(file)), device_(std::move(device)) {}
    [[nodiscard]] LifeStatement statement(LifeReason reason) const;
    [[nodiscard]] Anchor after(Opening opening) const;
    void follow_other_chain(Anchor& next, LifeReason reason) const;

    AnchorFile file_;
    std::string device_;
    std::optional<Anchor> known_;  // as in the file, with the head as it stands now
    Seq saved_next_seq_ = 1;
    std::uint64_t lost_before_ = 0;  // this run
    std::uint64_t dropped_before_ = 0;
};

}  // namespace portcullis
