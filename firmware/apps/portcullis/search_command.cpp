#include "apps/portcullis/search_command.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/portcullis/opener_answer.hpp"
#include "apps/portcullis/time_option.hpp"
#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/search_exchange.hpp"

namespace portcullis {

namespace {

struct SearchOptions {
    std::vector<std::filesystem::path> sockets{default_view_socket};
    std::string purpose;
    std::string case_number;
    std::string plate;
    std::string like;
    std::string from;
    std::string to;
    std::string device;
    std::string lane;
    std::string direction;
    bool json = false;
};

/// Checked here for the sake of the words; the opener checks it again.
Result<SearchRequest> request_of(const SearchOptions& options, UtcTime now) {
    SearchRequest request;
    request.purpose = options.purpose;
    request.case_number = options.case_number;
    PlateQuestion& question = request.question;
    question.look_alike = !options.like.empty();
    question.plate = question.look_alike ? options.like : options.plate;
    if (!options.from.empty()) question.from = TRY(time_from_option("--from", options.from, now));
    if (!options.to.empty()) question.to = TRY(time_from_option("--to", options.to, now));
    question.device = options.device;
    question.lane = options.lane;
    if (!options.direction.empty()) question.direction = direction_from_string(options.direction);
    auto checked_question = checked(question);
    if (!checked_question) return fail(ErrorCode::configuration, "{}", checked_question.error().message());
    question = std::move(*checked_question);
    return request;
}

void print_table(const SearchAnswer& answer) {
    std::cout << fmt::format("{:<20}  {:<24}  {:<11}  {:<24}  {}\n", "captured (UTC)", "device/lane",
                             "direction", "text", "item (chain seq)");
    for (const FoundRead& read : answer.found)
        std::cout << fmt::format("{:<20}  {:<24}  {:<11}  {:<24}  {} {}\n", second_of(read.captured),
                                 read.device + "/" + read.lane, to_string(read.direction),
                                 read.text.empty() ? "(unread)" : read.text, to_string(read.chain), read.seq);
}

/// What the answer does not hold: people who act on it must know.
void print_doubts(const SearchAnswer& answer) {
    if (answer.matched > answer.found.size())
        std::cerr << fmt::format(
            "portcullis search: {} reads match, the newest {} are shown; narrow the time, the device or the "
            "plate\n",
            answer.matched, answer.found.size());
    print_index_doubts("portcullis search", answer.damaged, answer.locked, answer.holes);
}

Result<void> search(const SearchOptions& options) {
    const SearchRequest request = TRY(request_of(options, SystemClock().utc()));
    SearchAnswer all;
    std::vector<std::string> lines;
    // All of them, or none: half an answer would pass for a whole one.
    for (const std::filesystem::path& socket : options.sockets) {
        const Packet packet = TRY(ask_opener(socket, to_packet(request)));
        take_in(all, TRY(parse_search_answer(packet)));
        lines.push_back(
            fmt::format(R"({{"answer":{},"found":{}}})", packet.header, std::string(as_text(packet.blob))));
    }
    if (options.json)
        for (const std::string& line : lines)
            std::cout << line << "\n";
    else
        print_table(all);
    print_doubts(all);
    std::cout.flush();
    if (!std::cout) return fail(ErrorCode::closed, "nobody reads our output any more");
    return {};
}

void add_options(CLI::App& command, SearchOptions& options) {
    command
        .add_option("--socket", options.sockets,
                    "the opener's view socket; of several openers that share a store, each one's")
        ->capture_default_str();
    command.add_option("--purpose", options.purpose, "why you look: it stands in the audit log")->required();
    command.add_option("--case", options.case_number, "for which case")->required();
    auto* const plate = command.add_option("--plate", options.plate,
                                           "the plate; ? for any one character, * for any number of them");
    command
        .add_option("--like", options.like,
                    "the same, with O and 0, I and 1, B and 8, S and 5 taken for each other")
        ->excludes(plate);
    command.add_option("--from", options.from, "captured then or later: " + std::string(time_rule));
    command.add_option("--to", options.to, "captured before then");
    command.add_option("--device", options.device, "of this device; north-* for all whose names begin so");
    command.add_option("--lane", options.lane, "on this lane");
    command.add_option("--direction", options.direction, "only these")
        ->check(CLI::IsMember({"approaching", "receding", "unknown"}));
    command.add_flag("--json", options.json, "one JSON object a line for each opener, for programs");
}

}  // namespace

std::function<int()> add_search_command(CLI::App& app) {
    const auto options = std::make_shared<SearchOptions>();
    CLI::App* command =
        app.add_subcommand("search", "Ask the opener of this host which passages had a plate, by its index");
    command->footer(
        "A whole plate is looked up; for a part of one (or none) each passage of the window is opened, "
        "10,000 "
        "at\n"
        "most: narrow it by time and device. At most 100 reads are shown, newest first.\n"
        "Before anything is opened your account, purpose and case are entered in the audit log, and what you "
        "ask,\n"
        "sealed to the auditor; so is each read that you are shown. What the index may lack is told.\n"
        "The lines hold personal data: show them to nobody, keep them nowhere.\n"
        "Exit: 0 answered (found or not), 1 refused or failed, 2 wrong usage\n\n"
        "  portcullis search --purpose stolen-vehicle --case 2026-117 --like 'B-OS 123' --from 7d");
    add_options(*command, *options);
    return [options] {
        const Result<void> done = search(*options);
        if (done) return 0;
        std::cerr << "portcullis search: " << done.error().message() << "\n";
        return done.error().code() == ErrorCode::configuration ? 2 : 1;
    };
}

}  // namespace portcullis
