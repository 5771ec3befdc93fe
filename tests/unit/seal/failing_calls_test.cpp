// Each call of OpenSSL, and of the system for a file, fails in turn: sealing, opening, signing and judging
// give an error, never a crash, half a blob or a false good verdict, and work again afterwards.
#include "support/failing_calls.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "base/file.hpp"
#include "seal/device_recipients.hpp"

#include "seal/key_trial.hpp"
#include "seal/own_signers.hpp"
#include "seal/statement.hpp"
#include "support/fake_clock.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("a call fails while a record is sealed: an error, never half a record") {
    const Road road;
    const CaptureRecord record = sample_record();
    CHECK(fail_each_library_call([&] {
              const auto sealed = road.sealer->seal(record, first_head(), {});
              if (!sealed) return false;
              REQUIRE(sealed->items.size() == 1 + record.media.size());
              return true;
          }) > 0);
}

TEST_CASE("a call fails while a sealer begins or reads its recipients again: those before stay") {
    const Road road;
    SealerSettings settings;
    settings.device = "gate-1";
    settings.fleet = "test-fleet";
    settings.boot = "boot-1";
    settings.read_recipients = {road.reader.certificate};
    settings.plate_recipients = settings.overview_recipients =
        settings.health_recipients = {road.evidence.certificate};
    Sealer sealer = must(Sealer::create(settings, *road.key));
    CHECK(fail_each_library_call(
              [&] { return Sealer::create(settings, *road.key) && sealer.reload_recipients(); },
              [&] {
                  const SealedRecord sealed = must(sealer.seal(sample_record(), first_head(), {}));
                  REQUIRE(road.opener->open_read(sealed.items[0].blob, now).verdict.good());
              },
              3) > 0);
}

TEST_CASE("a call fails while the chain's own statements and a health record are sealed") {
    const Road road;
    ChainHead head = first_head();
    head.next_seq = 9;
    LifeStatement life;
    life.boots = 1;
    const Tombstone tombstone{"gate-1", head.chain, 2, 3, {}, 0, 1, 1, 0, now};
    const TrustStore trust = road.trust();
    const auto holds = [&](const Result<Bytes>& blob) {
        if (!blob) return false;
        REQUIRE(must(verify_statement(*blob, trust, now)).trust == KeyTrust::trusted);
        return true;
    };
    const auto blob_of = [](Result<SealedItem> item) -> Result<Bytes> {
        if (!item) return fail(item.error());
        return item->blob;
    };
    const RecipientKey reader = must(load_recipient({road.reader.key, road.reader.certificate}));
    std::vector<Result<Bytes>> statements;
    std::optional<Result<SealedItem>> health;
    CHECK(fail_each_library_call(
              [&] {
                  statements.clear();
                  statements.push_back(blob_of(road.sealer->checkpoint(head, 1, now)));
                  statements.push_back(blob_of(road.sealer->life(head, life, now)));
                  statements.push_back(road.sealer->tombstone(tombstone));
                  health = road.sealer->health(head, HealthRecord{}, {}, now);
                  return *health &&
                         std::ranges::all_of(statements, [](const auto& one) { return bool(one); });
              },
              [&] {
                  for (const Result<Bytes>& one : statements)
                      if (one) REQUIRE(holds(one));
                  if (*health) REQUIRE(open_envelope(reader, (*health)->blob));
              }) > 0);
}

TEST_CASE("a call fails while an envelope is opened for one recipient alone") {
    const Road road;
    const Bytes blob = road.seal(sample_record(), first_head()).items[0].blob;
    const RecipientKey reader = must(load_recipient({road.reader.key, road.reader.certificate}));
    const Bytes truth = must(open_envelope(reader, blob));
    CHECK(fail_each_library_call([&] {
              const auto opened = open_envelope(reader, blob);
              if (opened) REQUIRE(*opened == truth);
              return opened.has_value();
          }) > 0);
}

