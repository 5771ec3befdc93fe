// Recipient keys by epoch: destroying one forgets what was sealed to it, whatever copies there are, except
// one.
#include "seal/key_store.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "base/file.hpp"
#include "base/file_lock.hpp"
#include "seal/statement.hpp"
#include "support/failing_calls.hpp"
#include "support/rounds.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_limit = std::size_t{16} << 20;

std::chrono::sys_days epoch_of(int number) {
    return std::chrono::floor<std::chrono::days>(now) + std::chrono::days(number);
}

/// Three epochs with a recipient each, a store that holds their keys, and what was sealed to them.
struct Vault {
    Road road;
    TempDir disk;  // what backups copy
    TempDir keks;  // what they do not
    KeyStoreFiles files{disk.path() / "keys.store", keks.path() / "kek"};
    KeyFiles witness_files = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    std::unique_ptr<FileSigningKey> witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    std::vector<KeyFiles> recipients;
    std::vector<std::vector<Bytes>> blobs;  // by epoch
    std::vector<std::string> scalars;       // the private numbers, raw and in hex: what is searched for

    Vault() {
        KeyStore store = must(KeyStore::create(files));
        for (int number = 0; number < 3; ++number) {
            recipients.push_back(road.pki.recipient("epoch-" + std::to_string(number)));
            blobs.emplace_back();
            const RecipientKey key =
                must(load_recipient({recipients.back().key, recipients.back().certificate}));
            remember(key.key.get());
            REQUIRE(store.add(epoch_of(number), key.key.get(), key.certificate.get()));
            fs::remove(recipients.back().key);
        }
    }
    void remember(EVP_PKEY* key) {
        BIGNUM* number = nullptr;
        REQUIRE(EVP_PKEY_get_bn_param(key, "priv", &number) == 1);
        Bytes raw(32);
        REQUIRE(BN_bn2binpad(number, u8(raw), 32) == 32);
        BN_clear_free(number);
        scalars.emplace_back(as_text(raw));
        scalars.push_back(to_hex(raw));
    }
    void seal(int count) {
        for (int i = 0; i < count; ++i) {
            const std::size_t epoch = static_cast<std::size_t>(i) % recipients.size();
            SealerSettings settings;
            settings.device = "gate-1";
            settings.fleet = "test-fleet";
            settings.boot = "boot-1";
            settings.read_recipients = settings.plate_recipients =
                settings.overview_recipients = {recipients[epoch].certificate};
            const Sealer sealer = must(Sealer::create(std::move(settings), *road.key));
            blobs[epoch].push_back(must(sealer.seal(sample_record(), first_head(), {})).items[0].blob);
        }
    }
    /// How many of each epoch's blobs these keys open.
    [[nodiscard]] std::vector<std::size_t> opened_by(const KeyStore& store) const {
        const auto opener = must(EnvelopeOpener::create(must(store.unwrap()), road.trust()));
        std::vector<std::size_t> opened;
        for (const auto& of_epoch : blobs) {
            opened.push_back(0);
            for (const Bytes& blob : of_epoch)
                if (opener.open_read(blob, now).verdict.good()) ++opened.back();
        }
        return opened;
    }
    [[nodiscard]] std::size_t sealed(std::size_t epoch) const { return blobs[epoch].size(); }
    fs::path backup(const std::string& name) const {
        const fs::path copy = road.pki.folder() / name;
        fs::copy(disk.path(), copy);
        return copy;
    }
};

