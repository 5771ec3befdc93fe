// What only a TPM can do: lose its power, be another one. PORTCULLIS_ROUNDS sets the number of power cuts.
#include "drivers/keys/tpm/tpm_maker.hpp"
#include "drivers/keys/tpm/tpm_signing_key.hpp"
#include "drivers/keys/tpm/tss2_file.hpp"

#include <cstdlib>

#include "key_bench.hpp"
#include "seal/statement.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// swtpm allows 3 of what it takes for attacks; another chip may allow more, hardly ever so many.
constexpr int most_before_lockout = 40;

int rounds(int otherwise) {
    const char* const wanted = std::getenv("PORTCULLIS_ROUNDS");
    return wanted == nullptr ? otherwise : std::atoi(wanted);
}

bool signs(const std::string& name, const std::filesystem::path& certificate) {
    const auto key = TpmSigningKey::create(name, certificate);
    return key && sign_statement(**key, json);
}

}  // namespace

TEST_CASE("a name that is no persistent handle is refused with the way to make one") {
    for (const char* name : {"tpm:", "tpm:handle:", "tpm:handle:0x81", "tpm:handle:0x8100010",
                             "tpm:handle:0x810001000", "tpm:handle:0x80000001", "tpm:handle:81000100",
                             "tpm:handle:0x8100010g", "tpm:object:0x81000100", "tpm:handle:0x81000100;"}) {
        CAPTURE(name);
        const auto key = TpmSigningKey::create(name, "/nowhere");
        REQUIRE_FALSE(key);
        CHECK(key.error().code() == ErrorCode::configuration);
        CHECK(key.error().message().find("noda") != std::string::npos);
    }
}

TEST_CASE("a handle at which the TPM holds nothing is told") {
    if (skip<TpmBench>()) return;
    const TpmBench bench;
    const auto key = TpmSigningKey::create("tpm:handle:0x81000155", bench.certify());
    REQUIRE_FALSE(key);
    CHECK(key.error().message().find("holds no key there") != std::string::npos);
}

TEST_CASE("power cuts right after a signature do not lock the key") {
    if (skip<TpmBench>()) return;
    TpmBench bench;
    const auto certificate = bench.certify();
    const int cuts = rounds(6);
    for (int cut = 0; cut < cuts; ++cut) {
        CAPTURE(cut);
        REQUIRE(signs(bench.source(), certificate));
        bench.lose_power();
        bench.power_up();
    }
    CHECK(signs(bench.source(), certificate));
    MESSAGE(cuts << " power cuts");
}

TEST_CASE("control: the same power cuts lock a key that was made without noda, and ours signs all the same") {
    if (skip<TpmBench>()) return;
    TpmBench bench;
    const auto certificate = bench.certify();
    const auto weak_certificate = bench.make_weak_key();
    const std::string weak = std::string("tpm:handle:") + TpmBench::weak_handle;
    int cuts = 0;
    while (signs(weak, weak_certificate) && cuts < most_before_lockout) {
        bench.lose_power();
        bench.power_up();
        ++cuts;
    }
    CHECK(cuts > 0);
    CHECK(cuts < most_before_lockout);
    CHECK(signs(bench.source(), certificate));
}

TEST_CASE("attack: the device's disk in another machine: its TPM key signs nothing there") {
    if (skip<TpmBench>()) return;
    TpmBench bench;
    const auto certificate = bench.certify();
    REQUIRE(signs(bench.source(), certificate));
    CHECK(bench.load_wrapped_key() == 0);  // control: at home it can be loaded
    bench.replace_chip();
    CHECK_FALSE(signs(bench.source(), certificate));
    CHECK(bench.load_wrapped_key() != 0);
}

TEST_CASE("a wrapped key of a TPM is followed by one of the same chip and parent, or the reason is told") {
    if (skip<TpmBench>()) return;
    TpmBench bench;
    const auto refused = [](std::string_view file, ErrorCode code, std::string_view words) {
        const auto made = make_tss2_successor(as_bytes(file));
        REQUIRE_FALSE(made);
        INFO(made.error().message());
        CHECK(made.error().code() == code);
        CHECK(made.error().message().find(words) != std::string::npos);
    };
    const std::string first = bench.wrapped_key("0x81000001");
    const auto next = make_tss2_successor(as_bytes(first));
    if (!next) FAIL(next.error().message());
    CHECK(as_text(*next) != first);
    const auto third = make_tss2_successor(*next);  // its own successor's file is read as any
    REQUIRE(third);
    CHECK(*third != *next);
    refused(bench.wrapped_key("0x81000002"), ErrorCode::io, "nothing at 0x81000002");
    refused(bench.key_of_the_provider(), ErrorCode::configuration, "no parent at a persistent handle");
    refused(first.substr(0, first.size() / 2), ErrorCode::configuration, "no file of a TPM's key");
    refused("-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n-----END TSS2 PRIVATE KEY-----\n",
            ErrorCode::configuration, "no parent");
    refused("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", ErrorCode::configuration,
            "no file of a TPM's key");
    bench.replace_chip();
    refused(first, ErrorCode::io, "nothing at 0x81000001");
    bench.lose_power();
    refused(first, ErrorCode::configuration, "cannot be reached");
}

TEST_CASE("what a TPM refuses to make or take away is told with its answer, and the key in use signs on") {
    if (skip<TpmBench>()) return;
    TpmBench bench;
    const auto certificate = bench.certify();
    const auto told = [](const auto& done, std::string_view words) {
        REQUIRE_FALSE(done);
        INFO(done.error().message());
        CHECK(done.error().code() == ErrorCode::io);
        CHECK(done.error().message().find(words) != std::string::npos);
    };
    {
        auto maker = TpmMaker::open();
        REQUIRE(maker);
        told(maker->make(0x81000100), "cannot keep the key at 0x81000100");  // there is one
        told(maker->make(0x80000100), "cannot keep the key at 0x80000100");  // no persistent handle
        told(maker->remove(0x81000155), "nothing at 0x81000155");
        told(maker->make_wrapped(0x81000100), "cannot make a key");  // it signs, and wraps nothing
    }
    bench.lock_owner();
    {
        auto maker = TpmMaker::open();
        REQUIRE(maker);
        told(maker->make(0x81000101), "owner hierarchy");
        told(maker->remove(0x81000100), "cannot take the key at 0x81000100 away");
    }
    CHECK(signs(bench.source(), certificate));
    auto maker = TpmMaker::open();
    REQUIRE(maker);
    bench.lose_power();
    told(maker->holds(0x81000100), "cannot say what it holds");
    told(maker->make(0x81000101), "owner hierarchy");
    told(maker->remove(0x81000100), "nothing at 0x81000100");
    const auto named = load_certificate(certificate);
    REQUIRE(named);
    CHECK_FALSE(TpmSigningKey::successor(bench.source(), named->get()));
    CHECK_FALSE(TpmSigningKey::retire(bench.source(), named->get()));
}
