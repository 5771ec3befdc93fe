// The vectors of tests/data/seal, written by another implementation of the format (make_vectors.py there).
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "base/file.hpp"
#include "record/statement_codec.hpp"
#include "seal/gate.hpp"
#include "seal/self_test.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

const std::filesystem::path folder = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "tests/data/seal";
constexpr std::size_t max_vector_bytes = 64 * 1024;

struct Vector {
    std::string name;
    std::string expected;
    Bytes blob;
};

std::vector<Vector> load_vectors(const char* list = "vectors.txt") {
    std::vector<Vector> vectors;
    std::istringstream lines(must(read_text_file(folder / list, max_vector_bytes)));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with('#')) continue;
        const std::size_t tab = line.find('\t');
        std::string hex = must(read_text_file(folder / (line.substr(0, tab) + ".hex"), max_vector_bytes));
        std::erase(hex, '\n');
        vectors.push_back({line.substr(0, tab), line.substr(tab + 1), must(from_hex(hex))});
    }
    return vectors;
}

EnvelopeOpener vector_opener(const TempDir& dir) {
    // A checkout gives the key file mode 0644, which is refused for a key.
    std::filesystem::copy_file(folder / "reader.key", dir.path() / "reader.key");
    ::chmod((dir.path() / "reader.key").c_str(), 0600);
    TrustStore trust =
        must(TrustStore::create({.ca_chain = folder / "ca.crt", .signers = folder / "device.crt"}));
    return must(
        EnvelopeOpener::create({{dir.path() / "reader.key", folder / "reader.crt"}}, std::move(trust)));
}

}  // namespace

TEST_CASE("every vector gets the verdict that its author expects") {
    const TempDir dir;
    const EnvelopeOpener opener = vector_opener(dir);
    const std::vector<Vector> vectors = load_vectors();
    CHECK(vectors.size() >= 60);
    for (const Vector& vector : vectors) {
        CAPTURE(vector.name);
        const OpenedRead opened = opener.open_read(vector.blob, now);
        CAPTURE(opened.reason);
        const std::string got = std::string(to_string(opened.verdict.authenticity)) + " " +
                                std::string(to_string(opened.verdict.key_trust));
        CHECK(got == vector.expected);
        const bool has_payload = vector.expected == "authentic trusted";
        CHECK(opened.payload.has_value() == has_payload);
    }
}

TEST_CASE("what the gate is there for, the gate itself refuses, whatever OpenSSL would do") {
    for (const Vector& vector : load_vectors()) {
        CAPTURE(vector.name);
        CHECK(gate(vector.blob).has_value() == !vector.name.starts_with("gate-"));
    }
}

TEST_CASE("what the signed profile is there for, the profile refuses before OpenSSL sees it") {
    const TempDir dir;
    const EnvelopeOpener opener = vector_opener(dir);
    for (const Vector& vector : load_vectors()) {
        if (!vector.name.starts_with("signed-") || vector.name.starts_with("signed-by-stranger")) continue;
        CAPTURE(vector.name);
        CHECK(opener.open_read(vector.blob, now).reason.starts_with("signed profile:"));
    }
}

TEST_CASE("every vector of a statement is of the kind that its author expects, and of no other") {
    const TrustStore trust =
        must(TrustStore::create({.ca_chain = folder / "ca.crt", .signers = folder / "device.crt"}));
    const std::vector<Vector> vectors = load_vectors("statements.txt");
    CHECK(vectors.size() >= 18);
    for (const Vector& vector : vectors) {
        CAPTURE(vector.name);
        const SignedText text = must(verify_statement(vector.blob, trust, now));
        CHECK(text.trust == KeyTrust::trusted);
        CHECK(parse_checkpoint(text.json).has_value() == (vector.expected == "checkpoint"));
        CHECK(parse_tombstone(text.json).has_value() == (vector.expected == "tombstone"));
        CHECK(parse_receipt(text.json).has_value() == (vector.expected == "receipt"));
        CHECK(parse_life(text.json).has_value() == (vector.expected == "life"));
    }
    const Vector& back = *std::ranges::find(vectors, "statement-life-rolled-back", &Vector::name);
    const LifeStatement life = must(parse_life(must(verify_statement(back.blob, trust, now)).json));
    CHECK(life.reason == LifeReason::rolled_back);
    CHECK(life.boots == 12);
    CHECK(life.previous_last == 64);
    CHECK(life.records_lost == 3);
    CHECK(life.frames_dropped == 450);
}

TEST_CASE("the self-test at the start of reader and opener passes on this machine") {
    const Result<void> passed = envelope_self_test();
    CHECK_MESSAGE(passed.has_value(), (passed ? "" : passed.error().message()));
}

TEST_CASE("a gate or a profile that judges any one vector of the self-test wrongly is found and named") {
    // The n-th vector that is shown gets the wrong answer.
    const auto fails_at = [](int n, int& shown) {
        shown = 0;
        const auto wrong_once = [&shown, n](bool passes) { return passes != (shown++ == n); };
        return envelope_self_test(
            {[&](ByteView blob) { return wrong_once(gate(blob).has_value()); },
             [&](ByteView blob) { return wrong_once(check_signed_profile(blob).has_value()); }});
    };
    int vectors = 0;
    REQUIRE(fails_at(-1, vectors));
    CHECK(vectors >= 32);
    for (int n = 0; n < vectors; ++n) {
        int shown = 0;
        const Result<void> failed = fails_at(n, shown);
        REQUIRE_FALSE(failed);
        CHECK(shown == n + 1);
        CHECK(failed.error().code() == ErrorCode::internal);
        CHECK(failed.error().message().find("do not start") != std::string::npos);
    }
}
