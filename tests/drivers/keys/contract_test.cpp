// What every driver of the port SigningKey promises, wherever the key lives.
#include <openssl/x509.h>

#include "base/clock.hpp"
#include "key_bench.hpp"
#include "seal/statement.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string error_of(const Result<std::unique_ptr<SigningKey>>& key) {
    REQUIRE_FALSE(key);
    CHECK(key.error().code() == ErrorCode::configuration);
    return key.error().message();
}

bool holds(const KeyBench& bench, const std::filesystem::path& certificate, const Result<Bytes>& blob) {
    if (!blob) FAIL(blob.error().message());
    const TrustStore trust = bench.trust(certificate);
    const auto text = verify_statement(*blob, trust, SystemClock().utc());
    if (!text) FAIL(text.error().message());
    return text->json == json && text->signer_name == "gate-1" && text->trust == KeyTrust::trusted;
}

}  // namespace

TEST_CASE_TEMPLATE("a key signs what the collector's trust store believes", Bench, FileBench, TokenBench,
                   TpmBench) {
    if (skip<Bench>()) return;
    const Bench bench;
    const auto certificate = bench.certify();
    auto key = bench.open(certificate);
    if (!key) FAIL(key.error().message());
    for (int i = 0; i < 20; ++i)
        CHECK(holds(bench, certificate, sign_statement(**key, json)));
    CHECK(X509_check_private_key((*key)->certificate(), (*key)->key()) == 1);
}

TEST_CASE_TEMPLATE("a key can be opened again and again", Bench, FileBench, TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    const Bench bench;
    const auto certificate = bench.certify();
    for (int i = 0; i < 3; ++i) {
        auto key = bench.open(certificate);
        if (!key) FAIL(key.error().message());
        CHECK(holds(bench, certificate, sign_statement(**key, json)));
    }
}

TEST_CASE_TEMPLATE("the certificate of another key is refused", Bench, FileBench, TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    const Bench bench;
    const auto other = bench.certificate_of_another_key();
    const std::string message = error_of(bench.open(other));
    CHECK(message.find(other.string()) != std::string::npos);
    CHECK(message.find("another private key") != std::string::npos);
}

TEST_CASE_TEMPLATE("a certificate that is not for signing reads is refused", Bench, FileBench, TokenBench,
                   TpmBench) {
    if (skip<Bench>()) return;
    const Bench bench;
    CHECK(error_of(bench.open(bench.certify("gate-1", "clientAuth"))).find("wrong key usage") !=
          std::string::npos);
}

TEST_CASE_TEMPLATE("a place without the key is a configuration error that names it", Bench, FileBench,
                   TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    Bench bench;
    const auto certificate = bench.certify();
    bench.take_away();
    const std::string message = error_of(bench.open(certificate));
    INFO(message);
    CHECK(message.find("key") != std::string::npos);
}

TEST_CASE_TEMPLATE("a token that is pulled out while the key is in use is an error, not a crash", Bench,
                   FileBench, TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    Bench bench;
    const auto certificate = bench.certify();
    auto key = bench.open(certificate);
    if (!key) FAIL(key.error().message());
    bench.take_away();
    for (int i = 0; i < 3; ++i) {
        const Result<Bytes> blob = sign_statement(**key, json);
        CHECK(blob.has_value() != bench.signs_in_its_place());
        if (!blob) CHECK(blob.error().message().find("cannot sign") != std::string::npos);
    }
}