bool stands_in(const fs::path& folder, const std::string& needle) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const Bytes bytes = must(read_file(entry.path(), file_limit));
        if (as_text(bytes).find(needle) != std::string_view::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE(
    "12.12: a destroyed epoch opens with no key and no backup that there is, the other epochs all open") {
    Vault vault;
    vault.seal(rounds_or(120));
    const fs::path oldest = vault.backup("backup-of-all");
    const std::vector<std::size_t> all = {vault.sealed(0), vault.sealed(1), vault.sealed(2)};
    KeyStore store = must(KeyStore::open(vault.files));
    CHECK(vault.opened_by(store) == all);
    const Bytes record = must(store.destroy(epoch_of(1), *vault.witness, now));
    const std::vector<std::size_t> rest = {all[0], 0, all[2]};
    CHECK(vault.opened_by(store) == rest);
    CHECK(vault.opened_by(must(KeyStore::open(vault.files))) == rest);
    const fs::path newer = vault.backup("backup-of-the-rest");
    for (const fs::path& copy : {oldest, newer}) {
        CAPTURE(copy.string());
        // Restored beside every wrapping key that there is.
        const auto restored = KeyStore::open({copy / "keys.store", vault.files.kek});
        CHECK(restored.has_value() == (copy == newer));
        if (restored) CHECK(vault.opened_by(*restored) == rest);
        for (const auto& kek : fs::directory_iterator(vault.keks.path())) {
            const fs::path renamed = vault.road.pki.folder() / "found";
            fs::copy_file(kek.path(), renamed.string() + ".1", fs::copy_options::overwrite_existing);
            const auto tried = KeyStore::open({copy / "keys.store", renamed});
            if (tried) CHECK_FALSE(tried->unwrap());
        }
    }
    for (const std::string& scalar : vault.scalars)
        for (const fs::path& folder : {vault.disk.path(), vault.keks.path(), vault.road.pki.folder()})
            CHECK_FALSE(stands_in(folder, scalar));
    // Control: the search finds what is there.
    std::ofstream(vault.disk.path() / "leak") << "..." << vault.scalars[2] << "...";
    CHECK(stands_in(vault.disk.path(), vault.scalars[2]));
    const SignedText text =
        must(verify_statement(record,
                              must(TrustStore::create({.ca_chain = vault.road.pki.chain("service-ca"),
                                                       .signers = vault.witness_files.certificate,
                                                       .use = CertificateUse::sign_receipts})),
                              now));
    const Destruction destruction = must(parse_destruction(text.json));
    CHECK(destruction.epoch == epoch_of(1));
    CHECK(destruction.keys ==
          std::vector{key_id(must(load_certificate(vault.recipients[1].certificate)).get())});
    CHECK(destruction.left == 2);
}

TEST_CASE("control: a backup of the old wrapping key beside the old store opens what was destroyed") {
    Vault vault;
    vault.seal(6);
    const fs::path copy = vault.backup("backup");
    for (const auto& kek : fs::directory_iterator(vault.keks.path()))
        fs::copy_file(kek.path(), copy / kek.path().filename());
    KeyStore store = must(KeyStore::open(vault.files));
    REQUIRE(store.destroy(epoch_of(1), *vault.witness, now));
    CHECK(vault.opened_by(must(KeyStore::open({copy / "keys.store", copy / "kek"}))) ==
          std::vector<std::size_t>{2, 2, 2});
}

TEST_CASE("a power cut in any step of a destruction: the store opens, and the same call ends it") {
    Vault vault;
    vault.seal(6);
    const std::string old_kek = vault.files.kek.string() + ".1";
    const std::string new_kek = vault.files.kek.string() + ".2";
    const std::string begun = vault.files.store.string() + "." + to_string(epoch_of(1)) + ".destroyed.begun";
    SUBCASE("the new wrapping key is there, the store is the old one") {
        std::ofstream(new_kek) << std::string(64, 'a');
        CHECK(vault.opened_by(must(KeyStore::open(vault.files)))[1] == 2);
        CHECK_FALSE(fs::exists(new_kek));
    }
    SUBCASE("the store is the new one, the old wrapping key is still there") {
        const Bytes kek = must(read_file(old_kek, 64));
        {
            KeyStore store = must(KeyStore::open(vault.files));
            REQUIRE(store.destroy(epoch_of(1), *vault.witness, now));
        }
        std::ofstream(old_kek) << as_text(kek);
        fs::remove(vault.files.store.string() + "." + to_string(epoch_of(1)) + ".destroyed");
        const std::string id = key_id(must(load_certificate(vault.recipients[1].certificate)).get());
        std::ofstream(begun) << must(encode_destruction({epoch_of(1), {id}, 2, now}));
        static_cast<void>(must(KeyStore::open(vault.files)));
        CHECK_FALSE(fs::exists(old_kek));
    }
    KeyStore store = must(KeyStore::open(vault.files));
    const Bytes record = must(store.destroy(epoch_of(1), *vault.witness, now));
    CHECK_FALSE(record.empty());
    CHECK(vault.opened_by(must(KeyStore::open(vault.files))) == std::vector<std::size_t>{2, 0, 2});
    CHECK_FALSE(fs::exists(begun));
    CHECK(store.destroy(epoch_of(1), *vault.witness, now).error().code() == ErrorCode::not_found);
}

TEST_CASE("attack: lines of a key store changed, exchanged, cut, or under another wrapping key") {
    Vault vault;
    const std::string text = must(read_text_file(vault.files.store, file_limit));
    const auto lines_end = text.find('\n', text.find('\n') + 1);
    const auto tried = [&](const std::string& changed) {
        REQUIRE(write_file_atomically(vault.files.store, as_bytes(changed), 0600));
        const auto store = KeyStore::open(vault.files);
        return store && store->unwrap();
    };
    CHECK(tried(text));
    std::string flipped = text;
    flipped[lines_end - 3] = flipped[lines_end - 3] == '0' ? '1' : '0';
    CHECK_FALSE(tried(flipped));
    std::string renamed = text;  // given out as another epoch's: it would be destroyed later, or sooner
    renamed.replace(renamed.find('\n') + 1, 10, "2031-01-01");
    CHECK_FALSE(tried(renamed));
    CHECK_FALSE(tried(text.substr(0, text.size() - 40)));
    CHECK_FALSE(tried("portcullis-key-store 1 \n"));
    CHECK_FALSE(tried("portcullis-key-store 1 99999999999999999999\n"));
    CHECK_FALSE(tried("a letter\n"));
    const std::string head = text.substr(0, text.find('\n') + 1);
    const std::string line = text.substr(head.size(), lines_end + 1 - head.size());
    const std::string before_key = line.substr(0, line.rfind(' ') + 1);
    CHECK(tried(head + line));
    CHECK_FALSE(tried(head + "2031-01-01\n"));
    CHECK_FALSE(tried(head + "2031-01-01 00\n"));
    CHECK_FALSE(tried(head + "2031-01-01 00 00 00\n"));
    CHECK_FALSE(tried(head + "2031-01-01 zz 00\n"));
    CHECK_FALSE(tried(head + "2031-01-01 00 00\n"));
    CHECK_FALSE(tried(head + before_key + "letters\n"));
    CHECK_FALSE(tried(head + before_key + "00\n"));
    // What cannot be kept is not lost in silence: nothing is destroyed beside it.
    REQUIRE(write_file_atomically(vault.files.store, as_bytes(text + before_key + "letters\n"), 0600));
    CHECK_FALSE(must(KeyStore::open(vault.files)).destroy(epoch_of(1), *vault.witness, now));
    std::string many = head;
    for (std::size_t i = 0; i < max_stored_keys; ++i)
        many += line;
    CHECK_FALSE(tried(many + line));
    CHECK(tried(many));
    {
        const KeyFiles one = vault.road.pki.recipient("one");
        const RecipientKey key = must(load_recipient({one.key, one.certificate}));
        KeyStore full = must(KeyStore::open(vault.files));
        CHECK(full.add(epoch_of(7), key.key.get(), key.certificate.get()).error().code() ==
              ErrorCode::exhausted);
    }
    CHECK_FALSE(tried(""));
    CHECK(tried(text));
    REQUIRE(write_file_atomically(vault.files.kek.string() + ".1", as_bytes(std::string(64, '0')), 0600));
    CHECK_FALSE(tried(text));
    for (const char* key : {"no digits", "00"}) {
        REQUIRE(write_file_atomically(vault.files.kek.string() + ".1", as_bytes(key), 0600));
        CHECK(KeyStore::open(vault.files).error().message().find("64 hex digits") != std::string::npos);
    }
    fs::permissions(vault.files.kek.string() + ".1", fs::perms::others_read, fs::perm_options::add);
    CHECK(KeyStore::open(vault.files).error().message().find("lets others read") != std::string::npos);
}

TEST_CASE("a key store takes a recipient's pair once, and none for a day that is destroyed") {
    Vault vault;
    KeyStore store = must(KeyStore::open(vault.files));
    CHECK(KeyStore::create(vault.files).error().code() == ErrorCode::refused);
    const auto added = [&](std::chrono::sys_days epoch, const KeyFiles& key, const KeyFiles& certificate) {
        const KeyPtr own = must(load_private_key(key.key));
        const X509Ptr named = must(load_certificate(certificate.certificate));
        const auto done = store.add(epoch, own.get(), named.get());
        return done ? std::string() : done.error().message();
    };
    const KeyFiles one = vault.road.pki.recipient("one");
    CHECK(added(epoch_of(7), one, vault.road.reader).find("private key") != std::string::npos);
    CHECK(added(epoch_of(7), vault.road.device, vault.road.device).find("keyAgreement") != std::string::npos);
    CHECK(added(epoch_of(7), one, one).empty());
    CHECK(added(epoch_of(8), one, one).find("there already") != std::string::npos);
    REQUIRE(store.destroy(epoch_of(2), *vault.witness, now));
    const KeyFiles late = vault.road.pki.recipient("late");
    CHECK(added(epoch_of(2), late, late).find("was destroyed") != std::string::npos);
    CHECK(store.entries().size() == 3);
    CHECK(must(KeyStore::open(vault.files)).entries().size() == 3);
}

TEST_CASE("a wrapping key of before that cannot be removed is told: what was destroyed could be opened") {
    const Vault vault;
    const fs::path stays = vault.files.kek.string() + ".7";
    fs::create_directories(stays / "full");
    const auto refused = KeyStore::open(vault.files);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("cannot remove old keys") != std::string::npos);
    fs::remove_all(stays);
    CHECK(KeyStore::open(vault.files));
}

