#include "record/destruction_codec.hpp"

#include <algorithm>

#include "record/canonical_list.hpp"

namespace portcullis {

namespace {

bool is_key_id(const std::string& text) {
    return text.size() == key_id_letters &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<std::string> encode_destruction(const Destruction& destruction) {
    CanonicalWriter out(max_destruction_bytes);
    const std::vector<std::string>& keys = destruction.keys;
    const bool ascending = std::ranges::adjacent_find(keys, std::greater_equal<>()) == keys.end();
    if (keys.empty() || keys.size() > max_destroyed_keys || !ascending ||
        !std::ranges::all_of(keys, &is_key_id))
        out.reject("keys", "must be 1 to 16 key ids, ascending");
    const bool holds_ascending = std::ranges::adjacent_find(destruction.holds, std::greater_equal<>(),
                                                            &ChainId::bytes) == destruction.holds.end();
    if (destruction.holds.size() > max_named_holds || !holds_ascending)
        out.reject("holds", "must be at most 256 ids, ascending");
    out.literal(R"({"v":1,"kind":"destruction","epoch":)");
    out.text("epoch", to_string(destruction.epoch), max_epoch_letters).literal(R"(,"keys":[)");
    for (std::size_t i = 0; i < keys.size(); ++i)
        out.literal(i == 0 ? "" : ",").text("keys", keys[i], key_id_letters);
    out.literal(R"(],"left":)").integer("left", destruction.left);
    if (destruction.schedule) {
        out.literal(R"(,"schedule":)").hex(destruction.schedule->digest);
        out.literal(R"(,"version":)").integer("version", destruction.schedule->version);
    }
    if (!destruction.holds.empty()) {
        out.literal(R"(,"holds":)");
        write_list(out, destruction.holds, [&out](const ChainId& id) { out.hex(id.bytes); });
    }
    out.literal(R"(,"t":)").time("t", destruction.time.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<Destruction> parse_destruction(std::string_view json) {
    CanonicalReader in(json.substr(0, max_destruction_bytes));
    Destruction destruction;
    in.literal(R"({"v":1,"kind":"destruction","epoch":)");
    const auto epoch = epoch_from_string(in.text("epoch", max_epoch_letters));
    if (!epoch) in.fault("epoch");
    destruction.epoch = epoch.value_or(EpochStart());
    in.literal(R"(,"keys":[)");
    while (!in.failed() && destruction.keys.size() < max_destroyed_keys) {
        destruction.keys.push_back(in.text("keys", key_id_letters));
        if (!in.next_is(",")) break;
        in.literal(",");
    }
    in.literal(R"(],"left":)");
    destruction.left = in.integer("left");
    if (in.next_is(R"(,"schedule":)")) {
        Destruction::Schedule schedule;
        in.literal(R"(,"schedule":)");
        schedule.digest = in.digest("schedule");
        in.literal(R"(,"version":)");
        schedule.version = in.integer("version");
        destruction.schedule = schedule;
    }
    if (in.next_is(R"(,"holds":)")) {
        in.literal(R"(,"holds":)");
        destruction.holds =
            read_list<ChainId>(in, "holds", max_named_holds, [&in] { return in.chain("holds"); });
    }
    in.literal(R"(,"t":)");
    destruction.time = UtcTime(in.time("t"));
    TRY(in.literal("}").done());
    return written_alike(std::move(destruction), json, "record: the destruction", &encode_destruction);
}

}  // namespace portcullis
