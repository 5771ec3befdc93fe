#include "uplink/uplink_service.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace {

bool is_final(ErrorCode code) {
    return code == ErrorCode::configuration || code == ErrorCode::unsupported || code == ErrorCode::refused;
}

}  // namespace

// Once for each new complaint: a reader that starts minutes later is no reason for a line a second.
void UplinkService::tell(const Error& error) {
    if (error.message() == last_told_) return;
    last_told_ = error.message();
    if (error.code() == ErrorCode::not_found)
        log_info("uplink", "waiting for the reader to make the spool: {}", error.message());
    else
        log_error("uplink", "{}; trying again", error.message());
}

Result<bool> UplinkService::attach() {
    if (spool_ && !spool_->moved()) return true;
    if (spool_) log_info("uplink", "the reader opened the spool anew, following");
    spool_.reset();
    auto attached = Spool::attach(settings_.spool);
    if (!attached) {
        if (is_final(attached.error().code())) return fail(std::move(attached.error()));
        tell(attached.error());
        return false;
    }
    spool_ = std::move(*attached);
    uplink_.follow(spool_->head().chain);
    log_info("uplink", "attached: chain={} spool={}", to_string(spool_->head().chain),
             settings_.spool.path.string());
    return true;
}

Result<void> UplinkService::run(const std::stop_token& stop, const std::function<void()>& each_turn) {
    while (!stop.stop_requested()) {
        const bool worked = TRY(turn());
        heartbeat_.beat();
        each_turn();
        if (worked)
            uplink_.wait(stop, settings_.poll_interval);
        else
            uplink_.pause(stop, settings_.retry_interval);
    }
    return {};
}

Result<bool> UplinkService::turn() {
    if (!TRY(attach())) return false;
    const auto turned = uplink_.turn(*spool_);
    if (turned)
        last_told_.clear();
    else if (turned.error().code() != ErrorCode::closed)  // opened anew meanwhile: attach() follows
        tell(turned.error());
    return turned.has_value() || turned.error().code() == ErrorCode::closed;
}

}  // namespace portcullis
