#pragma once
// RegistrarDesk: hands devices' requests for their next keys to the registrar, who has the device CA's key
// and no network (provision/registrar.hpp), and his answers to the devices. Ingest holds no key that could
// issue one: the worst that it can do is to lose them. Thread-bound.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/file_stamp.hpp"
#include "ports/broker.hpp"
#include "seal/trust.hpp"

namespace portcullis {

/// Devices whose answer is awaited; a request above it is refused, and comes again.
inline constexpr std::size_t max_awaited_answers = 10'000;
inline constexpr std::chrono::seconds answer_look_interval{2};

class RegistrarDesk {
  public:
    /// identities: whose TLS keys may be renewed; without them only read keys are.
    RegistrarDesk(std::filesystem::path folder, std::optional<TrustStore> identities)
        : folder_(std::move(folder)), identities_(std::move(identities)) {}

    /// Other identities (SIGHUP): those of `fresh`.
    void replace_identities(RegistrarDesk fresh) { identities_ = std::move(fresh.identities_); }

    /// A request of `device`, as its topic says. read_keys: the signers whom ingest knows; proven: such a key
    /// has confirmed a chain of the device; a read key is not renewed before. Durable in the registrar's
    /// folder when it returns. Errors: refused (why it is not handed on), io.
    [[nodiscard]] Result<void> hear(const std::string& device, ByteView request, const TrustStore& read_keys,
                                    bool proven, UtcTime now);
    /// Answers that have come since, to be published. One that is lost is given again when its device asks
    /// again.
    [[nodiscard]] std::vector<BrokerMessage> answers(BootTime now);

  private:
    struct Awaited {
        std::string device;
        FileStamp sent;
    };
    std::filesystem::path folder_;
    std::optional<TrustStore> identities_;
    std::map<std::string, Awaited> awaited_;  // by "<device>.<use>"
    std::optional<BootTime> next_look_;
};

}  // namespace portcullis
