#include "delivery_broker.hpp"

#include <algorithm>

#include "support/fake_broker.hpp"

namespace portcullis::test {

namespace {

// As Paho's: so many without an answer.
constexpr std::size_t library_window = 64;
constexpr milliseconds keep_alive{60'000};

bool is_item(const BrokerMessage& message) {
    return !message.topic.ends_with("/status");
}

}  // namespace

HostileBroker::HostileBroker(const Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

bool HostileBroker::dice(int chance) {
    return chance > 0 && below(1000) < static_cast<std::uint64_t>(chance);
}

milliseconds HostileBroker::some(milliseconds limit) {
    if (limit.count() <= 0) return milliseconds(0);
    return milliseconds(below(static_cast<std::uint64_t>(limit.count())));
}

Result<void> HostileBroker::End::start(BrokerHandlers given) {
    handlers = std::move(given);
    back_at = broker_->clock_.since_boot();
    return {};
}

Result<void> HostileBroker::End::publish(std::uint64_t token, BrokerMessage message) {
    if (!connected) return fail(ErrorCode::closed, "not connected");
    if (uploads.size() + answers.size() >= library_window || broker_->dice(broker_->tricks.exhausted)) {
        ++broker_->counts_.exhausted;
        return fail(ErrorCode::exhausted, "the window is full");
    }
    uploads.push_back({token, std::move(message)});
    return {};
}

void HostileBroker::step() {
    roll_step();
    if (silent()) return;
    for (const Side side : {Side::device, Side::collector}) {
        End& here = end(side);
        if (here.connected || !here.handlers.state || clock_.since_boot() < here.back_at) continue;
        here.connected = true;
        here.handlers.state(true, "hostile");
    }
    serve(Side::device);
    serve(Side::collector);
}

void HostileBroker::roll_step() {
    if (dice(tricks.kill)) kill(some(tricks.away));
    if (dice(tricks.cut_device)) cut(Side::device, some(tricks.away));
    if (dice(tricks.cut_collector)) cut(Side::collector, some(tricks.away));
    if (!dice(tricks.silence)) return;
    lines_end_ = dice(500);
    silent_until_ = clock_.since_boot() + (lines_end_ ? keep_alive : some(keep_alive));
}

/// A client whose pings are not answered for the keep-alive's time gives its line up.
bool HostileBroker::silent() {
    if (clock_.since_boot() < silent_until_) return true;
    if (!std::exchange(lines_end_, false)) return false;
    cut(Side::device, some(tricks.away));
    cut(Side::collector, some(tricks.away));
    return false;
}

void HostileBroker::serve(Side side) {
    End& here = end(side);
    if (!here.connected) return;
    for (Upload& upload : std::exchange(here.uploads, {}))
        take(side, std::move(upload));
    answer(here);
    hand_over(side);
}

void HostileBroker::take(Side side, Upload upload) {
    ++moves_;
    const BootTime due = clock_.since_boot() + some(tricks.delay);
    if (dice(tricks.refuse)) {
        ++counts_.refused;
        end(side).answers.push_back({due, upload.token, fail(ErrorCode::refused, "quota exceeded")});
        return;
    }
    route(side, upload.message);
    end(side).answers.push_back({due, upload.token, {}});
}

void HostileBroker::route(Side from, const BrokerMessage& message) {
    if (!is_item(message)) return;
    const bool receipt = from == Side::collector;
    if (!receipt) ++counts_.accepted;
    if (dice(receipt ? tricks.lose_receipt : tricks.drop)) {
        ++(receipt ? counts_.lost_receipts : counts_.lost);
        return;
    }
    End& to = receipt ? device_ : collector_;
    enqueue(to, message);
    while (dice(tricks.duplicate)) {
        ++counts_.copies;
        enqueue(to, message);
    }
}

void HostileBroker::enqueue(End& to, const BrokerMessage& message) {
    if (to.queue.size() >= tricks.queue) {
        ++(&to == &device_ ? counts_.lost_receipts : counts_.lost);
        return;
    }
    const std::size_t reach = std::min(tricks.overtake, to.queue.size());
    const auto back = static_cast<std::ptrdiff_t>(below(reach + 1));
    to.queue.insert(to.queue.end() - back, {clock_.since_boot() + some(tricks.delay), message});
}

void HostileBroker::answer(End& end) {
    for (Answer& one : std::exchange(end.answers, {})) {
        if (one.due > clock_.since_boot()) {
            end.answers.push_back(std::move(one));
            continue;
        }
        ++moves_;
        end.handlers.accepted(one.token, std::move(one.outcome));
    }
}

void HostileBroker::hand_over(Side side) {
    End& here = end(side);
    for (std::size_t i = 0; i < tricks.at_once; ++i) {
        if (here.queue.empty() || here.queue.front().due > clock_.since_boot()) return;
        if (side == Side::device) {
            ++counts_.receipts;
            promised_ = std::max<Seq>(promised_, std::stoull(property_of(here.queue.front().message, "seq")));
        }
        ++moves_;
        here.handlers.message(std::move(here.queue.front().message));
        here.queue.pop_front();
    }
}

void HostileBroker::drop_line(Side side, bool told) {
    End& here = end(side);
    if (!here.connected) return;
    here.connected = false;
    if (side == Side::device) ++counts_.cuts;
    for (const Upload& upload : here.uploads) {
        if (dice(500)) route(side, upload.message);
        here.answers.push_back({{}, upload.token, {}});
    }
    here.uploads.clear();
    for (const Answer& one : std::exchange(here.answers, {}))
        if (told) here.handlers.accepted(one.token, fail(ErrorCode::closed, "lost"));
    if (told) here.handlers.state(false, "lost");
}

void HostileBroker::cut(Side side, milliseconds away) {
    drop_line(side, true);
    end(side).back_at = std::max(end(side).back_at, clock_.since_boot() + away);
}

void HostileBroker::hang_up(Side side) {
    drop_line(side, false);
    end(side).handlers = {};
}

void HostileBroker::kill(milliseconds away) {
    cut(Side::device, away);
    cut(Side::collector, away);
    counts_.lost += collector_.queue.size();
    counts_.lost_receipts += device_.queue.size();
    collector_.queue.clear();
    device_.queue.clear();
}

bool HostileBroker::busy() const {
    const auto moves = [](const End& end) {
        return !end.uploads.empty() || !end.answers.empty() || (end.connected && !end.queue.empty());
    };
    return moves(device_) || moves(collector_);
}

}  // namespace portcullis::test
