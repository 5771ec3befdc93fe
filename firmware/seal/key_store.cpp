#include "seal/key_store.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/durable.hpp"
#include "base/file.hpp"
#include "base/file_lock.hpp"
#include "base/log.hpp"
#include "seal/cms_codec.hpp"
#include "seal/secret_file.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;
using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;

constexpr std::string_view magic = "portcullis-key-store 1 ";
constexpr std::string_view token_word = "token";  // in the place of the wrapped key
constexpr std::size_t kek_bytes = 32;
constexpr std::size_t iv_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t max_store_bytes = std::size_t{4} << 20;
constexpr unsigned secret = 0600;
constexpr std::string_view record_ending = ".destroyed";
constexpr const char* begun_ending = ".begun";

/// A key in memory, cleansed when it goes.
struct Secret {
    Bytes bytes;
    explicit Secret(Bytes given) : bytes(std::move(given)) {}
    explicit Secret(std::size_t size) : bytes(size) {}
    Secret(Secret&&) = default;
    Secret& operator=(Secret&&) = delete;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

/// What a wrapped key is tied to: it cannot be given out as another epoch's or another certificate's.
std::string bound_to(EpochStart epoch, ByteView certificate) {
    return fmt::format("{}{} {}", magic, to_string(epoch), to_hex(sha256(certificate)));
}

Result<Bytes> wrap(ByteView kek, ByteView key, const std::string& bound) {
    Bytes out(iv_bytes + key.size() + tag_bytes);
    auto* iv = u8(out);
    int written = 0;
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    const bool done =
        cipher && RAND_bytes(iv, iv_bytes) == 1 &&
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, u8(kek), iv) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &written, u8(as_bytes(bound)),
                          static_cast<int>(bound.size())) == 1 &&
        EVP_EncryptUpdate(cipher.get(), iv + iv_bytes, &written, u8(key), static_cast<int>(key.size())) ==
            1 &&
        EVP_EncryptFinal_ex(cipher.get(), iv + iv_bytes + key.size(), &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, iv + iv_bytes + key.size()) == 1;
    if (!done) return fail(openssl_error(ErrorCode::internal, "key store: cannot wrap a key"));
    return out;
}

Result<Secret> unwrap_with(ByteView kek, ByteView wrapped, const std::string& bound) {
    if (wrapped.size() <= iv_bytes + tag_bytes)
        return fail(ErrorCode::corrupt, "key store: a wrapped key is too short");
    const std::size_t size = wrapped.size() - iv_bytes - tag_bytes;
    Secret key(size);
    Bytes tag(wrapped.end() - tag_bytes, wrapped.end());
    int written = 0;
    const CipherPtr cipher(EVP_CIPHER_CTX_new());
    const bool done =
        cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, u8(kek), u8(wrapped)) == 1 &&
        EVP_DecryptUpdate(cipher.get(), nullptr, &written, u8(as_bytes(bound)),
                          static_cast<int>(bound.size())) == 1 &&
        EVP_DecryptUpdate(cipher.get(), u8(key.bytes), &written, u8(wrapped.subspan(iv_bytes)),
                          static_cast<int>(size)) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(cipher.get(), u8(key.bytes) + size, &written) == 1;
    if (!done)
        return fail(
            openssl_error(ErrorCode::corrupt,
                          "key store: a key does not unwrap: the store was changed, or the KEK is another "
                          "one"));
    return key;
}

Result<Secret> private_key_der(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int length = i2d_PrivateKey(key, &der);
    if (length <= 0) return fail(openssl_error(ErrorCode::internal, "key store: cannot write a key"));
    const ByteView view = std::as_bytes(std::span(der, static_cast<std::size_t>(length)));
    Secret bytes(Bytes(view.begin(), view.end()));
    OPENSSL_clear_free(der, static_cast<std::size_t>(length));
    return bytes;
}

Result<KeyPtr> private_key_from(ByteView der) {
    const unsigned char* at = u8(der);
    KeyPtr key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
    if (!key) return fail(openssl_error(ErrorCode::corrupt, "key store: what unwraps is no key"));
    return key;
}

/// "<epoch> <certificate> <iv, wrapped key, tag>", hex.
std::string line_of(EpochStart epoch, ByteView certificate, ByteView wrapped) {
    return fmt::format("{} {} {}\n", to_string(epoch), to_hex(certificate), to_hex(wrapped));
}

std::string line_in_token(EpochStart epoch, ByteView certificate) {
    return fmt::format("{} {} {}\n", to_string(epoch), to_hex(certificate), token_word);
}

