#pragma once
// OpenerClient: ingest's side of the socket to the opener, in a thread of its own. Requests wait in a bounded
// queue while the opener is away, and go on in order when it is back. Thread-safe.

#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/channel.hpp"
#include "collector/link/open_exchange.hpp"
#include "collector/link/unix_socket.hpp"

namespace portcullis {

/// Requests that are with the opener or wait for it.
inline constexpr std::size_t open_window = 64;
/// Of them so many are sent before the first is answered, while the opener does well.
inline constexpr std::size_t open_together = 16;

struct OpenerClientSettings {
    std::filesystem::path socket;
    /// Doubled after each time-out over the same item, up to sixteenfold: a slow opener is not a dead one.
    milliseconds answer_patience = std::chrono::seconds(20);
    /// How often an idle client looks for the opener's new keys.
    milliseconds idle_look{1000};
    milliseconds first_retry{50};
    milliseconds last_retry{2000};
    /// An item under which the opener dies so often is called damaged: it must not block those behind it.
    int max_deaths = 5;
};

class OpenerClient {
  public:
    explicit OpenerClient(OpenerClientSettings settings);
    /// Ends the thread; what was not answered is asked again by the next start.
    ~OpenerClient() = default;
    OpenerClient(const OpenerClient&) = delete;
    OpenerClient& operator=(const OpenerClient&) = delete;

    /// False when the window is full: ask for no more than open_window in flight.
    [[nodiscard]] bool ask(OpenRequest request);
    /// What has been answered by now.
    [[nodiscard]] std::vector<OpenReply> take_replies();
    [[nodiscard]] bool connected() const { return connected_; }
    /// The fingerprint of the opener's keys as it said last; nothing before it was reached.
    [[nodiscard]] std::optional<Digest> keys() const;

  private:
    void run(const std::stop_token& stop);
    /// What waits, at most open_together; nothing when there was nothing for a while.
    [[nodiscard]] std::vector<OpenRequest> take(const std::stop_token& stop);
    /// Sends all, then takes the answers: how many came. The rest are asked one by one, so that it shows
    /// under which of them the opener dies.
    [[nodiscard]] std::size_t ask_together(const std::vector<OpenRequest>& requests,
                                           const std::stop_token& stop);
    /// Until it is answered, given up, or stop is asked for.
    void settle(const OpenRequest& request, const std::stop_token& stop);
    [[nodiscard]] Result<void> greet();
    [[nodiscard]] bool connect(const std::stop_token& stop);
    [[nodiscard]] Result<OpenReply> exchange(const OpenRequest& request, milliseconds patience);
    [[nodiscard]] Result<OpenReply> receive_reply(std::uint64_t id, milliseconds patience);
    /// While nothing is asked: has the opener come, gone, or got other keys?
    void listen();
    void keep_keys(const Digest& keys);
    void lost(const Error& error);

    OpenerClientSettings settings_;
    Channel<OpenRequest> requests_;
    Channel<OpenReply> replies_;
    std::optional<PacketStream> stream_;  // the thread's own
    std::atomic<bool> connected_ = false;
    mutable std::mutex mutex_;
    std::optional<Digest> keys_;  // under mutex_
    std::jthread thread_;         // last: it ends before what it uses
};

}  // namespace portcullis
