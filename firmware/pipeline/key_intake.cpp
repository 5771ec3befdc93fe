#include "pipeline/key_intake.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

namespace portcullis {

namespace {

constexpr unsigned group_readable = 0640;

}  // namespace

bool KeyIntake::look(UtcTime now) {
    if (!next_look_ || clock_->since_boot() >= *next_look_) {
        next_look_ = clock_->since_boot() + renewal_look_interval;
        ask(now);
    }
    if (retry_ && clock_->since_boot() >= *retry_) {
        retry_.reset();
        inbox_->again(certificate_name);
    }
    const auto answer = inbox_->poll(certificate_name, max_renewal_bytes);
    if (!answer) return false;
    if (const auto taken = renewal_->take(*answer); !taken) {
        ++refused_;
        // A disk may have room again; what is no answer of ours never becomes one.
        if (taken.error().code() != ErrorCode::refused) retry_ = clock_->since_boot() + renewal_look_interval;
        tell(taken.error());
        return false;
    }
    std::error_code ignored;
    std::filesystem::remove(request_, ignored);
    left_ = false;
    told_.clear();
    log_info("keys", "the read key is renewed");
    return true;
}

void KeyIntake::ask(UtcTime now) {
    const auto request = renewal_->request(now);
    if (!request) return tell(request.error());
    if (!*request || left_) return;
    if (const auto written = write_file_atomically(request_, **request, group_readable); !written)
        return tell(written.error());
    left_ = true;
    log_info("keys", "the read key is due: its successor is made, the request goes out with the uplink");
}

void KeyIntake::tell(const Error& error) {
    if (error.message() == told_) return;
    told_ = error.message();
    log_error("keys", "the read key is not renewed, the one in use stays: {}", error.message());
}

}  // namespace portcullis
