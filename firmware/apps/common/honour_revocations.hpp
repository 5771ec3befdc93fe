#pragma once
// What a daemon says when its lists of the revoked were looked at (TrustStore::refresh), before each turn.

#include <string_view>

#include "base/log.hpp"
#include "base/result.hpp"

namespace portcullis {

inline void honour_revocations(std::string_view room, const Result<bool>& refreshed) {
    if (!refreshed)
        log_error(room, "{}; what the lists said before goes on to count", refreshed.error().message());
    else if (*refreshed)
        log_info(room, "deny list or revocation list read again");
}

}  // namespace portcullis
