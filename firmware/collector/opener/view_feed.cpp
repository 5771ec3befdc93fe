#include "collector/opener/view_feed.hpp"

#include <algorithm>
#include <iterator>

#include "base/log.hpp"

namespace portcullis {

namespace {

/// Ingest repeats at most what was in flight when it was killed.
constexpr std::size_t max_seen = 256;

std::string place_of(const View& view) {
    return fmt::format("{}/{}/{}/{}/{}", view.device, to_string(view.chain), view.seq,
                       to_string(view.verdict.authenticity), view.received_at.time_since_epoch().count());
}

bool sees(const std::vector<std::string>& devices, const EncodedView& view) {
    return std::ranges::binary_search(devices, view.device());
}

}  // namespace

bool Outbox::push(std::shared_ptr<const EncodedView> view) {
    if (queue_.size() >= max_views) return false;
    queue_.push_back(std::move(view));
    return true;
}

ByteView Outbox::next() const {
    return granted_ == 0 ? ByteView() : queue_.front()->bytes().subspan(offset_);
}

std::vector<const EncodedView*> Outbox::ungranted(std::size_t limit) const {
    std::vector<const EncodedView*> views;
    for (std::size_t i = granted_; i < queue_.size() && views.size() < limit; ++i)
        views.push_back(queue_[i].get());
    return views;
}

void Outbox::sent(std::size_t bytes) {
    offset_ += bytes;
    if (!queue_.empty() && offset_ >= queue_.front()->bytes().size()) {
        queue_.pop_front();
        --granted_;
        offset_ = 0;
    }
}

std::vector<ViewFeed::Subscriber> ViewFeed::publish(const View& view) {
    std::string place = place_of(view);
    if (std::find(seen_.begin(), seen_.end(), place) != seen_.end()) return {};
    Packet packet = to_packet(view);
    Result<Bytes> bytes = encode_packet(packet);
    wipe(packet.header);
    if (!bytes) {
        log_error("opener", "a view was not shown: {}", bytes.error().message());
        return {};
    }
    std::optional<ViewPlace> opens;
    if (view.captured_at) opens = ViewPlace{view.device, view.chain, view.seq};
    const auto encoded =
        std::make_shared<const EncodedView>(std::move(*bytes), view.device, std::move(opens));
    seen_.push_back(std::move(place));
    if (seen_.size() > max_seen) seen_.pop_front();
    if (keep_ > 0) newest_.push_back(encoded);
    if (newest_.size() > keep_) newest_.pop_front();
    std::vector<Subscriber> full;
    for (auto& [subscriber, seat] : seats_)
        if (sees(seat.devices, *encoded) && !seat.outbox.push(encoded)) full.push_back(subscriber);
    return full;
}

void ViewFeed::subscribe(Subscriber subscriber, std::uint32_t last, std::vector<std::string> devices) {
    std::vector<std::shared_ptr<const EncodedView>> his;
    std::ranges::copy_if(newest_, std::back_inserter(his),
                         [&](const auto& view) { return sees(devices, *view); });
    Seat& seat = seats_[subscriber];
    seat.devices = std::move(devices);
    const std::size_t wanted = std::min<std::size_t>(last, his.size());
    for (std::size_t i = his.size() - wanted; i < his.size(); ++i)
        static_cast<void>(seat.outbox.push(his[i]));  // fits: max_last_views < Outbox::max_views
}

Outbox* ViewFeed::outbox(Subscriber subscriber) {
    const auto place = seats_.find(subscriber);
    return place == seats_.end() ? nullptr : &place->second.outbox;
}

}  // namespace portcullis
