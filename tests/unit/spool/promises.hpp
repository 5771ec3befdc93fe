#pragma once
// Promises: what a spool told its two users, and the check that it keeps to it after any fault. It outlives
// the spools, power cuts and deaths between them. Every call is judged by what the spool said.

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "support.hpp"

namespace portcullis::test {

class Promises {
  public:
    /// A record for the head of `spool` whose blobs were never there before.
    [[nodiscard]] SealedRecord next_record(const Spool& spool, const std::vector<Part>& parts) {
        SealedRecord record{spool.head().chain, {}};
        ChainHead head = spool.head();
        for (const Part& part : parts) {
            Bytes blob(part.bytes, std::byte{0xa5});
            ++blobs_made_;
            for (std::size_t i = 0; i < 8; ++i)
                blob.at(i) = static_cast<std::byte>(blobs_made_ >> (8 * i));
            head.link = next_link(head.link, head.next_seq, sha256(blob));
            record.items.push_back({head.next_seq, part.kind, std::move(blob), head.link});
            ++head.next_seq;
        }
        return record;
    }

    /// False: the spool said no; the record is then there as a whole after the next opening, or never.
    [[nodiscard]] bool append(Spool& reader, const SealedRecord& record) {
        in_the_air_ = record;
        if (!reader.append(record)) return false;
        in_the_air_.reset();
        for (const SealedItem& item : record.items)
            promise(item.seq, item.link);
        return true;
    }

    [[nodiscard]] bool release(Spool& reader, Seq upto) {
        release_asked_ = std::max(release_asked_, upto);
        if (!reader.release(*chain_, upto, links_.at(upto), digest_of(upto))) return false;
        released_ = std::max(released_, upto);
        return true;
    }

    /// After an opening: all that was promised is there, once, and nothing else. What is seen here is a
    /// promise too: the uplink may have published it.
    void check(Spool& spool) {
        const std::vector<SpooledItem> items = all_of(spool);
        const SpoolStats stats = spool.stats().value();
        if (!chain_) begin(stats.chain);
        REQUIRE(stats.chain == *chain_);
        check_counts(spool, stats);
        check_rows(items, stats);
        check_end(items, spool, stats);
        in_the_air_.reset();
        for (const SpooledItem& row : items)
            promise(row.item.seq, row.item.link);
    }

    [[nodiscard]] Seq last() const { return links_.empty() ? 0 : links_.rbegin()->first; }
    [[nodiscard]] Seq released() const { return released_; }
    [[nodiscard]] std::uint64_t shed() const { return shed_; }

  private:
    void begin(const ChainId& chain) {
        chain_ = chain;
        links_[0] = first_link("gate-1", chain);
    }

    void promise(Seq seq, const Digest& link) {
        const auto [place, is_new] = links_.emplace(seq, link);
        REQUIRE(place->second == link);  // else one seq stood for two blobs
    }

    static Digest digest_of(Seq upto) { return sha256(as_bytes(fmt::format("receipt {}", upto))); }

    void check_counts(Spool& spool, const SpoolStats& stats) {
        REQUIRE(stats.received >= released_);  // what was released stays released
        REQUIRE(stats.received <= release_asked_);
        released_ = stats.received;
        const std::uint64_t shed =
            stats.shed_reads + stats.shed_plates + stats.shed_overviews + stats.shed_checkpoints;
        REQUIRE(shed >= shed_);  // seen once, counted for ever
        shed_ = shed;
        const auto receipt = spool.last_receipt_digest();
        REQUIRE(receipt);
        if (released_ == release_asked_ && released_ > 0) REQUIRE(*receipt == digest_of(released_));
    }

    // The rows cover received + 1 .. head; each whole one continues the links, each tombstone ends in the
    // link that was promised, and no blob is there twice.
    void check_rows(const std::vector<SpooledItem>& items, const SpoolStats& stats) {
        Seq next = stats.received + 1;
        Digest link = links_.at(stats.received);
        std::uint64_t bytes = 0;
        std::set<Digest> blobs;
        for (const SpooledItem& row : items) {
            REQUIRE(row.first == next);
            REQUIRE(row.item.seq >= row.first);
            bytes += row.item.blob.size();
            if (row.item.kind != ItemKind::tombstone) {
                const Digest blob = sha256(row.item.blob);
                REQUIRE(blobs.insert(blob).second);
                REQUIRE(row.first == row.item.seq);
                REQUIRE(row.item.link == next_link(link, row.item.seq, blob));
            }
            if (const auto promised = links_.find(row.item.seq); promised != links_.end())
                REQUIRE(row.item.link == promised->second);
            next = row.item.seq + 1;
            link = row.item.link;
        }
        REQUIRE(stats.last_seq == next - 1);
        REQUIRE(stats.items == items.size());
        REQUIRE(stats.bytes == bytes);
    }

    void check_end(const std::vector<SpooledItem>& items, const Spool& spool, const SpoolStats& stats) {
        if (in_the_air_ && stats.last_seq > last()) {
            REQUIRE(stats.last_seq == in_the_air_->items.back().seq);
            REQUIRE(items.back().item.link == in_the_air_->items.back().link);
        } else {
            REQUIRE(stats.last_seq == last());
        }
        REQUIRE(spool.head().next_seq == stats.last_seq + 1);
        REQUIRE(spool.head().chain == stats.chain);
        REQUIRE(spool.head().link == (items.empty() ? links_.at(stats.last_seq) : items.back().item.link));
    }

    std::optional<ChainId> chain_;
    std::map<Seq, Digest> links_;  // of all seqs that were confirmed or seen
    Seq released_ = 0;
    Seq release_asked_ = 0;
    std::uint64_t shed_ = 0;
    std::optional<SealedRecord> in_the_air_;
    std::uint64_t blobs_made_ = 0;
};

}  // namespace portcullis::test
