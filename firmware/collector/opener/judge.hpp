#pragma once
// Judge: opens one item, gives its verdict, and what an operator may see of it. The only code of the
// collector through which plaintext passes; all of it stays in memory. Thread-bound.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <tuple>

#include "collector/link/open_exchange.hpp"
#include "collector/link/view_exchange.hpp"
#include "index/index_cell.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// Reads whose pictures have not all come yet; the oldest is forgotten (its pictures then "wait", and ingest
/// shows the read again).
inline constexpr std::size_t max_pending_reads = 4096;

struct Judgement {
    OpenReply reply;
    std::optional<View> view;  // of every read, and of anything else that is not authentic
    std::string reason;        // why it is not authentic; for the log, never holds content
    /// Of a read that may be shown: what the index has of it, and the id of the key of ours that opened it.
    std::optional<IndexedPassage> passage{};
    std::string recipient{};
};

class Judge {
  public:
    explicit Judge(EnvelopeOpener opener) : opener_(std::move(opener)) {}

    [[nodiscard]] Judgement judge(const OpenRequest& request);

    /// New keys and trust (SIGHUP); what is pending stays.
    void replace(EnvelopeOpener opener) { opener_ = std::move(opener); }
    /// These keys are destroyed (EnvelopeOpener::forget).
    std::size_t forget(std::span<const std::string> ids) { return opener_.forget(ids); }
    [[nodiscard]] Digest keys() const { return opener_.fingerprint(); }
    [[nodiscard]] const EnvelopeOpener& opener() const { return opener_; }
    /// Honours a replaced deny list or revocation list (TrustStore::refresh).
    [[nodiscard]] Result<bool> refresh_trust() { return opener_.refresh_trust(); }
    [[nodiscard]] std::size_t pending_reads() const { return order_.size(); }

  private:
    /// (device, chain, seq of the picture)
    using Place = std::tuple<std::string, std::array<std::byte, 8>, Seq>;
    struct PendingRead {
        ReadPayload read;  // its place and its pictures' digests only: not a letter of the plate
        KeyTrust trust = KeyTrust::unchecked;
    };
    using Pending = std::shared_ptr<const PendingRead>;

    [[nodiscard]] Judgement judge_read(const OpenRequest& request);
    [[nodiscard]] Judgement judge_health(const OpenRequest& request);
    /// What read and health record have in common: place, links, receipt, clock, claim. False: that is all
    /// there is to say.
    template <class Payload>
    [[nodiscard]] bool weigh(const OpenRequest& request, const Opened<Payload>& opened, Judgement& judgement);
    [[nodiscard]] Judgement judge_media(const OpenRequest& request);
    void remember(const ReadPayload& read, KeyTrust trust);
    /// A claim is held against the item that was shown just before, again: an envelope can be changed without
    /// touching what is signed in it, and that is no second signature.
    void hold_against_occupant(const OpenRequest& request, const Digest& text, OpenReply& reply) const;
    void forget_oldest();

    EnvelopeOpener opener_;
    std::map<Place, Pending> pending_;
    std::deque<Pending> order_;
    std::optional<std::pair<Place, Digest>> shown_again_;
};

}  // namespace portcullis
