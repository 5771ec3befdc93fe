#include "forward/view_follower.hpp"

#include <poll.h>

#include <algorithm>
#include <thread>

#include "base/log.hpp"
#include "base/wipe.hpp"
#include "collector/link/wipe.hpp"

namespace portcullis {

namespace {

/// One turn gives no more: whoever waits for the turn's end (a stop, the watchdog) waits no longer.
constexpr int max_views_a_turn = 256;

/// Not inlined: the texts of a view lie in this frame and below it, which the caller wipes.
[[gnu::noinline]] Result<void> give(Packet& packet, const ViewFollower::Take& take) {
    const Result<View> view = parse_view(packet);
    wipe(packet.header);
    if (!view) return fail(view.error());
    take(*view);
    return {};
}

}  // namespace

ViewFollower::ViewFollower(std::filesystem::path socket, Subscription subscription, Take take,
                           const Clock& clock)
    : socket_(std::move(socket)),
      subscription_(std::move(subscription)),
      take_(std::move(take)),
      clock_(clock) {}

void ViewFollower::step(milliseconds patience) {
    if (!stream_ && clock_.since_boot() >= next_try_) connect();
    if (!stream_) return std::this_thread::sleep_for(patience);
    pollfd entry{stream_->fd(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(patience.count())) > 0) drain();
}

void ViewFollower::connect() {
    auto socket = connect_unix(socket_);
    if (!socket) return lose(socket.error());
    auto stream = ViewStream::subscribe(std::move(*socket), subscription_);
    if (!stream) return lose(stream.error());
    stream_.emplace(std::move(*stream));
    connected_at_ = clock_.since_boot();
}

void ViewFollower::drain() {
    for (int given = 0; given < max_views_a_turn; ++given) {
        auto packet = stream_->next_now();
        if (!packet) return lose(packet.error());
        if (!*packet) return;
        const Result<void> taken = give(**packet, take_);
        wipe_unused_stack();
        if (!taken) return lose(taken.error());
        if (!told_.empty()) log_info("forward", "the opener shows reads again");
        told_.clear();
    }
}

/// The same reason again stands in the log once.
void ViewFollower::lose(const Error& why) {
    // A connection that has held tells of an opener that was well: it will be back soon.
    if (stream_ && clock_.since_boot() - connected_at_ >= longest_follow_pause) pause_ = first_follow_pause;
    stream_.reset();
    next_try_ = clock_.since_boot() + pause_;
    pause_ = std::min(2 * pause_, longest_follow_pause);
    if (why.message() != told_)
        log_warning("forward", "sees nothing, and asks again: {}; {}", why.message(),
                    why.code() == ErrorCode::refused
                        ? "name this account in the access policy, as an operator with this purpose"
                        : "is portcullis-opener there, and are we of the group of its view socket?");
    told_ = why.message();
}

}  // namespace portcullis
