#pragma once
// Devices of one run of `portcullis bench collector`: they seal records beforehand, as messages of a broker.
// Thread-bound.

#include <memory>
#include <vector>

#include "apps/portcullis/bench_keys.hpp"
#include "ports/broker.hpp"
#include "seal/opener.hpp"
#include "seal/sealer.hpp"

namespace portcullis::bench {

class Fleet {
  public:
    /// Errors: ThrowAwayKeys::create's.
    [[nodiscard]] static Result<Fleet> create(std::size_t devices);

    /// Records of all devices by turns, in chains of their own: reads, with their pictures if wanted (padded
    /// to their smallest size), and a checkpoint after each 64 items.
    [[nodiscard]] Result<std::vector<BrokerMessage>> seal(std::uint64_t records, bool pictures) const;

    [[nodiscard]] Result<TrustStore> trust() const;
    /// With a recipient's key that opens all.
    [[nodiscard]] Result<EnvelopeOpener> opener() const;
    /// For receipts.
    [[nodiscard]] const SigningKey& receipt_key() const { return *keys_of_devices_.front(); }

  private:
    explicit Fleet(ThrowAwayKeys keys) : keys_(std::move(keys)) {}

    ThrowAwayKeys keys_;
    std::vector<std::unique_ptr<SigningKey>> keys_of_devices_;
    std::vector<Sealer> sealers_;
};

}  // namespace portcullis::bench
