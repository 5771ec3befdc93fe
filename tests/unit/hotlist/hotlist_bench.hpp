#pragma once
// An opener with a hotlist, a device whose reads say AB12CDE, and people who ask about hits.

#include <doctest/doctest.h>

#include "collector/opener/hotlist_desk.hpp"
#include "unit/collector/server_bench.hpp"
#include "unit/hotlist/hotlist_files.hpp"

namespace portcullis::test {

/// As an operator of the bridge asks.
inline HotlistRequest hits_of(HotlistAct act = HotlistAct::show) {
    HotlistRequest request;
    request.act = act;
    request.purpose = "stolen-vehicle";
    request.case_number = "2026-117";
    return request;
}

class HotlistBench : public ServerBench {
  public:
    explicit HotlistBench(const Hotlist& list = sample_hotlist(now)) {
        put(list);
        use();
    }

    void put(const Hotlist& list) const {
        must_do(write_file_atomically(list_path, lists.sign(list, {road.reader})));
    }
    [[nodiscard]] HotlistFiles files() const { return {list_path, lists.rules(), hits_path}; }
    /// As after a new start: nothing is remembered but what stands in files.
    void use() { must_do(server.use_hotlist(must(HotlistDesk::create(files())))); }

    /// A read of the plate AB12CDE arrives; gives its seq.
    Seq pass() {
        const SealedItem read = device.seal().items[0];
        CHECK(ask(ingest, request(read)).verdict.good());
        return read.seq;
    }
    Packet exchange(const Packet& question) {
        PacketStream stream = connect(views_path);
        must_do(stream.send(question, patience));
        turn();
        return must(stream.receive(milliseconds(0)));
    }
    HotlistAnswer ask_hits(const HotlistRequest& request) {
        return must(parse_hotlist_answer(exchange(to_packet(request))));
    }
    std::string refusal(const HotlistRequest& request) {
        const auto reason = parse_refusal(exchange(to_packet(request)));
        REQUIRE(reason);
        return *reason;
    }
    [[nodiscard]] HotlistRequest about(HotlistAct act, Seq seq) const {
        HotlistRequest request = hits_of(act);
        request.device = device.name;
        request.chain = device.head.chain;
        request.seq = seq;
        return request;
    }
    /// Entries that are not about lists or policies.
    [[nodiscard]] std::vector<Access> looks(AccessVerdict verdict = AccessVerdict::granted) const {
        std::vector<Access> all = entries(verdict);
        std::erase_if(all, [](const Access& one) { return one.what == adopts_hotlist; });
        return all;
    }

    ListDesk lists;
    std::filesystem::path list_path = road.pki.folder() / "north.hotlist";
    std::filesystem::path hits_path = road.pki.folder() / "hits.db";
    PacketStream ingest = collector();
};

}  // namespace portcullis::test
