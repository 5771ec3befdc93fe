#pragma once
// An opener with an index and an auditor, its collector, and people who ask.

#include <doctest/doctest.h>

#include "collector/link/search_exchange.hpp"
#include "unit/collector/server_bench.hpp"

namespace portcullis::test {

/// As an operator with a case asks.
inline SearchRequest search_for(const std::string& plate) {
    SearchRequest request;
    request.question.plate = plate;
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    return request;
}

class SearchBench : public ServerBench {
  public:
    explicit SearchBench(const LookLimits& limits = {}) : ServerBench(::geteuid(), 10, true, limits) {
        CHECK(collector.receive(milliseconds(0)));
    }

    void judge(const SealedItem& item) { CHECK(ask(collector, request(item)).verdict.good()); }
    /// The only packet that comes back.
    Packet exchange(const Packet& question) {
        PacketStream stream = connect(views_path);
        must_do(stream.send(question, patience));
        turn();
        Packet packet = must(stream.receive(milliseconds(0)));
        CHECK(stream.receive(milliseconds(0)).error().code() == ErrorCode::closed);
        return packet;
    }
    SearchAnswer search(const SearchRequest& request) {
        return must(parse_search_answer(exchange(to_packet(request))));
    }
    std::string refusal(const SearchRequest& request) {
        const auto reason = parse_refusal(exchange(to_packet(request)));
        REQUIRE(reason);
        return *reason;
    }
    /// What the auditor reads of the question that is kept with this entry, the policy's own not counted.
    [[nodiscard]] std::string asked(std::uint64_t number) const {
        AuditLog log = must(AuditLog::read_only(audit_path));
        const std::vector<AuditRow> rows = must(log.rows(number, 1));
        const RecipientKey key = must(load_recipient({auditor.key, auditor.certificate}));
        return std::string(as_text(must(open_envelope(key, rows.at(0).asked))));
    }

    PacketStream collector = connect(ingest_path);
};

}  // namespace portcullis::test
