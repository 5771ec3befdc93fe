#include "pipeline/recipient_intake.hpp"

#include <utility>

#include "base/log.hpp"

namespace portcullis {

void RecipientIntake::look(UtcTime signed_time) {
    recipients_->witness(signed_time);
    if (retry_ && clock_->since_boot() >= *retry_) {
        retry_.reset();
        inbox_->again(recipients_name);
    }
    if (const auto blob = inbox_->poll(recipients_name, max_recipient_set_bytes)) {
        const auto taken = recipients_->offer(*blob);
        if (taken) {
            taken_ += *taken ? 1 : 0;
            told_ = false;
            retry_.reset();
        } else {
            refuse(taken.error());
        }
    }
    recipients_->apply(*sealer_, quality_);
}

/// It may be good later: the disk has room again, the clock is found out.
void RecipientIntake::refuse(const Error& error) {
    ++refused_;
    if (!retry_) retry_ = clock_->since_boot() + set_retry;
    if (std::exchange(told_, true)) return;
    log_error(
        "recipients",
        "a recipient set in the inbox is not taken, going on with the one before: why=\"{}\" cure=\"compare "
        "[recipients] of reader.toml with what `portcullis policy show` says of the set; when they agree, "
        "look who "
        "writes the inbox\"",
        error.message());
}

}  // namespace portcullis
