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

bool UplinkService::rest_has_the_line() {
    const auto now = std::chrono::steady_clock::now();
    if (!rest_) return now >= next_slice_ && begin_slice();
    const bool goes_on =
        now < slice_ends_ && !rest_->moved() && rest_->stats().value_or(SpoolStats()).items > 0;
    if (!goes_on) end_slice();
    return goes_on;
}

/// The first spool goes before: its new items wait for a slice's end.
bool UplinkService::begin_slice() {
    const auto now = std::chrono::steady_clock::now();
    if (!std::filesystem::exists(rest_of(settings_.spool.path))) {
        next_slice_ = now + settings_.retry_interval;
        return false;
    }
    const auto stats = spool_->stats();
    const bool empty = stats && stats->items == 0;
    const bool waited_long = now >= next_slice_ + settings_.rest_interval;
    if (!uplink_.connected() || (!empty && (!waited_long || uplink_.catching_up()))) return false;
    next_slice_ = now + settings_.rest_interval;
    SpoolSettings second = settings_.spool;
    second.path = rest_of(second.path);
    auto rest = Spool::attach(second);
    if (!rest || rest->stats().value_or(SpoolStats()).items == 0) return false;
    slice_ends_ = now + settings_.rest_slice;
    rest_ = std::move(*rest);
    log_info("uplink", "carrying what was salvaged: chain={}", to_string(rest_->head().chain));
    return true;
}

void UplinkService::end_slice() {
    rest_.reset();
    next_slice_ = std::chrono::steady_clock::now() + settings_.rest_interval;
}

Result<bool> UplinkService::turn() {
    if (!TRY(attach())) return false;
    const auto turned = uplink_.turn(rest_has_the_line() ? *rest_ : *spool_);
    if (turned)
        last_told_.clear();
    else if (turned.error().code() != ErrorCode::closed)  // opened anew meanwhile: attach() follows
        tell(turned.error());
    return turned.has_value() || turned.error().code() == ErrorCode::closed;
}

}  // namespace portcullis
