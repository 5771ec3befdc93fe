#pragma once
// KeyStore: the opener's recipient keys by epoch, each wrapped with AES-256-GCM under one key (the KEK) that
// lies in a file of its own. To destroy an epoch the others are wrapped anew under a new KEK and the old one
// is removed: overwriting a file on flash proves nothing, but whoever has an old copy of the store, and not
// the old KEK, has nothing. So the KEK belongs where no backup goes. Thread-bound; one process changes a
// store at a time, another is refused meanwhile.
//
// A key may also live in a token (PKCS#11), where it was made and which it never leaves: then the store holds
// its certificate only, and destroying the epoch destroys it there.
//
//   <store>        one line a key, and the KEK's generation in the first; copies of it are harmless
//   <kek>.<n>      32 bytes in hex, mode 0600: generation n. While all is well there is one
//   <store>.<epoch>.destroyed   the signed record of a destruction
//   <store>.lock   held while the store is changed

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "ports/signing_key.hpp"
#include "record/destruction_codec.hpp"
#include "seal/opener.hpp"

namespace portcullis {

struct KeyStoreFiles {
    std::filesystem::path store;
    std::filesystem::path kek;  // without its generation
};

inline constexpr std::size_t max_stored_keys = max_recipient_keys;

/// How keys that live in a token are reached; the programs fill it (apps/common/recipient_token.hpp).
struct TokenKeys {
    /// A handle on the private half of the certificate's key, among those under this label. Errors: not_found
    /// (the token is there, the key is not), configuration, io.
    std::function<Result<KeyPtr>(const std::string& label, X509* certificate)> open = {};
    /// All keys under this label are gone when it returns, also when there was none. Errors: configuration,
    /// io.
    std::function<Result<void>(const std::string& label)> destroy = {};
};

/// The label in the token of an epoch's keys.
[[nodiscard]] std::string epoch_label(std::chrono::sys_days epoch);

class KeyStore {
  public:
    /// A new one, empty, under a new KEK. Errors: refused (there is one), io.
    [[nodiscard]] static Result<KeyStore> create(const KeyStoreFiles& files);
    /// Also ends what a power cut left half done. Errors: configuration (no store, no KEK of its generation),
    /// corrupt (not a store of ours, changed, or wrapped under another KEK).
    [[nodiscard]] static Result<KeyStore> open(const KeyStoreFiles& files);
    /// The same and no file is touched: for who reads while another process may be in the midst of a
    /// destruction. Its unwrap() may then fail, and does not the next time. Errors: as open.
    [[nodiscard]] static Result<KeyStore> view(const KeyStoreFiles& files);

    /// Wraps the key for this epoch; the caller destroys his own copy. Errors: refused (not a pair, no
    /// recipient's certificate, is there already, epoch destroyed before), exhausted (full), io.
    [[nodiscard]] Result<void> add(std::chrono::sys_days epoch, EVP_PKEY* key, X509* certificate);
    /// The same for a key that lives in the token: it is tried, and stays there. Errors as add, and the
    /// token's.
    [[nodiscard]] Result<void> add_in_token(std::chrono::sys_days epoch, X509* certificate,
                                            const TokenKeys& token);
    /// From its return on nobody who has not the old KEK opens what was sealed to these keys. Gives the
    /// signed record, which is also written beside the store. After a power cut in the middle, call it again.
    /// Errors: not_found (no key of that epoch), io: call it again; configuration (a key lives in a token).
    [[nodiscard]] Result<Bytes> destroy(std::chrono::sys_days epoch, const SigningKey& witness, UtcTime now,
                                        const TokenKeys& token = {});

    struct Entry {
        std::chrono::sys_days epoch{};
        std::string key_id;
        std::string line;  // as it stands in the file
        Bytes certificate;
        bool in_token = false;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// All keys, unwrapped. One that its token has no more is told in the log, and left out: its epoch may be
    /// in the midst of its destruction. Errors: corrupt; configuration (a key lives in a token).
    [[nodiscard]] Result<std::vector<RecipientKey>> unwrap(const TokenKeys& token = {}) const;

  private:
    explicit KeyStore(KeyStoreFiles files) : files_(std::move(files)) {}
    [[nodiscard]] Result<UniqueFd> lock() const;
    /// Ours until the lock goes, and read anew. Errors: refused (another has it), as open.
    [[nodiscard]] Result<UniqueFd> begin_change();
    [[nodiscard]] std::filesystem::path kek_file(std::uint64_t generation) const;
    [[nodiscard]] std::filesystem::path record_file(std::chrono::sys_days epoch) const;
    /// What is not a question of the key itself. Errors: as add.
    [[nodiscard]] Result<Entry> admit(std::chrono::sys_days epoch, X509* certificate) const;
    [[nodiscard]] Result<void> append(Entry entry);
    [[nodiscard]] Result<RecipientKey> unwrap_one(const Entry& entry, const TokenKeys& token) const;
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
