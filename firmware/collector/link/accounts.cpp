#include "collector/link/accounts.hpp"

#include <grp.h>
#include <pwd.h>

#include <array>
#include <charconv>
#include <optional>

namespace portcullis {

namespace {

/// Enough for any line of /etc/passwd and for a group of some hundred members.
constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;

std::optional<unsigned> number(const std::string& text) {
    unsigned value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

}  // namespace

Result<uid_t> user_id(const std::string& name) {
    if (const auto value = number(name)) return *value;
    std::array<char, buffer_bytes> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return fail(ErrorCode::configuration, "there is no user '{}' on this host; add it or name another",
                    name);
    return entry.pw_uid;
}

Result<gid_t> group_id(const std::string& name) {
    if (const auto value = number(name)) return *value;
    std::array<char, buffer_bytes> buffer;
    group entry{};
    group* found = nullptr;
    if (::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return fail(ErrorCode::configuration, "there is no group '{}' on this host; add it or name another",
                    name);
    return entry.gr_gid;
}

std::optional<std::string> account_of(uid_t uid) {
    std::array<char, buffer_bytes> buffer;
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return entry.pw_name;
}

std::string user_name(uid_t uid) {
    return account_of(uid).value_or(fmt::format("uid {}", uid));
}

}  // namespace portcullis
