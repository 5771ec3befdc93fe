#pragma once
// PolicyWatch: the access policy that the API goes by, taken anew when its file was replaced. One that is
// refused is told, and the one before stays; an older version is refused as long as this process lives (the
// opener, which shows plates, remembers for good). Thread-safe.

#include <memory>
#include <mutex>

#include "base/clock.hpp"
#include "seal/access_policy_file.hpp"

namespace portcullis {

class PolicyWatch {
  public:
    /// clock outlives it. Errors: configuration (load_access_policy's).
    [[nodiscard]] static Result<std::unique_ptr<PolicyWatch>> create(AccessFiles files, const Clock& clock);

    /// Looks at the file once a second.
    [[nodiscard]] std::shared_ptr<const KnownAccessPolicy> current();

  private:
    /// Which file it is: another one has another.
    struct Stamp {
        std::uint64_t inode = 0;
        std::int64_t changed_ns = 0;
        std::int64_t bytes = -1;
        bool operator==(const Stamp&) const = default;
    };
    PolicyWatch(AccessFiles files, const Clock& clock, Stamp stamp, KnownAccessPolicy known)
        : files_(std::move(files)),
          clock_(clock),
          stamp_(stamp),
          looked_(clock.since_boot()),
          known_(std::make_shared<const KnownAccessPolicy>(std::move(known))) {}
    [[nodiscard]] static Stamp stamp_of(const std::filesystem::path& file);
    [[nodiscard]] Result<KnownAccessPolicy> load() const;

    AccessFiles files_;
    const Clock& clock_;
    std::mutex mutex_;
    Stamp stamp_;
    BootTime looked_;
    std::shared_ptr<const KnownAccessPolicy> known_;
};

}  // namespace portcullis
