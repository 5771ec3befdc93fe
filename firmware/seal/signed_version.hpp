#pragma once
// The version of something that the policy key signs anew again and again: nobody goes back. Reentrant.

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "base/sha256.hpp"

namespace portcullis {

struct SignedVersion {
    std::uint64_t version = 0;
    Digest digest{};  // of the signed bytes
    bool operator==(const SignedVersion&) const = default;
};

/// what: "access policy". Errors: refused (lower than the one in use, or other bytes of its version).
[[nodiscard]] inline Result<void> check_version(std::string_view what, const SignedVersion& given,
                                                const std::optional<SignedVersion>& in_use) {
    if (!in_use) return {};
    if (given.version < in_use->version)
        return fail(ErrorCode::refused,
                    "{}: version {} is lower than {}, which was in use; sign a new one with --previous", what,
                    given.version, in_use->version);
    if (given.version == in_use->version && given.digest != in_use->digest)
        return fail(ErrorCode::refused, "{}: another one has the version {} as well; sign a new version",
                    what, given.version);
    return {};
}

}  // namespace portcullis
