#include "apps/portcullis/search_command.hpp"

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/portcullis/time_option.hpp"
#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/search_exchange.hpp"
#include "collector/link/unix_socket.hpp"
#include "collector/link/view_exchange.hpp"

namespace portcullis {

namespace {

constexpr milliseconds send_patience{2000};
constexpr milliseconds answer_patience{30'000};

struct SearchOptions {
    std::filesystem::path socket = default_view_socket;
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

Result<Packet> exchange(const SearchOptions& options, const SearchRequest& request) {
    PacketStream stream(TRY(connect_to_opener(options.socket)));
    TRY(stream.send(to_packet(request), send_patience));
    auto packet = stream.receive(answer_patience);
    if (!packet && packet.error().code() == ErrorCode::closed)
        return fail(ErrorCode::closed, "the opener let us go without an answer: is it of this version?");
    if (packet)
        if (const auto reason = parse_refusal(*packet)) return fail(ErrorCode::refused, "{}", *reason);
    return packet;
}

std::string second_of(UtcTime time) {
    constexpr std::size_t to_seconds = 19;
    return to_iso8601(time).substr(0, to_seconds) + "Z";
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
    const auto tell = [](const std::string& text) { std::cerr << "portcullis search: " << text << "\n"; };
    if (answer.matched > answer.found.size())
        tell(fmt::format("{} reads match, the newest {} are shown; narrow the time, the device or the plate",
                         answer.matched, answer.found.size()));
    if (answer.damaged > 0)
        tell(
            fmt::format("{} rows of the index were changed by somebody and left out; `portcullis index "
                        "rebuild` enters what the store holds",
                        answer.damaged));
    if (answer.locked > 0)
        tell(fmt::format("{} epochs could not be searched: their keys do not answer (the opener's log)",
                         answer.locked));
    for (const ToldHole& hole : answer.holes)
        tell(fmt::format("what was judged {} may be missing; `portcullis index rebuild` mends it",
                         hole.first == UtcTime()
                             ? "before " + second_of(hole.last)
                             : "from " + second_of(hole.first) + " to " + second_of(hole.last)));
}

Result<void> search(const SearchOptions& options) {
    const SearchRequest request = TRY(request_of(options, SystemClock().utc()));
    const Packet packet = TRY(exchange(options, request));
    const SearchAnswer answer = TRY(parse_search_answer(packet));
    if (options.json)
        std::cout << R"({"answer":)" << packet.header << R"(,"found":)" << as_text(packet.blob) << "}\n";
    else
        print_table(answer);
    print_doubts(answer);
    std::cout.flush();
    if (!std::cout) return fail(ErrorCode::closed, "nobody reads our output any more");
    return {};
}

void add_options(CLI::App& command, SearchOptions& options) {
    command.add_option("--socket", options.socket, "the opener's view socket")->capture_default_str();
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
    command.add_flag("--json", options.json, "one JSON object, for programs");
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