TEST_CASE("two who change a store: each goes on from what the other left, and never both at once") {
    Vault vault;
    KeyStore one = must(KeyStore::open(vault.files));
    KeyStore other = must(KeyStore::open(vault.files));
    REQUIRE(one.destroy(epoch_of(0), *vault.witness, now));
    REQUIRE(other.destroy(epoch_of(1), *vault.witness, now));
    const KeyFiles late = vault.road.pki.recipient("late");
    const RecipientKey key = must(load_recipient({late.key, late.certificate}));
    REQUIRE(one.add(epoch_of(3), key.key.get(), key.certificate.get()));
    CHECK(must(must(KeyStore::open(vault.files)).unwrap()).size() == 2);
    const UniqueFd held = must(lock_file(vault.files.store.string() + ".lock"));
    const auto refused = [](const auto& result) {
        return !result && result.error().code() == ErrorCode::refused &&
               result.error().message().find("another process changes it") != std::string::npos;
    };
    CHECK(refused(KeyStore::open(vault.files)));
    CHECK(refused(one.destroy(epoch_of(2), *vault.witness, now)));
    CHECK(refused(one.add(epoch_of(4), key.key.get(), key.certificate.get())));
    CHECK(must(must(KeyStore::view(vault.files)).unwrap()).size() == 2);
}

