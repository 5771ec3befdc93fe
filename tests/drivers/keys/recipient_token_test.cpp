// Recipients' keys that live in a token, by epoch: they open there, and are destroyed there.
#include "apps/common/recipient_token.hpp"

#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "apps/portcullis/epoch_command.hpp"
#include "base/file.hpp"
#include "key_bench.hpp"
#include "seal/statement.hpp"
#include "support/command_run.hpp"
#include "support/rounds.hpp"
#include "unit/seal/test_pki.hpp"
#include "wall/wall.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

namespace fs = std::filesystem;

using Counts = std::vector<std::size_t>;

std::chrono::sys_days epoch_of(std::size_t number) {
    return std::chrono::floor<std::chrono::days>(now) + std::chrono::days(number);
}

/// A key store whose keys live in SoftHSM, and what was sealed to each epoch.
struct Safe {
    TokenBench bench;
    Road road;
    fs::path folder = bench.folder() / "opener";
    KeyStoreFiles files{folder / "keys.store", folder / "kek"};
    KeyFiles witness_files = road.pki.issue("witness", "collector", {.ca = "service-ca"});
    std::unique_ptr<FileSigningKey> witness = must(
        FileSigningKey::create(witness_files.key, witness_files.certificate, CertificateUse::sign_receipts));
    RecipientToken token = must(RecipientToken::create(bench.place()));
    std::vector<fs::path> certificates;
    std::vector<std::vector<Bytes>> blobs;  // by epoch

    Safe() {
        fs::create_directory(folder);
        static_cast<void>(must(KeyStore::create(files)));
    }
    /// What the recipient CA makes of a public key.
    [[nodiscard]] fs::path certify(const fs::path& public_key, const std::string& name) const {
        std::ofstream(folder / "extensions")
            << "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\n"
               "subjectKeyIdentifier=hash\n";
        const fs::path ca = road.pki.folder() / "recipient-ca";
        const fs::path made = folder / (name + ".crt");
        run_or_fail({"openssl", "x509", "-new", "-subj", "/CN=" + name, "-force_pubkey", public_key, "-CA",
                     ca.string() + ".crt", "-CAkey", ca.string() + ".key", "-days", "5", "-extfile",
                     folder / "extensions", "-out", made},
                    folder / "log");
        return made;
    }
    [[nodiscard]] Outcome command(const std::string& step, std::vector<std::string> more,
                                  bool with_store = true) const {
        std::vector<std::string> arguments{step};
        if (with_store) arguments.insert(arguments.end(), {files.store, "--kek", files.kek});
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_command(add_epoch_command, "epoch", arguments);
    }
    /// As an operator does it: made, certified, taken in.
    void make_epoch() {
        const std::string day = to_string(epoch_of(certificates.size()));
        const fs::path public_key = folder / (day + ".pem");
        const Outcome made = command(
            "make", {"--token", bench.place(), "--epoch", day, "--public", public_key.string()}, false);
        INFO(made.out);
        REQUIRE(made.code == 0);
        certificates.push_back(certify(public_key, "reads-" + day));
        const Outcome added = command(
            "add", {"--token", bench.place(), "--epoch", day, "--certificate", certificates.back().string()});
        INFO(added.out);
        REQUIRE(added.code == 0);
    }
    void seal(std::size_t each) {
        for (const fs::path& certificate : certificates) {
            SealerSettings settings;
            settings.device = "gate-1";
            settings.fleet = "test-fleet";
            settings.boot = "boot-1";
            settings.read_recipients = settings.plate_recipients =
                settings.overview_recipients = {certificate};
            const Sealer sealer = must(Sealer::create(std::move(settings), *road.key));
            blobs.emplace_back();
            for (std::size_t i = 0; i < each; ++i)
                blobs.back().push_back(must(sealer.seal(sample_record(), first_head(), {})).items[0].blob);
        }
    }
    [[nodiscard]] EnvelopeOpener opener() {
        return must(
            EnvelopeOpener::create(must(must(KeyStore::open(files)).unwrap(token.keys())), road.trust()));
    }
    [[nodiscard]] Counts opened_by(const EnvelopeOpener& one) const {
        Counts opened;
        for (const auto& of_epoch : blobs)
            opened.push_back(static_cast<std::size_t>(std::ranges::count_if(
                of_epoch, [&](const Bytes& blob) { return one.open_read(blob, now).verdict.good(); })));
        return opened;
    }
    [[nodiscard]] std::size_t keys_of(std::size_t epoch) const {
        Pkcs11Token direct = must(Pkcs11Token::open(must(parse_token_uri(bench.uri("lane", "any", "pin")))));
        return must(direct.find(epoch_label(epoch_of(epoch)))).size();
    }
};

