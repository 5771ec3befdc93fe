#pragma once
// KeyStore: the opener's recipient keys by epoch, each wrapped with AES-256-GCM under one key (the KEK) that
// lies in a file of its own. To destroy an epoch the others are wrapped anew under a new KEK and the old one
// is removed: overwriting a file on flash proves nothing, but whoever has an old copy of the store, and not
// the old KEK, has nothing. So the KEK belongs where no backup goes. Thread-bound; one process changes a
// store at a time.
//
//   <store>        one line a key, and the KEK's generation in the first; copies of it are harmless
//   <kek>.<n>      32 bytes in hex, mode 0600: generation n. While all is well there is one
//   <store>.<epoch>.destroyed   the signed record of a destruction

#include <filesystem>
#include <string>
#include <vector>

#include "ports/signing_key.hpp"
#include "record/destruction_codec.hpp"
#include "seal/opener.hpp"

namespace portcullis {

struct KeyStoreFiles {
    std::filesystem::path store;
    std::filesystem::path kek;  // without its generation
};

inline constexpr std::size_t max_stored_keys = max_recipient_keys;

class KeyStore {
  public:
    /// A new one, empty, under a new KEK. Errors: refused (there is one), io.
    [[nodiscard]] static Result<KeyStore> create(const KeyStoreFiles& files);
    /// Also ends what a power cut left half done. Errors: configuration (no store, no KEK of its generation),
    /// corrupt (not a store of ours, changed, or wrapped under another KEK).
    [[nodiscard]] static Result<KeyStore> open(const KeyStoreFiles& files);

    /// Wraps the key for this epoch; the caller destroys his own copy. Errors: refused (not a pair, no
    /// recipient's certificate, is there already, epoch destroyed before), exhausted (full), io.
    [[nodiscard]] Result<void> add(std::chrono::sys_days epoch, EVP_PKEY* key, X509* certificate);
    /// From its return on nobody who has not the old KEK opens what was sealed to these keys. Gives the
    /// signed record, which is also written beside the store. After a power cut in the middle, call it again.
    /// Errors: not_found (no key of that epoch), io: call it again.
    [[nodiscard]] Result<Bytes> destroy(std::chrono::sys_days epoch, const SigningKey& witness, UtcTime now);

    struct Entry {
        std::chrono::sys_days epoch{};
        std::string key_id;
        std::string line;  // as it stands in the file
        Bytes certificate;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// All keys, unwrapped. Errors: corrupt.
    [[nodiscard]] Result<std::vector<RecipientKey>> unwrap() const;

  private:
    explicit KeyStore(KeyStoreFiles files) : files_(std::move(files)) {}
    [[nodiscard]] std::filesystem::path kek_file(std::uint64_t generation) const;
    [[nodiscard]] std::filesystem::path record_file(std::chrono::sys_days epoch) const;
    [[nodiscard]] Result<void> make_kek(std::uint64_t generation) const;
    [[nodiscard]] Result<void> remove_other_keks() const;
    [[nodiscard]] Result<void> read();
    [[nodiscard]] Result<void> write(const std::vector<Entry>& entries, std::uint64_t generation) const;
    /// Those that are kept, under the next generation; the old KEK is gone when it returns.
    [[nodiscard]] Result<void> change_kek(std::vector<Entry> kept);

    KeyStoreFiles files_;
    std::uint64_t generation_ = 0;
    std::vector<Entry> entries_;
};

}  // namespace portcullis
