// Each call of OpenSSL fails in turn: sealing, opening, signing and judging give an error, never a crash, half a
// blob or a false good verdict, and work again afterwards.
#include "support/failing_openssl.hpp"

#include <doctest/doctest.h>

#include "seal/key_trial.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("OpenSSL refuses while a record is sealed: an error, never half a record") {
    const Road road;
    const CaptureRecord record = sample_record();
    CHECK(fail_each_openssl_call([&] {
              const auto sealed = road.sealer->seal(record, first_head(), {});
              if (!sealed) return false;
              REQUIRE(sealed->items.size() == 1 + record.media.size());
              return true;
          }) > 0);
}

TEST_CASE("OpenSSL refuses while an envelope is opened: no verdict calls it good and no payload is false") {
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    const std::string truth = must(encode_payload(*road.opener->open_read(sealed.items[0].blob, now).payload));
    CHECK(fail_each_openssl_call([&] {
              const OpenedRead opened = road.opener->open_read(sealed.items[0].blob, now);
              if (!opened.verdict.good()) return false;
              REQUIRE(opened.payload);
              REQUIRE(must(encode_payload(*opened.payload)) == truth);
              return true;
          }) > 0);
}

TEST_CASE("OpenSSL refuses while a statement is signed or verified") {
    const Road road;
    const TrustStore trust = road.trust();
    constexpr std::string_view text = R"({"v":1,"kind":"checkpoint"})";
    CHECK(fail_each_openssl_call([&] { return sign_statement(*road.key, text).has_value(); }) > 0);
    const Bytes blob = must(sign_statement(*road.key, text));
    CHECK(fail_each_openssl_call([&] {
              const auto verified = verify_statement(blob, trust, now);
              if (!verified || verified->trust != KeyTrust::trusted) return false;
              REQUIRE(verified->json == text);
              return true;
          }) > 0);
}

TEST_CASE("OpenSSL refuses while keys, certificates and lists are loaded") {
    const Road road;
    const TrustSettings settings{.ca_chain = road.pki.chain("device-ca"), .signers = road.pki.signers()};
    CHECK(fail_each_openssl_call([&] { return TrustStore::create(settings).has_value(); }) > 0);
    CHECK(fail_each_openssl_call([&] {
              return FileSigningKey::create(road.device.key, road.device.certificate).has_value();
          }) > 0);
    CHECK(fail_each_openssl_call([&] {
              return load_recipient({road.reader.key, road.reader.certificate}).has_value();
          }) > 0);
    CHECK(fail_each_openssl_call([&] { return try_key(*road.key, "read.key").has_value(); }) > 0);
}

TEST_CASE("OpenSSL refuses while a recipient set is taken: the set in use stays") {
    const SetDesk desk;
    const Bytes blob = desk.sign(desk.set(3));
    const RecipientSetGate gate = desk.gate();
    CHECK(fail_each_openssl_call([&] { return gate.open(blob, std::nullopt, now).has_value(); }) > 0);
}