/// Both ways of a key agreement come to the same: the handle derives, and is the certificate's key.
Result<void> try_agreement(EVP_PKEY* key, X509* certificate) {
    const auto agreed = [](EVP_PKEY* own, EVP_PKEY* other) {
        using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;
        const ContextPtr context(EVP_PKEY_CTX_new(own, nullptr));
        Secret shared(EVP_MAX_MD_SIZE);
        std::size_t bytes = shared.bytes.size();
        const bool done = context && EVP_PKEY_derive_init(context.get()) == 1 &&
                          EVP_PKEY_derive_set_peer(context.get(), other) == 1 &&
                          EVP_PKEY_derive(context.get(), u8(shared.bytes), &bytes) == 1;
        return done ? sha256(ByteView(shared.bytes).first(bytes)) : Digest{};
    };
    const KeyPtr other(EVP_EC_gen("P-256"));
    const Digest here = other ? agreed(key, other.get()) : Digest{};
    if (here != Digest{} && here == agreed(other.get(), X509_get0_pubkey(certificate))) return {};
    return fail(openssl_error(ErrorCode::refused,
                              "key store: the key in the token does not derive (CKA_DERIVE, ECDH); make one "
                              "with `portcullis epoch make`"));
}

Result<Bytes> wrapped_of(const KeyStore::Entry& entry) {
    const std::size_t at = entry.line.rfind(' ');
    const auto bytes = from_hex(std::string_view(entry.line).substr(at + 1, entry.line.size() - at - 2));
    if (!bytes) return fail(ErrorCode::corrupt, "key store: a wrapped key is not hex");
    return *bytes;
}

Error not_ours(const fs::path& store) {
    return {ErrorCode::corrupt,
            fmt::format("key store {}: not one of Portcullis, or changed; restore a copy", store.string())};
}

Result<KeyStore::Entry> entry_of(std::string_view line, const fs::path& store) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first + 1);
    if (first == line.npos || second == line.npos || line.find(' ', second + 1) != line.npos)
        return fail(not_ours(store));
    KeyStore::Entry entry;
    const auto epoch = epoch_from_string(line.substr(0, first));
    const auto der = from_hex(line.substr(first + 1, second - first - 1));
    const X509Ptr certificate = der ? certificate_from_der(*der) : nullptr;
    if (!epoch || !certificate) return fail(not_ours(store));
    entry.epoch = *epoch;
    entry.certificate = *der;
    entry.key_id = key_id(certificate.get());
    entry.line = std::string(line) + "\n";
    entry.in_token = line.substr(second + 1) == token_word;
    return entry;
}

Result<Secret> read_kek(const fs::path& file) {
    Secret hex(TRY(read_secret_file(file, 2 * kek_bytes, "key of the key store")));
    auto bytes = from_hex(as_text(hex.bytes));
    if (!bytes || bytes->size() != kek_bytes)
        return fail(ErrorCode::configuration, "key of the key store {}: must hold 64 hex digits",
                    file.string());
    return Secret(std::move(*bytes));
}

fs::path begun(const fs::path& record) {
    return record.string() + begun_ending;
}

/// Beside the store, with its name before and this ending.
std::vector<fs::path> files_with(const fs::path& store, std::string_view ending) {
    std::vector<fs::path> files;
    const fs::path folder = store.has_parent_path() ? store.parent_path() : fs::path(".");
    const std::string start = store.filename().string() + ".";
    std::error_code problem;
    for (fs::directory_iterator next(folder, problem); !problem && next != fs::directory_iterator();
         next.increment(problem)) {
        const std::string name = next->path().filename().string();
        if (name.starts_with(start) && name.ends_with(ending)) files.push_back(store.parent_path() / name);
    }
    std::ranges::sort(files);
    return files;
}

/// All of the epoch's: also those that were made and never taken in. Else the named ones only.
Result<void> destroy_in_token(const DestroyOrder& order, const std::vector<KeyStore::Entry>& due,
                              const TokenKeys& token) {
    const std::string label = epoch_label(order.epoch);
    if (order.keys.empty()) return token.destroy(label, nullptr);
    for (const KeyStore::Entry& entry : due) {
        if (!entry.in_token) continue;
        const X509Ptr certificate = certificate_from_der(entry.certificate);
        if (!certificate)
            return fail(openssl_error(ErrorCode::internal, "key store: cannot parse a certificate"));
        TRY(token.destroy(label, certificate.get()));
    }
    return {};
}

Error no_token(EpochStart epoch) {
    return {ErrorCode::configuration,
            fmt::format("key store: a key of the epoch {} lives in a token; name it (--token, or token in "
                        "[key_store])",
                        to_string(epoch))};
}

}  // namespace