bool stands_in(const fs::path& folder, std::string_view needle) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        const Bytes bytes = must(read_file(entry.path(), std::size_t{16} << 20));
        if (as_text(bytes).find(needle) != std::string_view::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE(
    "12.12: an epoch whose key was in a token opens no more once it is destroyed there, the others do") {
    if (skip<TokenBench>()) return;
    Safe safe;
    for (int epoch = 0; epoch < 3; ++epoch)
        safe.make_epoch();
    const auto each = static_cast<std::size_t>(rounds_or(30)) / 3 + 1;
    safe.seal(each);
    const EnvelopeOpener running = safe.opener();
    CHECK(safe.opened_by(running) == Counts{each, each, each});
    const fs::path backup = safe.bench.folder() / "backup";
    fs::copy(safe.folder, backup);
    const Outcome destroyed =
        safe.command("destroy", {"--epoch", to_string(epoch_of(1)), "--token", safe.bench.place(), "--key",
                                 safe.witness_files.key, "--certificate", safe.witness_files.certificate});
    INFO(destroyed.out);
    REQUIRE(destroyed.code == 0);
    // The opener that runs since before has a handle on a key that is no more.
    CHECK(safe.opened_by(running) == Counts{each, 0, each});
    CHECK(safe.opened_by(safe.opener()) == Counts{each, 0, each});
    CHECK(safe.keys_of(1) == 0);
    CHECK(safe.keys_of(0) == 1);
    // A backup of the store, wrapping key and all, names a key that the token has no more.
    const KeyStore restored = must(KeyStore::open({backup / "keys.store", backup / "kek"}));
    CHECK(restored.entries().size() == 3);
    CHECK(safe.opened_by(must(EnvelopeOpener::create(must(restored.unwrap(safe.token.keys())),
                                                     safe.road.trust()))) == Counts{each, 0, each});
    const Outcome again =
        safe.command("add", {"--token", safe.bench.place(), "--epoch", to_string(epoch_of(1)),
                             "--certificate", safe.certificates[1].string()});
    CHECK(again.code == 1);
    const std::string record = safe.files.store.string() + "." + to_string(epoch_of(1)) + ".destroyed";
    const TrustStore witnesses = must(TrustStore::create({.ca_chain = safe.road.pki.chain("service-ca"),
                                                          .signers = safe.witness_files.certificate,
                                                          .use = CertificateUse::sign_receipts}));
    const SignedText text = must(verify_statement(must(read_file(record, 8192)), witnesses, now));
    CHECK(must(parse_destruction(text.json)).keys ==
          std::vector{key_id(must(load_certificate(safe.certificates[1])).get())});
}

TEST_CASE("a key in a token stands in no file, before and after it is destroyed") {
    if (skip<TokenBench>()) return;
    Safe safe;
    // One whose number is known, so that it can be searched for.
    const KeyFiles known = safe.road.pki.recipient("known");
    const KeyPtr key = must(load_private_key(known.key));
    BIGNUM* number = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key.get(), "priv", &number) == 1);
    Bytes raw(32);
    REQUIRE(BN_bn2binpad(number, u8(raw), 32) == 32);
    BN_clear_free(number);
    safe.bench.import(known.key, epoch_label(epoch_of(0)));
    fs::remove(known.key);
    KeyStore store = must(KeyStore::open(safe.files));
    REQUIRE(
        store.add_in_token(epoch_of(0), must(load_certificate(known.certificate)).get(), safe.token.keys()));
    safe.certificates.push_back(known.certificate);
    safe.seal(2);
    CHECK(safe.opened_by(safe.opener()) == Counts{2});
    const auto found = [&] {
        return stands_in(safe.bench.folder(), as_text(raw)) || stands_in(safe.bench.folder(), to_hex(raw)) ||
               stands_in(safe.road.pki.folder(), as_text(raw));
    };
    CHECK_FALSE(found());
    REQUIRE(store.destroy(epoch_of(0), *safe.witness, now, safe.token.keys()));
    CHECK_FALSE(found());
    CHECK(safe.keys_of(0) == 0);
    std::ofstream(safe.folder / "leak") << "..." << as_text(raw) << "...";
    CHECK(found());  // control
}

