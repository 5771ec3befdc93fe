#pragma once
// ReadRouter: hands each read to the couriers whose hooks are to hear of it, once: what the opener shows a
// second time (after a new connection) is dropped while it is remembered. Holds places, no texts.
// Thread-bound.

#include <deque>
#include <functional>
#include <string>
#include <unordered_set>

#include "collector/link/view_exchange.hpp"

namespace portcullis {

/// So many reads are remembered: more than the opener gives to one that begins anew.
inline constexpr std::size_t max_remembered_reads = std::size_t{8} * max_last_views;

class ReadRouter {
  public:
    using Take = std::function<void(const View&)>;
    /// takes: called for each read that may be believed and is new.
    explicit ReadRouter(Take takes) : takes_(std::move(takes)) {}

    void route(const View& view);
    [[nodiscard]] std::uint64_t routed() const { return routed_; }

  private:
    Take takes_;
    std::unordered_set<std::string> known_;
    std::deque<std::string> order_;  // the oldest first
    std::uint64_t routed_ = 0;
};

}  // namespace portcullis
