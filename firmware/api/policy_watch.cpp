#include "api/policy_watch.hpp"

#include <sys/stat.h>

#include "base/log.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::chrono::seconds look_spacing{1};

void tell(const KnownAccessPolicy& known) {
    log_info("api", "access policy: version={} until={} people={} signer=\"{}\"", known.policy.version,
             to_string(known.policy.until), known.policy.people.size(), known.signer);
}

}  // namespace

Result<std::unique_ptr<PolicyWatch>> PolicyWatch::create(AccessFiles files, const Clock& clock) {
    const Stamp stamp = stamp_of(files.policy);
    KnownAccessPolicy known = TRY(load_access_policy(files));
    tell(known);
    return std::unique_ptr<PolicyWatch>(new PolicyWatch(std::move(files), clock, stamp, std::move(known)));
}

PolicyWatch::Stamp PolicyWatch::stamp_of(const std::filesystem::path& file) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_ctim.tv_sec * ns_per_s + status.st_ctim.tv_nsec, status.st_size};
}

Result<KnownAccessPolicy> PolicyWatch::load() const {
    const AccessPolicyGate gate = TRY(AccessPolicyGate::create(files_.rules));
    const Bytes blob = TRY(read_access_policy(files_));
    return open_access_policy(files_, gate, blob, PolicyInUse{known_->policy.version, known_->digest});
}

std::shared_ptr<const KnownAccessPolicy> PolicyWatch::current() {
    const std::lock_guard lock(mutex_);
    const BootTime now = clock_.since_boot();
    if (now - looked_ < look_spacing) return known_;
    looked_ = now;
    const Stamp stamp = stamp_of(files_.policy);
    if (stamp == stamp_) return known_;
    stamp_ = stamp;
    auto known = load();
    if (known) {
        tell(*known);
        known_ = std::make_shared<const KnownAccessPolicy>(std::move(*known));
    } else {
        log_error("api", "{}; going on with the access policy version={}", known.error().message(),
                  known_->policy.version);
    }
    return known_;
}

}  // namespace portcullis
