#pragma once
// ViewFeed: the newest views, kept in memory for those who subscribe late, and a bounded queue for each
// subscriber. A subscriber who does not read is let go: nobody slows down the opener. Views are wiped when
// they are dropped. Thread-bound.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/link/view_exchange.hpp"
#include "collector/link/wipe.hpp"

namespace portcullis {

/// Which item a view shows.
struct ViewPlace {
    std::string device;
    ChainId chain;
    Seq seq = 0;
};

/// An encoded view, wiped at its end.
class EncodedView {
  public:
    EncodedView(Bytes bytes, std::string device, std::optional<ViewPlace> opens = std::nullopt)
        : bytes_(std::move(bytes)), device_(std::move(device)), opens_(std::move(opens)) {}
    ~EncodedView() { wipe(bytes_); }
    EncodedView(const EncodedView&) = delete;
    EncodedView& operator=(const EncodedView&) = delete;
    [[nodiscard]] ByteView bytes() const { return bytes_; }
    [[nodiscard]] const std::string& device() const { return device_; }
    /// The item that is opened to whoever gets this view; nothing when the view holds no text.
    [[nodiscard]] const std::optional<ViewPlace>& opens() const { return opens_; }

  private:
    Bytes bytes_;
    std::string device_;
    std::optional<ViewPlace> opens_;
};

/// What one subscriber has still to be sent, from the first byte not yet sent. Nothing of a view is sent
/// before it was granted: by then its opening stands in the audit log.
class Outbox {
  public:
    /// A subscriber this far behind is let go.
    static constexpr std::size_t max_views = 2 * max_last_views;

    /// False when it is full.
    [[nodiscard]] bool push(std::shared_ptr<const EncodedView> view);
    [[nodiscard]] bool empty() const { return queue_.empty(); }
    /// The next views that are not granted, at most `limit`, in order.
    [[nodiscard]] std::vector<const EncodedView*> ungranted(std::size_t limit) const;
    /// The next `views` of them may be sent.
    void grant(std::size_t views) { granted_ += views; }
    /// The next bytes to send; empty when nothing that is granted waits.
    [[nodiscard]] ByteView next() const;
    void sent(std::size_t bytes);
    /// A view was sent in part: nothing else may be sent before its rest.
    [[nodiscard]] bool in_midst() const { return offset_ != 0; }

  private:
    std::deque<std::shared_ptr<const EncodedView>> queue_;
    std::size_t offset_ = 0;
    std::size_t granted_ = 0;  // of the queue's views, from its front
};

class ViewFeed {
  public:
    using Subscriber = int;

    explicit ViewFeed(std::size_t keep) : keep_(keep) {}

    /// Gives the view to all subscribers who may see its device, once: a second view of the same place and
    /// verdict is dropped while the first is remembered (ingest asks again after it was killed). Returns
    /// those who are full: let them go.
    [[nodiscard]] std::vector<Subscriber> publish(const View& view);
    /// last: how many of the newest to begin with, of those that he may see. devices: whose views he may see,
    /// ascending.
    void subscribe(Subscriber subscriber, std::uint32_t last, std::vector<std::string> devices);
    void unsubscribe(Subscriber subscriber) { seats_.erase(subscriber); }
    /// Null when the subscriber is unknown.
    [[nodiscard]] Outbox* outbox(Subscriber subscriber);
    /// Who subscribes late gets nothing of what was shown before.
    void forget_kept() { newest_.clear(); }
    [[nodiscard]] std::size_t kept() const { return newest_.size(); }

  private:
    struct Seat {
        std::vector<std::string> devices;
        Outbox outbox;
    };
    std::size_t keep_;
    std::deque<std::shared_ptr<const EncodedView>> newest_;
    std::deque<std::string> seen_;  // places of the newest views, without content
    std::map<Subscriber, Seat> seats_;
};

}  // namespace portcullis
