#include "drivers/broker/paho/back_off.hpp"

#include <algorithm>

namespace portcullis {

milliseconds BackOff::next() {
    const milliseconds whole = std::min(next_, limit_);
    next_ = std::min(whole * 2, limit_);
    std::uniform_int_distribution<milliseconds::rep> part(whole.count() / 2, whole.count());
    return milliseconds(part(random_));
}

}  // namespace portcullis