TEST_CASE("a secret derived in the token is the one of the same key in a file, and goes with the epoch") {
    if (skip<TokenBench>()) return;
    Safe safe;
    const KeyFiles known = safe.road.pki.recipient("known");
    const Bytes salt = to_bytes("a salt");
    const SecretKey expected = must(derive_key(must(load_private_key(known.key)).get(), salt, "test"));
    safe.bench.import(known.key, epoch_label(epoch_of(0)));
    fs::remove(known.key);
    const X509Ptr certificate = must(load_certificate(known.certificate));
    KeyStore store = must(KeyStore::open(safe.files));
    REQUIRE(store.add_in_token(epoch_of(0), certificate.get(), safe.token.keys()));
    safe.certificates.push_back(known.certificate);
    const std::string id = key_id(certificate.get());
    const EnvelopeOpener opener = safe.opener();
    CHECK(must(opener.derive(id, salt, "test")).bytes == expected.bytes);
    REQUIRE(store.destroy(epoch_of(0), *safe.witness, now, safe.token.keys()));
    CHECK_FALSE(opener.derive(id, salt, "test"));  // the handle is there, the key is not
}

TEST_CASE("behind the opener's wall a token's key opens, also when the keys are read again") {
    if (skip<TokenBench>()) return;
    Safe safe;
    const KeyFiles known = safe.road.pki.recipient("known");
    safe.bench.import(known.key, epoch_label(epoch_of(0)));
    safe.certificates.push_back(known.certificate);
    safe.seal(2);
    const auto opens = [&safe, &known] {
        if (!deny_network()) return 2;
        KeyStore store = must(KeyStore::open(safe.files));
        if (!store.add_in_token(epoch_of(0), must(load_certificate(known.certificate)).get(),
                                safe.token.keys()))
            return 3;
        for (int round = 0; round < 2; ++round)
            if (safe.opened_by(safe.opener()) != Counts{2}) return 4;
        return ::socket(AF_INET, SOCK_STREAM, 0) < 0 ? 0 : 5;
    };
    // In a process of its own: the wall cannot be taken down again.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int code = 1;
        try {
            code = opens();
        } catch (const std::exception& problem) {
            std::fprintf(stderr, "%s\n", problem.what());
        }
        ::_exit(code);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE(
    "a power cut in the midst of a destruction in a token: the opener opens the rest, the same call ends "
    "it") {
    if (skip<TokenBench>()) return;
    Safe safe;
    safe.make_epoch();
    safe.make_epoch();
    safe.seal(2);
    // The key is gone, its line still stands.
    REQUIRE(safe.token.keys().destroy(epoch_label(epoch_of(0)), nullptr));
    CHECK(safe.opened_by(safe.opener()) == Counts{0, 2});
    KeyStore store = must(KeyStore::open(safe.files));
    CHECK(store.entries().size() == 2);
    REQUIRE(store.destroy(epoch_of(0), *safe.witness, now, safe.token.keys()));
    CHECK(safe.opened_by(safe.opener()) == Counts{0, 2});
    CHECK(must(KeyStore::open(safe.files)).entries().size() == 1);
}

TEST_CASE("a token that is not there, or not named: nothing is destroyed, and the error says what to do") {
    if (skip<TokenBench>()) return;
    Safe safe;
    safe.make_epoch();
    const std::string day = to_string(epoch_of(0));
    const std::vector<std::string> signing{
        "--epoch", day, "--key", safe.witness_files.key, "--certificate", safe.witness_files.certificate};
    const Outcome unnamed = safe.command("destroy", signing);
    CHECK(unnamed.code == 2);
    CHECK(unnamed.out.find("--token") != std::string::npos);
    auto elsewhere = signing;
    std::string other = safe.bench.place();
    other.replace(other.find("lane"), 4, "road");
    elsewhere.insert(elsewhere.end(), {"--token", other});
    const Outcome away = safe.command("destroy", elsewhere);
    CHECK(away.code == 2);
    CHECK(away.out.find("'road': not there") != std::string::npos);
    CHECK(must(KeyStore::open(safe.files)).unwrap().error().code() == ErrorCode::configuration);
    CHECK(safe.keys_of(0) == 1);
    CHECK(safe.command("list", {}).out.find(day + " ") == 0);
    CHECK(safe.command("list", {}).out.find(" token\n") != std::string::npos);
}

TEST_CASE("a token's key that is another's, or may not derive, is not taken in") {
    if (skip<TokenBench>()) return;
    Safe safe;
    KeyStore store = must(KeyStore::open(safe.files));
    const auto added = [&](const fs::path& certificate) {
        return store.add_in_token(epoch_of(0), must(load_certificate(certificate)).get(), safe.token.keys());
    };
    const KeyFiles elsewhere = safe.road.pki.recipient("elsewhere");
    CHECK(added(elsewhere.certificate).error().code() == ErrorCode::not_found);
    Pkcs11Token direct = must(Pkcs11Token::open(must(parse_token_uri(safe.bench.uri("lane", "any", "pin")))));
    const TokenKey signs = must(direct.make(epoch_label(epoch_of(0)), TokenKeyUse::sign));
    const fs::path public_key = safe.folder / "signs.pem";
    {
        std::FILE* const out = std::fopen(public_key.c_str(), "w");
        REQUIRE(out != nullptr);
        REQUIRE(PEM_write_PUBKEY(out, signs.public_key.get()) == 1);
        std::fclose(out);
    }
    const auto refused = added(safe.certify(public_key, "signs"));
    REQUIRE_FALSE(refused);
    INFO(refused.error().message());
    CHECK(refused.error().code() == ErrorCode::refused);
    CHECK(refused.error().message().find("CKA_DERIVE") != std::string::npos);
    CHECK(store.entries().empty());
    for (const char* uri : {"pkcs11:token=lane;object=read?module-path=/x.so",
                            "pkcs11:object=x?module-path=/x.so", "tpm:handle:0x81000100", ""})
        CHECK_FALSE(RecipientToken::create(uri));
}

TEST_CASE("a token that cannot be opened says what is wrong, and a key without an id is never destroyed") {
    if (skip<TokenBench>()) return;
    const TokenBench bench;
    const auto error = [](const std::string& uri) {
        const auto token = Pkcs11Token::open(must(parse_token_uri(uri)));
        REQUIRE_FALSE(token);
        CHECK(token.error().code() == ErrorCode::configuration);
        return token.error().message();
    };
    const auto says = [](const std::string& message, std::string_view part) {
        INFO(message);
        return message.find(part) != std::string::npos;
    };
    CHECK(says(error(bench.uri("lane", "any", "wrong-pin")), "the PIN is wrong"));
    CHECK(says(error("pkcs11:object=any?module-path=/x.so"), "names no token"));
    CHECK(says(error("pkcs11:token=lane?module-path=/nowhere/x.so"), "/nowhere/x.so"));
    Pkcs11Token token = must(Pkcs11Token::open(must(parse_token_uri(bench.uri("lane", "any", "pin")))));
    CHECK(token.destroy({"read", {}, nullptr}).error().code() == ErrorCode::refused);
    CHECK(must(token.find("read")).size() == 1);
    CHECK(must(token.find("nobody")).empty());
}
