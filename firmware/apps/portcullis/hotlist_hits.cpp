// `portcullis hotlist hits`, `confirm` and `reject`: a person and the opener of his host.
#include "apps/portcullis/hotlist_options.hpp"
#include "apps/portcullis/opener_answer.hpp"
#include "apps/portcullis/time_option.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

/// DEVICE/CHAIN/SEQ
Result<void> fill_place(HotlistRequest& request, const std::string& text) {
    const std::size_t first = text.find('/');
    const std::size_t last = text.rfind('/');
    const auto wrong = [] {
        return fail(ErrorCode::configuration,
                    "HIT: write its place as `portcullis hotlist hits` tells it: DEVICE/CHAIN/SEQ");
    };
    if (first == text.npos || first == last) return wrong();
    request.device = text.substr(0, first);
    const auto chain = chain_from_string(text.substr(first + 1, last - first - 1));
    const std::string seq = text.substr(last + 1);
    constexpr std::size_t max_digits = 15;
    if (!chain || !is_device_name(request.device) || seq.empty() || seq.size() > max_digits ||
        seq.find_first_not_of("0123456789") != seq.npos)
        return wrong();
    request.chain = *chain;
    request.seq = std::stoull(seq);
    return {};
}

Result<HotlistRequest> request_of(const HotlistOptions& options, HotlistAct act, UtcTime now) {
    HotlistRequest request;
    request.act = act;
    request.purpose = options.purpose;
    request.case_number = options.case_number;
    if (!options.since.empty()) request.since = TRY(time_from_option("--since", options.since, now));
    if (!options.state.empty()) request.state = hit_state_from_string(options.state);
    if (act != HotlistAct::show) TRY(fill_place(request, options.hit));
    return request;
}

std::string place_of(const HotlistHit& hit) {
    return fmt::format("{}/{}/{}", hit.device, to_string(hit.chain), hit.seq);
}

/// What speaks against it, in words.
std::string doubts_of(const HotlistHit& hit) {
    std::string doubts = fmt::format("{:.1f} % sure", static_cast<double>(hit.confidence) * 100.0);
    if (hit.distance > 0) doubts += fmt::format(", {} look-alike letters differ", hit.distance);
    if (hit.is_elsewhere()) doubts += ", ANOTHER JURISDICTION";
    return doubts;
}

void print(const ToldHit& told) {
    const HotlistHit& hit = told.hit;
    const HotlistEntry& entry = hit.entry;
    const std::string state(to_string(told.state));
    std::cout << fmt::format("{}  {}/{}  {}  {}\n", second_of(hit.captured), hit.device, hit.lane,
                             to_string(hit.direction),
                             told.who.empty() ? state + ": nobody has looked yet"
                                              : state + " by " + told.who + ", " + second_of(told.at));
    std::cout << fmt::format("    read     {} ({}, {})\n", hit.text, hit.jurisdiction, doubts_of(hit));
    std::cout << fmt::format("    wanted   {} ({}), case {}: {}; entered by {}\n", entry.plate,
                             entry.jurisdiction.empty() ? "any jurisdiction" : entry.jurisdiction,
                             entry.case_number, entry.why, entry.by);
    std::cout << fmt::format("    hit      {}\n", place_of(hit));
    for (const HitPicture& picture : hit.pictures)
        std::cout << fmt::format("    {:<8} {}/{}/{}\n", to_string(picture.role), hit.device,
                                 to_string(hit.chain), picture.seq);
}

Json json_of(const ToldHit& told) {
    const HotlistHit& hit = told.hit;
    Json json{{"state", to_string(told.state)},
              {"who", told.who},
              {"said", told.who.empty() ? Json() : Json(to_iso8601(told.at))},
              {"device", hit.device},
              {"chain", to_string(hit.chain)},
              {"seq", hit.seq},
              {"time", to_iso8601(hit.captured)},
              {"lane", hit.lane},
              {"direction", to_string(hit.direction)},
              {"text", hit.text},
              {"confidence", hit.confidence},
              {"distance", hit.distance},
              {"jurisdiction", hit.jurisdiction},
              {"jurisdiction_confidence", hit.jurisdiction_confidence},
              {"another_jurisdiction", hit.is_elsewhere()},
              {"pictures", Json::array()},
              {"entry",
               {{"plate", hit.entry.plate},
                {"jurisdiction", hit.entry.jurisdiction},
                {"purpose", hit.entry.purpose},
                {"case", hit.entry.case_number},
                {"why", hit.entry.why},
                {"by", hit.entry.by}}},
              {"version", hit.version}};
    for (const HitPicture& picture : hit.pictures)
        json["pictures"].push_back({{"role", to_string(picture.role)}, {"seq", picture.seq}});
    return json;
}

void print_json(const HotlistAnswer& answer) {
    Json out{{"version", answer.version},   {"wanted", answer.wanted},   {"matched", answer.matched},
             {"unbooked", answer.unbooked}, {"damaged", answer.damaged}, {"hits", Json::array()}};
    for (const ToldHit& told : answer.hits)
        out["hits"].push_back(json_of(told));
    std::cout << out.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

/// What the answer does not hold: people who act on it must know.
void print_doubts(const HotlistAnswer& answer) {
    const auto tell = [](const std::string& text) { std::cerr << "portcullis hotlist: " << text << "\n"; };
    if (answer.version == 0) tell("the opener has no hotlist in force: nothing is found (its log says why)");
    if (answer.matched > answer.hits.size())
        tell(fmt::format("the newest {} of {} are told; narrow them with --since or --state",
                         answer.hits.size(), answer.matched));
    if (answer.unbooked > 0)
        tell(fmt::format("{} hits could not be kept, and go with the opener's memory (its log says why)",
                         answer.unbooked));
    if (answer.damaged > 0)
        tell(fmt::format("{} hits that were kept were changed by somebody and are left out", answer.damaged));
}

}  // namespace

Result<void> ask_for_hits(const HotlistOptions& options, HotlistAct act, UtcTime now) {
    const HotlistRequest request = TRY(request_of(options, act, now));
    const Packet packet = TRY(ask_opener(options.socket, to_packet(request)));
    const HotlistAnswer answer = TRY(parse_hotlist_answer(packet));
    if (options.json) {
        print_json(answer);
    } else {
        for (const ToldHit& told : answer.hits)
            print(told);
        if (act == HotlistAct::show)
            std::cout << fmt::format("{} hits; hotlist version {}, {} plates wanted\n", answer.matched,
                                     answer.version, answer.wanted);
    }
    print_doubts(answer);
    std::cout.flush();
    if (!std::cout) return fail(ErrorCode::closed, "nobody reads our output any more");
    return {};
}

}  // namespace portcullis