std::vector<fs::path> records_of(const fs::path& store) {
    return files_with(store, record_ending);
}

std::string epoch_label(EpochStart epoch) {
    return "portcullis-epoch-" + to_string(epoch);
}

fs::path KeyStore::kek_file(std::uint64_t generation) const {
    return fmt::format("{}.{}", files_.kek.string(), generation);
}

fs::path KeyStore::record_file(const DestroyOrder& order) const {
    std::string name = fmt::format("{}.{}", files_.store.string(), to_string(order.epoch));
    if (!order.keys.empty()) name += "." + *std::ranges::min_element(order.keys);
    return name + std::string(record_ending);
}

bool KeyStore::was_destroyed(EpochStart epoch) const {
    const std::string start = fmt::format("{}.{}.", files_.store.string(), to_string(epoch));
    return std::ranges::any_of(records_of(files_.store), [&start](const fs::path& record) {
        return record.string().starts_with(start);
    });
}

Result<void> KeyStore::make_kek(std::uint64_t generation) const {
    Secret kek(kek_bytes);
    if (RAND_bytes(u8(kek.bytes), kek_bytes) != 1)
        return fail(openssl_error(ErrorCode::internal, "key store: no random bytes"));
    std::string hex = to_hex(kek.bytes);
    auto written = write_file_atomically(kek_file(generation), as_bytes(hex), secret);
    OPENSSL_cleanse(hex.data(), hex.size());
    return written;
}

/// Of the generation before, or one that was made for a store that was never written.
Result<void> KeyStore::remove_other_keks() const {
    std::vector<fs::path> others;
    const std::string start = files_.kek.filename().string() + ".";
    const fs::path folder = files_.kek.has_parent_path() ? files_.kek.parent_path() : fs::path(".");
    std::error_code problem;
    fs::directory_iterator next(folder, problem);
    for (; !problem && next != fs::directory_iterator(); next.increment(problem))
        if (next->path().filename().string().starts_with(start) && next->path() != kek_file(generation_) &&
            next->path().filename() != kek_file(generation_).filename())
            others.push_back(next->path());
    for (const fs::path& other : others)
        if (!problem) fs::remove(other, problem);
    if (problem)
        return fail(ErrorCode::io, "key store: cannot remove old keys in {}: {}", folder.string(),
                    problem.message());
    return others.empty() ? Result<void>() : sync_folder(files_.kek.parent_path());
}

Result<void> KeyStore::write(const std::vector<Entry>& entries, std::uint64_t generation) const {
    std::string text = fmt::format("{}{}\n", magic, generation);
    for (const Entry& entry : entries)
        text += entry.line;
    return write_file_atomically(files_.store, as_bytes(text), secret);
}

Result<void> KeyStore::read() {
    const auto bytes = read_file(files_.store, max_store_bytes);
    if (!bytes)
        return fail(ErrorCode::configuration, "key store: {}; make one with `portcullis epoch create`",
                    bytes.error().message());
    std::string_view text = as_text(*bytes);
    if (!text.starts_with(magic) || !text.ends_with('\n')) return fail(not_ours(files_.store));
    text.remove_prefix(magic.size());
    const std::string_view number = text.substr(0, text.find('\n'));
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), generation_);
    if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size() || generation_ == 0)
        return fail(not_ours(files_.store));
    for (text.remove_prefix(number.size() + 1); !text.empty(); text.remove_prefix(text.find('\n') + 1)) {
        if (entries_.size() == max_stored_keys) return fail(not_ours(files_.store));
        entries_.push_back(TRY(entry_of(text.substr(0, text.find('\n')), files_.store)));
    }
    return {};
}

Result<KeyStore> KeyStore::create(const KeyStoreFiles& files) {
    std::error_code ignored;
    if (fs::exists(files.store, ignored))
        return fail(ErrorCode::refused, "key store {}: is there already", files.store.string());
    KeyStore store(files);
    store.generation_ = 1;
    TRY(store.make_kek(1));
    TRY(store.write({}, 1));
    return store;
}

Result<KeyStore> KeyStore::view(const KeyStoreFiles& files) {
    KeyStore store(files);
    TRY(store.read());
    static_cast<void>(TRY(with_context(read_kek(store.kek_file(store.generation_)),
                                       "the store is wrapped under another one, or it is destroyed")));
    return store;
}

Result<KeyStore> KeyStore::open(const KeyStoreFiles& files) {
    const UniqueFd held = TRY(KeyStore(files).lock());
    KeyStore store = TRY(view(files));
    TRY(store.remove_other_keks());
    return store;
}

