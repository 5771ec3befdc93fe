#include "apps/portcullis/tail_command.hpp"

#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/view_stream.hpp"

namespace portcullis {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds longest_wait{3'600'000};

struct TailOptions {
    std::vector<std::filesystem::path> sockets{default_view_socket};
    bool json = false;
    std::uint64_t count = 0;
    std::uint32_t last = 0;
    std::string purpose;
    std::string case_number;
    double timeout_s = 0;
};

/// "08:15:30.123" of "2026-11-23T08:15:30.123456Z".
std::string clock_of(UtcTime time) {
    constexpr std::size_t after_date = 11;
    constexpr std::size_t to_milliseconds = 12;
    return to_iso8601(time).substr(after_date, to_milliseconds);
}

std::string table_head() {
    return fmt::format("{:<12}  {:<24}  {:<11}  {:<16}  {:>10}  {:<23}  {:>10}", "time (UTC)", "device/lane",
                       "direction", "text", "confidence", "verdict", "latency");
}

std::string table_line(const View& view) {
    const bool shown = view.captured_at.has_value();
    const auto latency = view.latency_ms();
    // What may not be believed is marked at the line's start and has no text.
    return fmt::format(
        "{:<12}  {:<24}  {:<11}  {:<16}  {:>10}  {:<23}  {:>10}",
        clock_of(view.captured_at.value_or(view.received_at)),
        shown ? view.device + "/" + view.lane : view.device + " seq " + std::to_string(view.seq),
        shown ? to_string(view.direction) : "-",
        !shown              ? "-"
        : view.text.empty() ? "(unread)"
                            : view.published,
        shown && !view.text.empty() ? fmt::format("{:.2f}", view.confidence) : "-",
        (view.verdict.good() ? "" : "! ") + describe(view.verdict),
        latency ? fmt::format("{:.0f} ms", *latency) : "-");
}

Result<void> print(const Packet& packet, bool json) {
    const View view = TRY(parse_view(packet));
    std::cout << (json ? packet.header : table_line(view)) << std::endl;
    if (!std::cout) return fail(ErrorCode::closed, "nobody reads our output any more");
    return {};
}

Result<std::vector<ViewStream>> subscribe_to_all(const TailOptions& options) {
    const Subscription subscription{options.last, options.purpose, options.case_number};
    std::vector<ViewStream> streams;
    for (const std::filesystem::path& socket : options.sockets) {
        UniqueFd connected = TRY(connect_to_opener(socket));
        streams.push_back(TRY(ViewStream::subscribe(std::move(connected), subscription)));
    }
    return streams;
}

/// Until one of them has sent something, or has ended. False: the time is over.
bool wait_for_any(const std::vector<ViewStream>& streams, const std::optional<SteadyTime>& deadline) {
    milliseconds patience = longest_wait;
    if (deadline)
        patience = std::clamp(std::chrono::ceil<milliseconds>(*deadline - std::chrono::steady_clock::now()),
                              milliseconds(0), longest_wait);
    std::vector<pollfd> entries;
    entries.reserve(streams.size());
    for (const ViewStream& stream : streams)
        entries.push_back({stream.fd(), POLLIN, 0});
    ::poll(entries.data(), entries.size(), static_cast<int>(patience.count()));
    return !deadline || std::chrono::steady_clock::now() < *deadline;
}

/// Nothing when the time is over.
Result<std::optional<Packet>> next_view(std::vector<ViewStream>& streams,
                                        const std::optional<SteadyTime>& deadline) {
    for (bool in_time = true;; in_time = wait_for_any(streams, deadline)) {
        for (ViewStream& stream : streams) {
            auto packet = TRY(stream.next_now());
            if (packet) return packet;
        }
        if (!in_time) return std::optional<Packet>();
    }
}

Result<void> tail(const TailOptions& options) {
    std::optional<SteadyTime> deadline;
    if (options.timeout_s > 0)
        deadline = std::chrono::steady_clock::now() +
                   milliseconds(static_cast<std::int64_t>(options.timeout_s * 1000));
    std::vector<ViewStream> streams = TRY(subscribe_to_all(options));
    if (!options.json) std::cout << table_head() << std::endl;
    for (std::uint64_t shown = 0; options.count == 0 || shown < options.count; ++shown) {
        const auto packet = TRY(next_view(streams, deadline));
        if (!packet && options.count == 0) return {};
        if (!packet)
            return fail(ErrorCode::timeout, "{} of {} reads came within {} s", shown, options.count,
                        options.timeout_s);
        TRY(print(*packet, options.json));
    }
    return {};
}

}  // namespace

std::function<int()> add_tail_command(CLI::App& app) {
    const auto options = std::make_shared<TailOptions>();
    CLI::App* command = app.add_subcommand(
        "tail",
        "Show reads as they arrive at the collector of this host: time, device and lane, direction, text, "
        "confidence, verdict, latency from frame to collector");
    command->footer(
        "What is in doubt is shown as a set, the likeliest first: AB[O0]123.\n"
        "What cannot be believed is marked '!' and shown without text.\n"
        "Shown is what the access policy of this host gives your account: its sites' devices, for its "
        "purposes.\n"
        "Each read that is shown is entered in the audit log first, with your account, purpose and case.\n"
        "The lines hold personal data: show them to nobody, keep them nowhere.\n"
        "Exit: 0 done, 1 failed (no opener, or --timeout before --count), 2 wrong usage");
    command
        ->add_option("--socket", options->sockets,
                     "the opener's view socket; of several openers that share a store, each one's")
        ->capture_default_str();
    command
        ->add_option("--purpose", options->purpose,
                     "why you look: one of the access policy's; it stands in the audit log")
        ->required();
    command->add_option("--case", options->case_number, "for which case")->required();
    command->add_flag("--json", options->json, "one JSON object a line, for programs");
    command->add_option("--count", options->count, "end after so many lines (0: never)")
        ->capture_default_str();
    command->add_option("--last", options->last, "begin with the newest N that the opener remembers")
        ->check(CLI::Range(0U, max_last_views))
        ->capture_default_str();
    command->add_option("--timeout", options->timeout_s, "end after so many seconds (0: never)")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str();
    return [options] {
        const Result<void> done = tail(*options);
        if (done) return 0;
        std::cerr << "portcullis tail: " << done.error().message() << "\n";
        return 1;
    };
}

}  // namespace portcullis
