#pragma once
// HotlistDesk: holds each read that may be shown against the hotlist, keeps the hits, and shows them to those
// who may see them. A hit is a candidate until a person says what it is; what he says stands in the audit log
// before it counts. The list is in memory alone, its file is sealed to the opener's own recipients. An opener
// whose list is refused goes on without one, or with the one before, and says so. Thread-bound.

#include <map>
#include <tuple>

#include "collector/link/hotlist_exchange.hpp"
#include "collector/opener/access_desk.hpp"
#include "collector/opener/judge.hpp"
#include "hotlist/hit_book.hpp"
#include "hotlist/hotlist_gate.hpp"
#include "hotlist/hotlist_matcher.hpp"

namespace portcullis {

struct HotlistFiles {
    std::filesystem::path list;  // sealed
    HotlistRules rules;
    std::filesystem::path hits;
};

struct HotlistCounters {
    std::uint64_t hits = 0;      // found since the start
    std::uint64_t unbooked = 0;  // of these, that the disk did not take
    std::uint64_t damaged = 0;   // kept ones that their key does not open any more: somebody changed them
    std::uint64_t sealed = 0;    // kept ones whose key is not held
};

class HotlistDesk {
  public:
    /// Nothing is wanted yet: reload(). Errors: configuration (who signs), the database room's (hits).
    [[nodiscard]] static Result<HotlistDesk> create(HotlistFiles files);

    /// With other keys: hits that are kept are read anew, those of keys that are gone are forgotten. Errors:
    /// the database room's.
    [[nodiscard]] Result<void> use_keys(const EnvelopeOpener& opener);
    /// Takes the list's file into force; an entry in the log says so, or that it was refused. Nothing changes
    /// when it is the list in force. Errors: io, refused (then the one before stays), the log's.
    [[nodiscard]] Result<void> reload(const EnvelopeOpener& opener, AccessDesk& desk);

    /// A read that may be shown, as it arrives. policy: what its sites are.
    void match(const Judgement& judgement, const EnvelopeOpener& opener, const AccessPolicy& policy);

    /// Errors: refused (the words are for him), others (nothing could be entered, and nothing is told).
    [[nodiscard]] Result<HotlistAnswer> answer(const HotlistRequest& request, const Admission& admission,
                                               AccessDesk& desk, UtcTime now);

    [[nodiscard]] const HotlistCounters& counters() const { return counters_; }

  private:
    struct Known {
        HotlistHit hit;
        HitRuling ruling;
        std::int64_t row = 0;  // 0: the book did not take it
        std::string key_id;
    };
    /// Device, chain, seq, case.
    using Name = std::tuple<std::string, std::array<std::byte, 8>, Seq, std::string>;
    HotlistDesk(HotlistFiles files, HotlistGate gate, HitBook book)
        : files_(std::move(files)), gate_(std::move(gate)), book_(std::move(book)) {}
    [[nodiscard]] static Name name_of(const HotlistHit& hit);
    void keep(Known known);
    void take_in(const BookedHit& booked, const EnvelopeOpener& opener);
    [[nodiscard]] Result<std::int64_t> book(const HotlistHit& hit, const std::string& key_id,
                                            const EnvelopeOpener& opener);
    [[nodiscard]] Result<KnownHotlist> read_list(const EnvelopeOpener& opener, AccessDesk& desk) const;
    [[nodiscard]] HotlistAnswer frame(UtcTime now) const;
    [[nodiscard]] Result<HotlistAnswer> show(const HotlistRequest& request, const Admission& admission,
                                             AccessDesk& desk, UtcTime now);
    [[nodiscard]] Result<HotlistAnswer> rule(const HotlistRequest& request, const Admission& admission,
                                             AccessDesk& desk, UtcTime now);

    HotlistFiles files_;
    HotlistGate gate_;
    HitBook book_;
    HotlistMatcher matcher_;
    Digest in_force_{};
    std::map<Name, Known> hits_;
    HotlistCounters counters_;
    bool failing_ = false;
};

}  // namespace portcullis