/// Who changes the store is alone with it, and goes on from what stands in it now.
Result<UniqueFd> KeyStore::lock() const {
    auto lock = lock_file(files_.store.string() + ".lock");
    if (!lock && lock.error().code() == ErrorCode::refused)
        return fail(ErrorCode::refused, "key store {}: another process changes it just now; try again",
                    files_.store.string());
    return lock;
}

Result<UniqueFd> KeyStore::begin_change() {
    UniqueFd held = TRY(lock());
    *this = TRY(view(KeyStoreFiles(files_)));
    return held;
}

Result<KeyStore::Entry> KeyStore::admit(EpochStart epoch, X509* certificate) const {
    const std::string name = fmt::format("of the epoch {}", to_string(epoch));
    if (const auto use = check_certificate(certificate, CertificateUse::receive, name); !use)
        return fail(ErrorCode::refused, "{}", use.error().message());
    if (was_destroyed(epoch))
        return fail(ErrorCode::refused,
                    "key store: the epoch {} was destroyed: what is sealed to a key under its "
                    "name would be thought gone",
                    to_string(epoch));
    if (entries_.size() == max_stored_keys)
        return fail(ErrorCode::exhausted, "key store: holds {} keys; destroy an epoch", entries_.size());
    Entry entry;
    entry.epoch = epoch;
    entry.key_id = key_id(certificate);
    entry.certificate = certificate_to_der(certificate);
    if (entry.certificate.empty())
        return fail(openssl_error(ErrorCode::internal, "key store: cannot write the certificate"));
    if (std::ranges::find(entries_, entry.key_id, &Entry::key_id) != entries_.end())
        return fail(ErrorCode::refused, "key store: the key {} is there already", entry.key_id);
    return entry;
}

// What could not be read again would cost all the other keys: it is not written.
Result<void> KeyStore::append(Entry entry) {
    const std::string_view line = entry.line;
    TRY(with_context(entry_of(line.substr(0, line.find('\n')), files_.store), "the new key"));
    std::vector<Entry> all = entries_;
    all.push_back(std::move(entry));
    TRY(write(all, generation_));
    entries_ = std::move(all);
    return {};
}

Result<void> KeyStore::add(EpochStart epoch, EVP_PKEY* key, X509* certificate) {
    const UniqueFd held = TRY(begin_change());
    Entry entry = TRY(admit(epoch, certificate));
    if (const auto pair = check_pair(key, certificate, fmt::format("of the epoch {}", to_string(epoch)));
        !pair)
        return fail(ErrorCode::refused, "{}", pair.error().message());
    const Secret kek = TRY(read_kek(kek_file(generation_)));
    const Secret der = TRY(private_key_der(key));
    const Bytes wrapped = TRY(wrap(kek.bytes, der.bytes, bound_to(epoch, entry.certificate)));
    entry.line = line_of(epoch, entry.certificate, wrapped);
    return append(std::move(entry));
}

Result<void> KeyStore::add_in_token(EpochStart epoch, X509* certificate, const TokenKeys& token) {
    const UniqueFd held = TRY(begin_change());
    Entry entry = TRY(admit(epoch, certificate));
    const KeyPtr key = TRY(token.open(epoch_label(epoch), certificate));
    TRY(try_agreement(key.get(), certificate));
    entry.in_token = true;
    entry.line = line_in_token(epoch, entry.certificate);
    return append(std::move(entry));
}

Result<void> KeyStore::change_kek(std::vector<Entry> kept) {
    const std::uint64_t next = generation_ + 1;
    TRY(make_kek(next));
    const Secret before = TRY(read_kek(kek_file(generation_)));
    const Secret after = TRY(read_kek(kek_file(next)));
    for (Entry& entry : kept) {
        if (entry.in_token) continue;
        const std::string bound = bound_to(entry.epoch, entry.certificate);
        const Bytes old_form = TRY(wrapped_of(entry));
        const Secret key = TRY(unwrap_with(before.bytes, old_form, bound));
        const Bytes new_form = TRY(wrap(after.bytes, key.bytes, bound));
        entry.line = line_of(entry.epoch, entry.certificate, new_form);
    }
    TRY(write(kept, next));
    entries_ = std::move(kept);
    generation_ = next;
    return remove_other_keks();
}

