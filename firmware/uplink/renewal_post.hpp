#pragma once
// RenewalPost: carries a device's requests for its next keys to the collector, and the answers back: the read
// key's to the reader's inbox, its own identity's into its own folder. Whoever gives an answer is not asked:
// an answer is believed for what it is (KeyRenewal::take), here and in the reader. Thread-bound.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/file_stamp.hpp"
#include "inbox/inbox_writer.hpp"
#include "ports/broker.hpp"
#include "provision/key_renewal.hpp"

namespace portcullis {

/// A request that is not answered is sent again after each connect and so much later, each time after twice
/// the time: nobody says whether it was handed on.
inline constexpr std::chrono::seconds renewal_ask_first{10};
inline constexpr std::chrono::hours renewal_ask_limit{1};
/// How often it is looked whether there is one.
inline constexpr std::chrono::seconds renewal_post_interval{5};

class RenewalPost {
  public:
    /// read_request: the file that the reader leaves beside the spool. identity: none when the uplink's own
    /// key is renewed by hand.
    RenewalPost(std::string device, std::filesystem::path read_request, std::optional<KeyRenewal> identity,
                const Clock& clock)
        : device_(std::move(device)),
          read_request_(std::move(read_request)),
          identity_(std::move(identity)),
          clock_(&clock) {}

    [[nodiscard]] std::string command_topic() const { return "lpr/v1/dev/" + device_ + "/cmd"; }
    /// What is to be published now: one stat when nothing is.
    [[nodiscard]] std::vector<BrokerMessage> due();
    /// After a connect: all that is open goes again.
    void begin_again();
    /// A message of command_topic. Told in the log, whatever becomes of it.
    void take(ByteView payload, InboxWriter& inbox);
    /// True once after the identity was renewed: connect anew.
    [[nodiscard]] bool take_reconnect() { return std::exchange(reconnect_, false); }

  private:
    struct Pace {
        std::optional<BootTime> next;
        milliseconds wait = renewal_ask_first;
        [[nodiscard]] bool due(BootTime now) const { return !next || now >= *next; }
        void sent(BootTime now) {
            next = now + wait;
            wait = std::min<milliseconds>(2 * wait, renewal_ask_limit);
        }
    };
    [[nodiscard]] BrokerMessage message(Bytes request) const;
    [[nodiscard]] std::optional<Bytes> read_request();
    [[nodiscard]] std::optional<Bytes> identity_request();

    std::string device_;
    std::filesystem::path read_request_;
    std::optional<KeyRenewal> identity_;
    const Clock* clock_;
    std::optional<FileStamp> seen_;
    std::optional<BootTime> next_look_;
    Pace read_pace_;
    Pace identity_pace_;
    std::string told_;
    bool reconnect_ = false;
};

}  // namespace portcullis
