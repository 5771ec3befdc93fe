#pragma once
// KeyIntake: the reader's read key is renewed without a restart: asks for the next one when it is due, leaves
// the request where the uplink finds it, and takes the answer out of the inbox. What stands there is believed
// for what it is (KeyRenewal::take). Thread-bound: the commit thread, between two records.

#include "inbox/inbox.hpp"
#include "provision/key_renewal.hpp"

namespace portcullis {

/// How often it is looked whether the key is due, and an error is tried again.
inline constexpr std::chrono::minutes renewal_look_interval{1};

class KeyIntake {
  public:
    /// All outlive it. request: the file for the uplink.
    KeyIntake(Inbox& inbox, KeyRenewal& renewal, std::filesystem::path request, const Clock& clock)
        : inbox_(&inbox), renewal_(&renewal), request_(std::move(request)), clock_(&clock) {}

    /// One lstat when nothing is new. now: the newest time that the collector signed, or the device's own.
    /// True: the key's files are new ones, to be opened before the next record.
    [[nodiscard]] bool look(UtcTime now);

    [[nodiscard]] std::uint64_t refused() const { return refused_; }

  private:
    void ask(UtcTime now);
    void tell(const Error& error);

    Inbox* inbox_;
    KeyRenewal* renewal_;
    std::filesystem::path request_;
    const Clock* clock_;
    std::optional<BootTime> next_look_;
    std::optional<BootTime> retry_;
    bool left_ = false;
    std::string told_;
    std::uint64_t refused_ = 0;
};

}  // namespace portcullis