Result<Bytes> KeyStore::destroy(const DestroyOrder& order, const SigningKey& witness, UtcTime now,
                                const TokenKeys& token, const TellDestroyed& tell) {
    const UniqueFd held = TRY(begin_change());
    const fs::path record = record_file(order);
    std::vector<Entry> kept;
    std::vector<Entry> due;
    for (const Entry& entry : entries_) {
        const bool named =
            order.keys.empty() || std::ranges::find(order.keys, entry.key_id) != order.keys.end();
        (entry.epoch == order.epoch && named ? due : kept).push_back(entry);
    }
    std::error_code ignored;
    if (due.empty() && fs::exists(begun(record), ignored)) return end_one(record, witness, now, tell);
    if (due.empty())
        return fail(ErrorCode::not_found, "key store: it holds no key of the epoch {}",
                    to_string(order.epoch));
    const bool in_token = std::ranges::any_of(due, &Entry::in_token);
    if (in_token && !token.destroy) return fail(no_token(order.epoch));
    Destruction destruction{order.epoch, {}, kept.size(), now};
    if (order.schedule) destruction.schedule = {order.schedule->version, order.schedule->digest};
    destruction.holds = order.holds;
    for (const Entry& entry : due)
        destruction.keys.push_back(entry.key_id);
    std::ranges::sort(destruction.keys);
    // For the record, should the power go.
    const std::string text = TRY(encode_destruction(destruction));
    TRY(write_file_atomically(begun(record), as_bytes(text)));
    // In the token first: a line without its key tells what was begun, a key without its line nothing.
    if (in_token) TRY(destroy_in_token(order, due, token));
    TRY(change_kek(std::move(kept)));
    return end_one(record, witness, now, tell);
}

Result<Bytes> KeyStore::end_one(const fs::path& record, const SigningKey& witness, UtcTime now,
                                const TellDestroyed& tell) const {
    const Bytes text = TRY(read_file(begun(record), max_destruction_bytes));
    Destruction destruction = TRY(with_context(parse_destruction(as_text(text)), begun(record).string()));
    std::error_code ignored;
    if (!fs::exists(record, ignored)) {
        destruction.time = now;
        const std::string json = TRY(encode_destruction(destruction));
        const Bytes made = TRY(sign_statement(witness, json));
        TRY(write_file_atomically(record, made));
    }
    Bytes blob = TRY(read_file(record, max_signed_bytes));
    if (tell) TRY(tell(blob, destruction));
    fs::remove(begun(record), ignored);
    return blob;
}

Result<std::size_t> KeyStore::end_destructions(const SigningKey& witness, UtcTime now,
                                               const TellDestroyed& tell) {
    const UniqueFd held = TRY(begin_change());
    std::size_t ended = 0;
    for (const fs::path& file : files_with(files_.store, std::string(record_ending) + begun_ending)) {
        const Bytes text = TRY(read_file(file, max_destruction_bytes));
        const Destruction destruction = TRY(with_context(parse_destruction(as_text(text)), file.string()));
        const bool there = std::ranges::any_of(entries_, [&destruction](const Entry& entry) {
            return std::ranges::find(destruction.keys, entry.key_id) != destruction.keys.end();
        });
        if (there) continue;  // nothing was destroyed yet: it is begun anew when it is asked for again
        fs::path record = file;
        record.replace_extension();
        static_cast<void>(TRY(end_one(record, witness, now, tell)));
        ++ended;
    }
    return ended;
}

Result<RecipientKey> KeyStore::unwrap_one(const Entry& entry, const TokenKeys& token) const {
    RecipientKey key;
    key.certificate = certificate_from_der(entry.certificate);
    if (!key.certificate)
        return fail(openssl_error(ErrorCode::internal, "key store: cannot parse a certificate"));
    if (entry.in_token) {
        if (!token.open) return fail(no_token(entry.epoch));
        key.key = TRY(token.open(epoch_label(entry.epoch), key.certificate.get()));
        return key;
    }
    const Secret kek = TRY(read_kek(kek_file(generation_)));
    const Bytes wrapped = TRY(wrapped_of(entry));
    const Secret der = TRY(unwrap_with(kek.bytes, wrapped, bound_to(entry.epoch, entry.certificate)));
    key.key = TRY(private_key_from(der.bytes));
    return key;
}

Result<std::vector<RecipientKey>> KeyStore::unwrap(const TokenKeys& token) const {
    std::vector<RecipientKey> keys;
    for (const Entry& entry : entries_) {
        Result<RecipientKey> key = unwrap_one(entry, token);
        if (key)
            keys.push_back(std::move(*key));
        else if (entry.in_token && key.error().code() == ErrorCode::not_found)
            log_error("keys", "{}; epoch={} cure=\"end its destruction with portcullis epoch destroy\"",
                      key.error().message(), to_string(entry.epoch));
        else
            return fail(std::move(key.error()));
    }
    return keys;
}

}  // namespace portcullis
