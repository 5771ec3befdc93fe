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
//   <store>.<epoch>.destroyed   the signed record of a destruction; <store>.<epoch>.<key id>.destroyed of
//   some
//                               of an epoch's keys, by the first of them
//   <record>.begun              what is being destroyed, until its record is there and told
//   <store>.lock   held while the store is changed

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "ports/signing_key.hpp"
#include "record/destruction_codec.hpp"
#include "seal/opener.hpp"
#include "seal/signed_version.hpp"

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
    /// The certificate's key under this label is gone when it returns, without a certificate all under it;
    /// also when there was none. Errors: configuration, io.
    std::function<Result<void>(const std::string& label, X509* certificate)> destroy = {};
};

/// What is to be destroyed, and why.
struct DestroyOrder {
    EpochStart epoch{};
    std::vector<std::string> keys = {};  // ids; empty: all of the epoch
    std::optional<SignedVersion> schedule =
        {};  // the retention schedule by which they are due; none: by hand
    /// Legal holds that keep something that was sealed to them, for the record; ascending.
    std::vector<ChainId> holds = {};
};

/// Who hears of a signed record before its destruction counts as done: the audit log. After a power cut he
/// may hear of one a second time. Errors: any; the destruction is then ended with the next try.
using TellDestroyed = std::function<Result<void>(ByteView record, const Destruction& destruction)>;

/// The records of destructions beside this store, by their names.
[[nodiscard]] std::vector<std::filesystem::path> records_of(const std::filesystem::path& store);

/// The label in the token of an epoch's keys.
[[nodiscard]] std::string epoch_label(EpochStart epoch);

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
    [[nodiscard]] Result<void> add(EpochStart epoch, EVP_PKEY* key, X509* certificate);
    /// The same for a key that lives in the token: it is tried, and stays there. Errors as add, and the
    /// token's.
    [[nodiscard]] Result<void> add_in_token(EpochStart epoch, X509* certificate, const TokenKeys& token);
    /// From its return on nobody who has not the old KEK opens what was sealed to these keys. Gives the
    /// signed record, which is also written beside the store. After a power cut in the middle, call it again.
    /// Errors: not_found (no such key of that epoch), io: call it again; configuration (a key lives in a
    /// token), tell's.
    [[nodiscard]] Result<Bytes> destroy(const DestroyOrder& order, const SigningKey& witness, UtcTime now,
                                        const TokenKeys& token = {}, const TellDestroyed& tell = {});
    /// All of the epoch, by hand.
    [[nodiscard]] Result<Bytes> destroy(EpochStart epoch, const SigningKey& witness, UtcTime now,
                                        const TokenKeys& token = {}) {
        return destroy(DestroyOrder{epoch}, witness, now, token);
    }
    /// Ends what a power cut left when the keys were gone and their record was not there, or was not told.
    /// Gives how many. Errors: io, corrupt, tell's.
    [[nodiscard]] Result<std::size_t> end_destructions(const SigningKey& witness, UtcTime now,
                                                       const TellDestroyed& tell);

    struct Entry {
        EpochStart epoch{};
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
    [[nodiscard]] std::filesystem::path record_file(const DestroyOrder& order) const;
    [[nodiscard]] bool was_destroyed(EpochStart epoch) const;
    /// Signs the record of what was begun, unless it is there; tells it; and nothing is begun any more.
    [[nodiscard]] Result<Bytes> end_one(const std::filesystem::path& record, const SigningKey& witness,
                                        UtcTime now, const TellDestroyed& tell) const;
    /// What is not a question of the key itself. Errors: as add.
    [[nodiscard]] Result<Entry> admit(EpochStart epoch, X509* certificate) const;
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