TEST_CASE("who only reads a store in the midst of a destruction takes no wrapping key away from it") {
    const Vault vault;
    const std::string next = vault.files.kek.string() + ".2";  // made, and the store is not yet written
    std::ofstream(next) << std::string(64, 'a');
    CHECK(must(must(KeyStore::view(vault.files)).unwrap()).size() == 3);
    CHECK(fs::exists(next));
    CHECK(must(must(KeyStore::open(vault.files)).unwrap()).size() == 3);
    CHECK_FALSE(fs::exists(next));
}

TEST_CASE("a call fails while keys are added or an epoch is destroyed: the next try ends it") {
    const Road road;
    const TempDir place;
    const KeyStoreFiles files{place.path() / "disk" / "keys.store", place.path() / "keks" / "kek"};
    const KeyFiles witness_files = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    const auto witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    const RecipientKey keys[] = {must(load_recipient({road.reader.key, road.reader.certificate})),
                                 must(load_recipient({road.evidence.key, road.evidence.certificate}))};
    bool created = false;
    bool destroyed = false;
    int added = 0;
    const auto begin_anew = [&] {
        for (const fs::path& folder : {files.store.parent_path(), files.kek.parent_path()}) {
            fs::remove_all(folder);
            fs::create_directory(folder);
        }
        created = destroyed = false;
        added = 0;
    };
    begin_anew();
    CHECK(fail_each_library_call(
              [&] {
                  begin_anew();
                  auto store = KeyStore::create(files);
                  if (!store) return false;
                  created = true;
                  for (const RecipientKey& key : keys) {
                      if (!store->add(epoch_of(added), key.key.get(), key.certificate.get())) return false;
                      ++added;
                  }
                  destroyed = store->destroy(epoch_of(0), *witness, now).has_value();
                  return destroyed;
              },
              [&] {
                  if (!created) return;
                  KeyStore store = must(KeyStore::open(files));
                  // An adding that failed may have come to the disk, a destruction that began ends now.
                  if (added == 2) {
                      if (!destroyed) must(store.destroy(epoch_of(0), *witness, now));
                      REQUIRE(must(store.unwrap()).size() == 1);
                  } else {
                      REQUIRE(must(store.unwrap()).size() >= static_cast<std::size_t>(added));
                  }
              },
              walk_stride(4)) > 0);
}

