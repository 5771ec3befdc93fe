#include "uplink/renewal_post.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

namespace portcullis {

BrokerMessage RenewalPost::message(Bytes request) const {
    return {.topic = "lpr/v1/dev/" + device_ + "/req",
            .payload = std::move(request),
            .content_type = "application/cms",
            .properties = {{"v", "1"}}};
}

std::vector<BrokerMessage> RenewalPost::due() {
    std::vector<BrokerMessage> messages;
    const BootTime now = clock_->since_boot();
    if (next_look_ && now < *next_look_) return messages;
    next_look_ = now + renewal_post_interval;
    if (auto request = read_request()) messages.push_back(message(std::move(*request)));
    if (auto request = identity_request()) messages.push_back(message(std::move(*request)));
    return messages;
}

void RenewalPost::begin_again() {
    next_look_.reset();
    read_pace_ = identity_pace_ = {};
}

std::optional<Bytes> RenewalPost::read_request() {
    const FileStamp stamp = stamp_of(read_request_);
    if (std::exchange(seen_, stamp) != stamp) read_pace_ = {};
    if (!read_pace_.due(clock_->since_boot())) return std::nullopt;
    auto request = read_file(read_request_, max_renewal_bytes);
    if (!request) return std::nullopt;  // nothing is asked for
    read_pace_.sent(clock_->since_boot());
    return std::move(*request);
}

std::optional<Bytes> RenewalPost::identity_request() {
    if (!identity_ || !identity_pace_.due(clock_->since_boot())) return std::nullopt;
    auto request = identity_->request(clock_->utc());
    if (!request) {
        if (std::exchange(told_, request.error().message()) != request.error().message())
            log_error("uplink", "the identity is not renewed: {}", request.error().message());
        return std::nullopt;
    }
    if (*request) identity_pace_.sent(clock_->since_boot());
    return std::move(*request);
}

void RenewalPost::take(ByteView payload, InboxWriter& inbox) {
    const Result<X509Ptr> answer = parse_answer(payload);
    if (!answer) return log_error("uplink", "a command is not taken: {}", answer.error().message());
    if (use_of_answer(answer->get()) == DeviceKey::read) {
        if (const auto put = inbox.put(certificate_name, payload); !put)
            log_error("uplink", "a certificate cannot be handed to the reader: {}", put.error().message());
        return;
    }
    const auto taken = identity_
                           ? identity_->take(payload)
                           : Result<void>(fail(ErrorCode::refused, "renewal: it is not asked for here"));
    if (!taken) return log_error("uplink", "the identity stays as it is: {}", taken.error().message());
    identity_pace_ = {};
    reconnect_ = true;
    log_info("uplink", "the identity is renewed");
}

}  // namespace portcullis