TEST_CASE("a call fails while an envelope is opened: no verdict calls it good and no payload is false") {
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    const std::string truth =
        must(encode_payload(*road.opener->open_read(sealed.items[0].blob, now).payload));
    CHECK(fail_each_library_call([&] {
              const OpenedRead opened = road.opener->open_read(sealed.items[0].blob, now);
              if (!opened.verdict.good()) return false;
              REQUIRE(opened.payload);
              REQUIRE(must(encode_payload(*opened.payload)) == truth);
              return true;
          }) > 0);
}

TEST_CASE("a call fails while a statement is signed or verified") {
    const Road road;
    const TrustStore trust = road.trust();
    constexpr std::string_view text = R"({"v":1,"kind":"checkpoint"})";
    CHECK(fail_each_library_call([&] { return sign_statement(*road.key, text).has_value(); }) > 0);
    const Bytes blob = must(sign_statement(*road.key, text));
    CHECK(fail_each_library_call([&] {
              const auto verified = verify_statement(blob, trust, now);
              if (!verified || verified->trust != KeyTrust::trusted) return false;
              REQUIRE(verified->json == text);
              return true;
          }) > 0);
}

TEST_CASE("a call fails while keys, certificates and lists are loaded") {
    const Road road;
    const TrustSettings settings{.ca_chain = road.pki.chain("device-ca"), .signers = road.pki.signers()};
    CHECK(fail_each_library_call([&] { return TrustStore::create(settings).has_value(); }) > 0);
    CHECK(fail_each_library_call([&] {
              return FileSigningKey::create(road.device.key, road.device.certificate).has_value();
          }) > 0);
    CHECK(fail_each_library_call([&] {
              return load_recipient({road.reader.key, road.reader.certificate}).has_value();
          }) > 0);
    CHECK(fail_each_library_call([&] { return try_key(*road.key, "read.key").has_value(); }) > 0);
}

TEST_CASE("a call fails while a recipient set is taken: the set in use stays") {
    const SetDesk desk;
    const Bytes blob = desk.sign(desk.set(3));
    const RecipientSetGate gate = desk.gate();
    CHECK(fail_each_library_call([&] { return gate.open(blob, std::nullopt, now).has_value(); }, [] {}, 3) >
          0);
}

TEST_CASE(
    "a call fails while the device takes a recipient set: the one in use stays, in the file it is whole") {
    const SetDesk desk;
    const Bytes old = desk.sign(desk.set(3));
    const Bytes next = desk.sign(desk.set(4));
    const RecipientSetRules rules = desk.rules();
    const TempDir place;
    const std::filesystem::path file = place.path() / "recipients.set";
    const FakeClock clock{now};
    const auto put = [&](const Bytes& set) {
        std::ofstream(file, std::ios::binary | std::ios::trunc) << as_text(set);
    };
    put(old);
    CHECK(fail_each_library_call(
              [&] {
                  auto device = DeviceRecipients::create(rules, file, clock);
                  if (!device) return false;
                  const bool knows_old = device->in_use().has_value();
                  if (device->offer(next)) return true;
                  REQUIRE(device->in_use().has_value() == knows_old);
                  if (knows_old) REQUIRE(device->in_use()->set.version == 3);
                  return false;
              },
              [&] {
                  const Bytes kept = must(read_file(file, std::size_t{1} << 20U));
                  CHECK((kept == old || kept == next));
                  put(old);
              },
              9) > 0);
}

TEST_CASE("a call fails while a key's forerunner is kept: signing goes on, and the next try keeps it") {
    const Road road;
    const KeyFiles newer = road.pki.issue("gate-1b", "gate-1");
    const X509Ptr first = must(load_certificate(road.device.certificate));
    const X509Ptr second = must(load_certificate(newer.certificate));
    const TempDir place;
    const std::filesystem::path file = place.path() / "own-signers.crt";
    const auto kept = [&] {
        OwnSigners next("gate-1");
        next.use(second.get());
        next.keep_in(file);
        return next.forerunners().size() == 1;
    };
    const auto work = [&] {
        std::filesystem::remove(file);
        OwnSigners signers("gate-1");
        signers.use(first.get());
        signers.keep_in(file);
        signers.use(second.get());
        REQUIRE(signers.forerunners().size() == 1);
        signers.save();
        return kept();
    };
    static_cast<void>(fail_each_library_call(work));
    CHECK(kept());
}