TEST_CASE(
    "keys that live in a token: tried when they come, unwrapped there, destroyed there first, whatever "
    "fails") {
    const Road road;
    const TempDir place;
    const KeyStoreFiles files{place.path() / "disk" / "keys.store", place.path() / "keks" / "kek"};
    const KeyFiles witness_files = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    const auto witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    const X509Ptr certificate = must(load_certificate(road.reader.certificate));
    bool there = true;
    fs::path opens = road.reader.key;
    const TokenKeys token{[&](const std::string& label, X509* wanted) -> Result<KeyPtr> {
                              CHECK(label == epoch_label(epoch_of(0)));
                              CHECK(wanted != nullptr);
                              if (!there) return fail(ErrorCode::not_found, "the token has no such key");
                              return load_private_key(opens);
                          },
                          [&](const std::string& label, X509* only) -> Result<void> {
                              CHECK(label == epoch_label(epoch_of(0)));
                              CHECK(only == nullptr);
                              there = false;
                              return {};
                          }};
    const auto begin_anew = [&] {
        for (const fs::path& folder : {files.store.parent_path(), files.kek.parent_path()}) {
            fs::remove_all(folder);
            fs::create_directory(folder);
        }
        there = true;
    };
    SUBCASE("another's key is not taken, without the token neither opened nor destroyed") {
        begin_anew();
        KeyStore store = must(KeyStore::create(files));
        opens = road.evidence.key;
        CHECK(store.add_in_token(epoch_of(0), certificate.get(), token).error().code() == ErrorCode::refused);
        opens = road.reader.key;
        REQUIRE(store.add_in_token(epoch_of(0), certificate.get(), token));
        CHECK(must(store.unwrap(token)).size() == 1);
        CHECK(store.unwrap().error().code() == ErrorCode::configuration);
        CHECK(store.destroy(epoch_of(0), *witness, now).error().code() == ErrorCode::configuration);
        CHECK(there);
        there = false;  // in the midst of a destruction: told, left out
        CHECK(must(store.unwrap(token)).empty());
        REQUIRE(store.destroy(epoch_of(0), *witness, now, token));
        CHECK(must(KeyStore::open(files)).entries().empty());
    }
    SUBCASE("a call fails") {
        bool destroyed = false;
        CHECK(fail_each_library_call(
                  [&] {
                      begin_anew();
                      destroyed = false;
                      auto store = KeyStore::create(files);
                      if (!store || !store->add_in_token(epoch_of(0), certificate.get(), token)) return false;
                      if (!store->unwrap(token)) return false;
                      destroyed = store->destroy(epoch_of(0), *witness, now, token).has_value();
                      if (destroyed) REQUIRE_FALSE(there);
                      return destroyed;
                  },
                  [&] {
                      auto store = KeyStore::open(files);
                      if (!store || destroyed || there) return;
                      must(store->destroy(epoch_of(0), *witness, now, token));  // what was begun ends
                      REQUIRE(store->entries().empty());
                  },
                  walk_stride(4)) > 0);
    }
}
