// What an opener believes of a hotlist's file.
#include "hotlist/hotlist_gate.hpp"

#include "record/hotlist_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/statement.hpp"
#include "unit/hotlist/hotlist_files.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Bench : ListDesk {
    KeyFiles opener = desk.pki.recipient("opener");
    KeyFiles stranger = desk.pki.recipient("stranger");

    [[nodiscard]] Result<KnownHotlist> open_as(const KeyFiles& reader, ByteView sealed,
                                               const std::optional<SignedVersion>& in_use = {}) const {
        const RecipientKey key = must(load_recipient({reader.key, reader.certificate}));
        return gate().open(
            sealed, [&key](ByteView blob) { return open_envelope(key, blob); }, in_use);
    }
    [[nodiscard]] std::string refusal(ByteView sealed,
                                      const std::optional<SignedVersion>& in_use = {}) const {
        const auto known = open_as(opener, sealed, in_use);
        REQUIRE_FALSE(known);
        return known.error().message();
    }
};

bool says(const std::string& text, const char* words) {
    return text.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a list is taken by those to whom it was sealed, and is the same whoever reads it") {
    const Bench bench;
    const Hotlist list = sample_hotlist(now);
    const Bytes sealed = bench.sign(list, {bench.opener});
    const KnownHotlist known = must(bench.open_as(bench.opener, sealed));
    CHECK(known.list == list);
    CHECK(known.signer == "policy");
    CHECK(must(bench.open_as(bench.opener, sealed, SignedVersion{7, known.digest})).digest == known.digest);
    CHECK_FALSE(bench.open_as(bench.stranger, sealed));
}

TEST_CASE("attack: an older list, or another of the same version, is refused") {
    const Bench bench;
    const Bytes sealed = bench.sign(sample_hotlist(now), {bench.opener});
    const KnownHotlist known = must(bench.open_as(bench.opener, sealed));
    CHECK(says(bench.refusal(sealed, SignedVersion{8, known.digest}), "lower than 8"));
    CHECK(says(bench.refusal(sealed, SignedVersion{7, Digest{}}), "version 7"));
}

TEST_CASE("attack: a list of another signer, another fleet, or of no signer at all is refused") {
    const Bench bench;
    const Hotlist list = sample_hotlist(now);
    const KeyFiles other = bench.desk.pki.issue(
        "other", "other", {.ca = "root", .extended = "emailProtection," + std::string(oid_policy)});
    CHECK(says(bench.refusal(bench.sign_with(other, list, {bench.opener})), "hotlist: "));
    Hotlist foreign = list;
    foreign.fleet = "south";
    CHECK(says(bench.refusal(bench.sign(foreign, {bench.opener})), "of the fleet 'south'"));
    std::vector<X509Ptr> reader;
    reader.push_back(must(load_certificate(bench.opener.certificate)));
    const std::string text = must(encode_hotlist(list));
    CHECK_FALSE(bench.open_as(bench.opener, must(encrypt(as_bytes(text), reader))));
    CHECK_FALSE(bench.open_as(bench.opener, as_bytes(text)));
    // What the same key signed for another use is no list.
    const SetDesk::AnyKey key(bench.desk.policy);
    const Bytes policy = must(sign_statement(key, R"({"v":1,"kind":"accesspolicy"})"));
    CHECK_FALSE(bench.open_as(bench.opener, must(encrypt(policy, reader))));
}

TEST_CASE("attack: a list from outside of its key's days, or with a byte changed, is refused") {
    const Bench bench;
    CHECK(says(bench.refusal(bench.sign(sample_hotlist(now + 101 * day), {bench.opener})), "holds from"));
    Bytes sealed = bench.sign(sample_hotlist(now), {bench.opener});
    for (const std::size_t from_end : {5U, 40U, 2000U}) {
        Bytes changed = sealed;
        changed[changed.size() - from_end] ^= std::byte{1};
        CHECK_FALSE(bench.open_as(bench.opener, changed));
    }
}
