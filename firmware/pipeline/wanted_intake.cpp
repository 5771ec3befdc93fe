#include "pipeline/wanted_intake.hpp"

#include <utility>

#include "base/log.hpp"
#include "wanted/wanted_matcher.hpp"

namespace portcullis {

namespace {

/// It may be good later: the clock is found out, the policy key's certificate is brought.
constexpr std::chrono::minutes retry_refused{1};

}  // namespace

void WantedIntake::look(UtcTime signed_time) {
    time_.witness(signed_time);
    if (retry_ && clock_->since_boot() >= *retry_) {
        retry_.reset();
        inbox_->again(wanted_name);
    }
    if (const auto blob = inbox_->poll(wanted_name, max_wanted_bytes)) take(*blob);
}

void WantedIntake::take(ByteView blob) {
    std::optional<SignedVersion> in_use;
    if (known_) in_use = SignedVersion{known_->tokens.version, known_->digest};
    auto opened = gate_.open(blob, in_use, time_.least());
    if (opened) {
        time_.witness(opened->tokens.issued);
        known_ = std::move(*opened);
        told_ = false;
        blind_.reset();
        log_info("hotlist", "wanted tokens: version={} until={}", known_->tokens.version,
                 to_iso8601(known_->tokens.until));
        return;
    }
    ++refused_;
    retry_ = clock_->since_boot() + retry_refused;
    if (std::exchange(told_, true)) return;
    log_error(
        "hotlist",
        "wanted tokens in the inbox are not taken, going on with what was there before: why=\"{}\" "
        "cure=\"compare [hotlist] of reader.toml with who signs them; when they agree, look who writes the "
        "inbox\"",
        opened.error().message());
}

bool WantedIntake::wants(const Read& read, ClockQuality quality) {
    const bool blind = !known_ || time_.judged(quality) >= known_->tokens.until;
    if (blind_ != blind) tell(blind);
    blind_ = blind;
    return !blind && may_be_wanted(known_->tokens, read);
}

void WantedIntake::tell(bool blind) {
    if (!blind)
        log_info("hotlist", "what may be wanted leaves this device, nothing else does");
    else if (known_)
        log_error(
            "hotlist",
            "degraded: the wanted tokens are over since {}: nothing leaves this device until new ones come",
            to_iso8601(known_->tokens.until));
    else
        log_error("hotlist",
                  "degraded: no wanted tokens have come yet: nothing leaves this device until then");
}

}  // namespace portcullis
