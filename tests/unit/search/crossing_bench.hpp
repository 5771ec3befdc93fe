#pragma once
// An opener whose index holds a morning at one gate, and people who ask about it.

#include "collector/link/crossing_exchange.hpp"
#include "unit/search/search_desk_bench.hpp"

namespace portcullis::test {

/// In by gate-1's lane "in", out by its lane "out", within the hour around `now`.
inline CrossingRequest crossings_at_the_gate() {
    CrossingRequest request;
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    request.question.entry.places = {{"gate-1", "in"}};
    request.question.exit.places = {{"gate-1", "out"}};
    request.question.from = now - std::chrono::hours(1);
    request.question.to = now + std::chrono::hours(1);
    request.question.longest = std::chrono::minutes(30);
    return request;
}

class CrossingBench : public SearchBench {
  public:
    using SearchBench::SearchBench;
    /// seconds after `now`.
    void pass(const std::string& lane, std::int64_t seconds, const std::string& text,
              const std::string& where = "gate-1") {
        IndexedPassage& one = passages_.emplace_back();
        one.device = where;
        one.chain.bytes.fill(std::byte{7});
        one.seq = passages_.size();
        one.captured = now + std::chrono::seconds(seconds);
        one.text = text;
        one.lane = lane;
        one.direction = lane == "in" ? Direction::approaching : Direction::receding;
    }
    void enter_all() {
        PlateIndex index = must(PlateIndex::attach(index_path));
        const EnvelopeOpener keys = road.opener_with({road.reader});
        must_do(index.use_keys(keys.recipients(), secrets_of(keys)));
        REQUIRE(must(index.add_all(passages_, keys.recipients().at(0), now)) == passages_.size());
        must_do(index.close_holes(now));
    }
    /// One crossing of equal texts, one of look-alikes, an unread entry, one whose exit may come yet, two of
    /// which either may be it, and an exit of nobody.
    void morning() {
        pass("in", 0, "AB12CDE");
        pass("in", 60, "XY99BBB");
        pass("in", 70, "");
        pass("out", 600, "AB12CDE");
        pass("out", 900, "XY9988B");
        pass("in", 1000, "GH34JKL");
        pass("in", 1001, "GH34JKM");
        pass("out", 1200, "GH34JKN");
        pass("out", 1300, "ZZ11ZZZ");
        pass("in", 3000, "LA77TER");
        enter_all();
    }
    CrossingAnswer cross(const CrossingRequest& request) {
        return must(parse_crossing_answer(exchange(to_packet(request))));
    }
    std::string no_crossings(const CrossingRequest& request) {
        const auto reason = parse_refusal(exchange(to_packet(request)));
        REQUIRE(reason);
        return *reason;
    }

  private:
    std::vector<IndexedPassage> passages_;
};

}  // namespace portcullis::test
