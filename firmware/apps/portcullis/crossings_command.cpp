#include "apps/portcullis/crossings_command.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/portcullis/opener_answer.hpp"
#include "apps/portcullis/time_option.hpp"
#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/crossing_exchange.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::seconds;

struct CrossingsCommandOptions {
    std::filesystem::path socket = default_view_socket;
    std::string purpose;
    std::string case_number;
    std::vector<std::string> entry;
    std::vector<std::string> exit;
    std::string entry_direction;
    std::string exit_direction;
    std::string since;
    std::string until = "0h";
    std::string shortest = "0s";
    std::string longest = "24h";
    std::string slack = "2s";
    bool json = false;
};

/// 90s, 15m, 24h, 7d.
Result<seconds> span_from_option(std::string_view option, const std::string& text) {
    constexpr std::string_view units = "smhd";
    constexpr std::array<int, units.size()> lengths = {1, 60, 3600, 86'400};
    constexpr std::size_t max_digits = 8;
    const std::size_t unit = text.empty() ? units.npos : units.find(text.back());
    const std::string digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
    if (unit == units.npos || digits.empty() || digits.size() > max_digits ||
        digits.find_first_not_of("0123456789") != digits.npos)
        return fail(ErrorCode::configuration, "{}: write a span as 90s, 15m, 24h or 7d", option);
    return seconds(std::stol(digits) * lengths[unit]);
}

CrossingSide side_of(const std::vector<std::string>& places, const std::string& direction) {
    CrossingSide side;
    for (const std::string& place : places) {
        const std::size_t slash = std::min(place.find('/'), place.size());
        side.places.push_back({place.substr(0, slash), place.substr(std::min(slash + 1, place.size()))});
    }
    if (!direction.empty()) side.direction = direction_from_string(direction);
    return side;
}

/// Checked here for the sake of the words; the opener checks it again.
Result<CrossingRequest> request_of(const CrossingsCommandOptions& options, UtcTime now) {
    CrossingRequest request;
    request.purpose = options.purpose;
    request.case_number = options.case_number;
    CrossingQuestion& question = request.question;
    question.entry = side_of(options.entry, options.entry_direction);
    question.exit = side_of(options.exit, options.exit_direction);
    question.from = TRY(time_from_option("--since", options.since, now));
    question.to = TRY(time_from_option("--until", options.until, now));
    question.shortest = TRY(span_from_option("--shortest", options.shortest));
    question.longest = TRY(span_from_option("--longest", options.longest));
    question.slack = TRY(span_from_option("--clock-slack", options.slack));
    auto checked_question = checked(question);
    if (!checked_question) return fail(ErrorCode::configuration, "{}", checked_question.error().message());
    return request;
}

std::string place_of(const ToldPassage& passage) {
    return passage.device + "/" + passage.lane;
}

std::string item_of(const ToldPassage& passage) {
    return fmt::format("{} {}", to_string(passage.chain), passage.seq);
}

/// 2:05:09 in hours, minutes and seconds; rounded down.
std::string clock_text(microseconds dwell) {
    const auto whole = std::chrono::floor<seconds>(std::chrono::abs(dwell)).count();
    return fmt::format("{}{}:{:02}:{:02}", dwell < microseconds(0) ? "-" : "", whole / 3600, whole / 60 % 60,
                       whole % 60);
}

void print_lone(std::string_view side, const std::vector<ToldLone>& lone) {
    for (const ToldLone& one : lone)
        std::cout << fmt::format("{:<20}  {:<24}  unmatched {}: {:<9}  {}\n", second_of(one.passage.captured),
                                 place_of(one.passage), side, one.why, item_of(one.passage));
}

void print_table(const CrossingAnswer& answer) {
    std::cout << fmt::format("{:<20}  {:<24}  {:<20}  {:<24}  {:>9}  {:>8}  {}\n", "in (UTC)", "device/lane",
                             "out (UTC)", "device/lane", "dwell", "distance", "items (chain seq)");
    for (const ToldCrossing& one : answer.crossings)
        std::cout << fmt::format("{:<20}  {:<24}  {:<20}  {:<24}  {:>9}  {:>8}  {}, {}\n",
                                 second_of(one.entry.captured), place_of(one.entry),
                                 second_of(one.exit.captured), place_of(one.exit), clock_text(one.dwell()),
                                 one.distance, item_of(one.entry), item_of(one.exit));
    print_lone("entry", answer.entries);
    print_lone("exit", answer.exits);
    std::cout << fmt::format(
        "matched {}, unmatched entries {}, unmatched exits {}; dwell: median {}, 90th centile {}\n",
        answer.counts.matched, answer.counts.entries, answer.counts.exits, clock_text(answer.median),
        clock_text(answer.centile_90));
}

Json json_of(const ToldPassage& passage) {
    return {{"device", passage.device},
            {"lane", passage.lane},
            {"chain", to_string(passage.chain)},
            {"seq", passage.seq},
            {"time", to_iso8601(passage.captured)}};
}

Json json_of(const std::vector<ToldLone>& lone) {
    Json list = Json::array();
    for (const ToldLone& one : lone) {
        list.push_back(json_of(one.passage));
        list.back()["why"] = one.why;
    }
    return list;
}

double in_seconds(microseconds span) {
    return std::chrono::duration<double>(span).count();
}

void print_json(const CrossingAnswer& answer) {
    Json out{{"matched", answer.counts.matched},
             {"unmatched_entries", answer.counts.entries},
             {"unmatched_exits", answer.counts.exits},
             {"dwell_median_s", in_seconds(answer.median)},
             {"dwell_centile_90_s", in_seconds(answer.centile_90)},
             {"opened", answer.counts.opened},
             {"damaged", answer.counts.damaged},
             {"locked", answer.counts.locked},
             {"holes", Json::array()},
             {"crossings", Json::array()},
             {"entries", json_of(answer.entries)},
             {"exits", json_of(answer.exits)}};
    for (const ToldHole& hole : answer.holes)
        out["holes"].push_back({{"first", to_iso8601(hole.first)}, {"last", to_iso8601(hole.last)}});
    for (const ToldCrossing& one : answer.crossings)
        out["crossings"].push_back({{"entry", json_of(one.entry)},
                                    {"exit", json_of(one.exit)},
                                    {"dwell_s", in_seconds(one.dwell())},
                                    {"distance", one.distance}});
    std::cout << out.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

/// What the answer does not hold: people who act on it must know.
void print_doubts(const CrossingAnswer& answer) {
    const CrossingCounts& counts = answer.counts;
    if (counts.matched > answer.crossings.size() || counts.entries > answer.entries.size() ||
        counts.exits > answer.exits.size())
        std::cerr << fmt::format(
            "portcullis crossings: the earliest {} of each kind are told, the sums are of all; narrow the "
            "time\n",
            max_told_crossings);
    print_index_doubts("portcullis crossings", counts.damaged, counts.locked, answer.holes);
}

Result<void> run(const CrossingsCommandOptions& options) {
    const CrossingRequest request = TRY(request_of(options, SystemClock().utc()));
    const Packet packet = TRY(ask_opener(options.socket, to_packet(request)));
    const CrossingAnswer answer = TRY(parse_crossing_answer(packet));
    if (options.json)
        print_json(answer);
    else
        print_table(answer);
    print_doubts(answer);
    std::cout.flush();
    if (!std::cout) return fail(ErrorCode::closed, "nobody reads our output any more");
    return {};
}

void add_sides(CLI::App& command, CrossingsCommandOptions& options) {
    const auto direction = [&command](const char* name, std::string& value, const char* what) {
        command.add_option(name, value, what)->check(CLI::IsMember({"approaching", "receding", "unknown"}));
    };
    command
        .add_option("--entry", options.entry,
                    "DEVICE or DEVICE/LANE where vehicles come in; may be given more than once")
        ->required();
    command.add_option("--exit", options.exit, "where they go out, the same")->required();
    direction("--entry-direction", options.entry_direction, "only these are entries: one camera sees both");
    direction("--exit-direction", options.exit_direction, "only these are exits");
}

void add_options(CLI::App& command, CrossingsCommandOptions& options) {
    command.add_option("--socket", options.socket, "the opener's view socket")->capture_default_str();
    command.add_option("--purpose", options.purpose, "why you ask: it stands in the audit log")->required();
    command.add_option("--case", options.case_number, "for which case")->required();
    add_sides(command, options);
    command.add_option("--since", options.since, "captured then or later: " + std::string(time_rule))
        ->required();
    command.add_option("--until", options.until, "captured before then (default: now)");
    command.add_option("--shortest", options.shortest, "no vehicle stays for less")->capture_default_str();
    command.add_option("--longest", options.longest, "nor for more: 90s, 15m, 24h, 7d")
        ->capture_default_str();
    command.add_option("--clock-slack", options.slack, "so far the clocks of two devices may differ")
        ->capture_default_str();
    command.add_flag("--json", options.json, "one JSON object, for programs");
}

}  // namespace

std::function<int()> add_crossings_command(CLI::App& app) {
    const auto options = std::make_shared<CrossingsCommandOptions>();
    CLI::App* command = app.add_subcommand(
        "crossings", "Ask the opener of this host which vehicles came in at one place and left at another");
    command->footer(
        "Each passage of the window at these devices is opened, 20,000 at most, and matched by its plate; no "
        "plate is\ntold. Who wants one looks at the passage (`portcullis search`). Unmatched passages are "
        "listed:\n"
        "  unread      no text: never matched\n"
        "  ambiguous   more than one may be it, or what it may be is another's too\n"
        "  edge        the other passage may lie outside of the window\n"
        "  alone       nothing fits\n"
        "Distance: 0 equal texts, 1 for each look-alike (O0 I1 B8 S5), 4 for an error.\n"
        "Before anything is opened your account, purpose and case are entered in the audit log, and what you "
        "ask,\nsealed to the auditor. What the index may lack is told.\n"
        "Exit: 0 answered, 1 refused or failed, 2 wrong usage\n\n"
        "  portcullis crossings --purpose parking-dispute --case 2026-117 --entry gate-in --exit "
        "gate-out/lane-1 "
        "--since 12h");
    add_options(*command, *options);
    return [options] {
        const Result<void> done = run(*options);
        if (done) return 0;
        std::cerr << "portcullis crossings: " << done.error().message() << "\n";
        return done.error().code() == ErrorCode::configuration ? 2 : 1;
    };
}

}  // namespace portcullis
