#pragma once
// TpmMaker: makes signing keys at persistent handles of a TPM 2.0 and takes them away again, through tpm2-tss
// (TCG ESAPI). OpenSSL's provider can only use such keys: those that it makes lack noda, and each power cut
// would count as an attack on them. The owner hierarchy must have no password. Open it for a piece of work:
// where there is no resource manager nobody else reaches the TPM meanwhile. Thread-bound.

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace portcullis {

class TpmMaker {
  public:
    /// The TPM that TPM2OPENSSL_TCTI names, else the first that there is. Errors: configuration.
    [[nodiscard]] static Result<TpmMaker> open();
    TpmMaker(TpmMaker&& other) noexcept;
    TpmMaker& operator=(TpmMaker&&) = delete;
    TpmMaker(const TpmMaker&) = delete;
    TpmMaker& operator=(const TpmMaker&) = delete;
    ~TpmMaker();

    /// Errors: io.
    [[nodiscard]] Result<bool> holds(std::uint32_t handle) const;
    /// P-256: noda, fixedtpm, fixedparent, sensitivedataorigin, userwithauth, sign. Persistent, at once
    /// whole, when it returns. Errors: io (says what the TPM answered).
    [[nodiscard]] Result<void> make(std::uint32_t handle);
    /// The same kind of key, kept by nobody but the caller: wrapped by the key at this persistent handle, and
    /// loaded only beneath it. Errors: io.
    struct Wrapped {
        Bytes public_half;   // TPM2B_PUBLIC
        Bytes private_half;  // TPM2B_PRIVATE
    };
    [[nodiscard]] Result<Wrapped> make_wrapped(std::uint32_t parent);
    /// It is gone when it returns. Errors: io.
    [[nodiscard]] Result<void> remove(std::uint32_t handle);

  private:
    struct Context;
    explicit TpmMaker(std::unique_ptr<Context> context);
    std::unique_ptr<Context> context_;
};

}  // namespace portcullis
