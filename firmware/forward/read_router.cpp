#include "forward/read_router.hpp"

#include "forward/webhook.hpp"

namespace portcullis {

void ReadRouter::route(const View& view) {
    if (!view.captured_at) return;  // nothing of it may be believed; its second view may
    std::string id = delivery_id(view);
    if (!known_.insert(id).second) return;
    order_.push_back(std::move(id));
    if (order_.size() > max_remembered_reads) {
        known_.erase(order_.front());
        order_.pop_front();
    }
    ++routed_;
    takes_(view);
}

}  // namespace portcullis
