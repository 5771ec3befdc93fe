#pragma once
// KeyRenewal: a device's key asks for the next one by itself. After two thirds of its life the next key is
// made beside it, and a request that the key in use signs: whoever has another key of the device cannot ask.
// The answer is believed by what it is: for the next key, our name, that use, by the device CA. Thread-bound.

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "provision/device_keys.hpp"

namespace portcullis {

inline constexpr int renewal_due_percent = 66;
/// Under this name the uplink leaves an answer for the reader in the inbox.
inline constexpr std::string_view certificate_name = "certificate";
/// Beside the spool: the reader's request, which the uplink publishes as long as it stands there.
inline constexpr std::string_view read_request_name = "read.request";
/// An answer or a request, PEM or DER. Ours have about 1 KiB.
inline constexpr std::size_t max_renewal_bytes = 8192;

/// A key that lives in hardware, through its driver. Its certificate names which of the two it is while there
/// are two: so the switch is the one rename that puts the new certificate in the place of the old one.
struct KeyPlace {
    /// The pair in use.
    std::function<Result<std::unique_ptr<SigningKey>>()> in_use = {};
    /// The key that shall follow this certificate's, without a certificate: made, unless it is there already.
    std::function<Result<std::unique_ptr<SigningKey>>(X509* in_use)> successor = {};
    /// Destroys all of this place's keys but this certificate's.
    std::function<Result<void>(X509* in_use)> retire = {};
};

struct KeyRenewalSettings {
    DeviceKey which = DeviceKey::read;
    std::string device;
    std::filesystem::path key;              // <folder>/read.key or identity.key; or as hardware names it
    std::filesystem::path certificate;      // the same with .crt; the folder must be writable
    std::filesystem::path ca_chain;         // PEM: the device CA and its root
    int due_percent = renewal_due_percent;  // of the certificate's life
    KeyPlace place = {};                    // for a key in hardware
    WrappedKeyMaker wrapped = {};           // for a key in a file that only hardware can use
};

class KeyRenewal {
  public:
    /// Ends what a power cut left half done (DeviceKeys::recover): call it before the pair is read. Errors:
    /// configuration (a key in hardware without a place, other file names, a folder that cannot be written:
    /// with the cure).
    [[nodiscard]] static Result<KeyRenewal> create(KeyRenewalSettings settings);

    /// The request (SignedData of a SignedKeyRequest), when it is due at `now` or one is open: made once, the
    /// same until it is answered. Cheap while nothing is due. Errors: io and configuration, with the pair in
    /// use untouched: ask again later.
    [[nodiscard]] Result<std::optional<Bytes>> request(UtcTime now);
    /// Takes the answer in: from here on the files are the new pair. Errors: refused (no certificate, or
    /// which of the conditions does not hold), io (the old pair stands; offer it again).
    [[nodiscard]] Result<void> take(ByteView pem);
    /// In hardware, destroys what the pair in use has replaced; nothing while a request is open. To be called
    /// when the pair in use has proven itself: after the first receipt since it was opened. Errors: the
    /// driver's; call it again.
    [[nodiscard]] Result<void> retire() const;
    /// How often an answer was taken.
    [[nodiscard]] std::uint64_t taken() const { return taken_; }

  private:
    explicit KeyRenewal(KeyRenewalSettings settings)
        : settings_(std::move(settings)), keys_(settings_.certificate.parent_path(), settings_.wrapped) {}
    [[nodiscard]] bool in_hardware() const { return static_cast<bool>(settings_.place.successor); }
    [[nodiscard]] Result<void> read_dates();
    [[nodiscard]] Result<void> recover_in_hardware() const;
    [[nodiscard]] Result<Bytes> ask_in_files(UtcTime now) const;
    [[nodiscard]] Result<Bytes> ask_in_hardware(UtcTime now) const;
    [[nodiscard]] Result<void> take_in_files(X509* answer) const;
    [[nodiscard]] Result<void> take_in_hardware(X509* answer) const;

    KeyRenewalSettings settings_;
    DeviceKeys keys_;
    UtcTime due_{};
    std::optional<Bytes> open_;
    std::uint64_t taken_ = 0;
};

/// A PEM certificate from the network. Errors: refused.
[[nodiscard]] Result<X509Ptr> parse_answer(ByteView pem);
/// For which of a device's keys this certificate is.
[[nodiscard]] DeviceKey use_of_answer(X509* certificate);

}  // namespace portcullis
