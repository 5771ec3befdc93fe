// A read key that lives in hardware is renewed there: the next one is made beside it, the switch is the
// certificate's, and the old one is destroyed when the new one has proven itself.
#include "provision/key_renewal.hpp"

#include <type_traits>

#include "apps/common/key_place.hpp"
#include "base/file.hpp"
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_token.hpp"
#include "drivers/keys/tpm/tpm_maker.hpp"
#include "key_bench.hpp"
#include "provision/issuer.hpp"
#include "seal/statement.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

template <class T>
T must(Result<T> result) {
    if (!result) FAIL(result.error().message());
    return std::move(*result);
}

std::size_t keys_in(const TokenBench& bench) {
    Pkcs11Token token = must(Pkcs11Token::open(must(parse_token_uri(bench.source()))));
    return must(token.find("read")).size();
}

std::size_t keys_in(const TpmBench& /*bench*/) {
    const TpmMaker maker = must(TpmMaker::open());
    return (must(maker.holds(0x81000100)) ? 1U : 0U) + (must(maker.holds(0x81000101)) ? 1U : 0U);
}

/// What was in use before is not there any more.
bool opens(const KeyBench& bench, const std::filesystem::path& certificate) {
    return bench.open(certificate).has_value();
}

/// A device whose read key lives in hardware and is due at once, and the CA.
template <class Bench>
struct Device {
    Bench bench;
    std::filesystem::path folder = bench.folder() / "keys";
    std::filesystem::path certificate = folder / "read.crt";
    UtcTime now{};

    Device() {
        std::filesystem::create_directory(folder);
        std::filesystem::copy_file(bench.certify(), certificate);
        now = SystemClock().utc() + std::chrono::seconds(1);  // certificates begin with whole seconds
    }
    [[nodiscard]] KeyRenewal renewal() const {
        return must(KeyRenewal::create(
            {.which = DeviceKey::read,
             .device = "gate-1",
             .key = bench.source(),
             .certificate = certificate,
             .ca_chain = bench.ca("device-chain.pem"),
             .due_percent = 0,
             .place = key_place(bench.source(), certificate, CertificateUse::sign_reads)}));
    }
    /// The registrar's answer, and what it asked of the voucher: that the key in use has signed.
    [[nodiscard]] Bytes answer(const Bytes& request) const {
        const Issuer issuer = must(Issuer::create(bench.ca("device-ca.crt"), bench.ca("device-ca.key")));
        const X509Ptr made = must(
            issuer.renew(request, bench.trust(certificate), DeviceKey::read, now, std::chrono::days(30)));
        return to_bytes(must(certificate_to_pem(made.get())));
    }
    [[nodiscard]] std::string in_use() const { return key_id(must(load_certificate(certificate)).get()); }
    /// The pair in use opens and signs what its certificate verifies.
    [[nodiscard]] bool signs() const {
        const auto key = bench.open(certificate);
        if (!key) FAIL(key.error().message());
        const auto blob = sign_statement(**key, json);
        return blob && verify_own_statement(*blob, **key);
    }
    [[nodiscard]] std::size_t keys() const { return keys_in(bench); }
};

}  // namespace

TEST_CASE_TEMPLATE(
    "a read key in hardware is renewed there, and its forerunner destroyed when the new one is proven", Bench,
    TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    const Device<Bench> device;
    const auto first = device.bench.folder() / "first.crt";
    std::filesystem::copy_file(device.certificate, first);
    KeyRenewal renewal = device.renewal();
    for (int round = 0; round < 2; ++round) {
        const std::string before = device.in_use();
        // The reader signs with it all the while. (A TPM without a resource manager takes one at a time.)
        std::unique_ptr<SigningKey> held;
        if constexpr (std::is_same_v<Bench, TokenBench>) held = must(device.bench.open(device.certificate));
        const Bytes request = *must(renewal.request(device.now));
        if (held) CHECK(sign_statement(*held, json));
        CHECK(must(device.renewal().request(device.now)) == request);  // the same words after a restart
        CHECK(device.keys() == 2);
        CHECK(device.in_use() == before);
        CHECK(device.signs());
        REQUIRE(renewal.retire());  // too early: a request is open
        CHECK(device.keys() == 2);
        REQUIRE(renewal.take(device.answer(request)));
        CHECK(device.in_use() != before);
        CHECK(device.signs());
        CHECK(device.keys() == 2);
        if (held) CHECK(sign_statement(*held, json));
        REQUIRE(renewal.retire());
        if (held) CHECK_FALSE(sign_statement(*held, json));
        CHECK(device.keys() == 1);
        CHECK_FALSE(opens(device.bench, first));
        CHECK(device.signs());
    }
    CHECK(renewal.taken() == 2);
}

TEST_CASE_TEMPLATE(
    "a power cut in any step of a renewal in hardware leaves a key that works, and the renewal ends", Bench,
    TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    const Device<Bench> device;
    const auto next_request = device.folder / "read.next.csr";
    // A subcase would want the token of a process a second time.
    enum class Cut { made, asked, switched, destroyed };
    for (const Cut cut : {Cut::made, Cut::asked, Cut::switched, Cut::destroyed}) {
        CAPTURE(static_cast<int>(cut));
        const std::string before = device.in_use();
        Bytes request = *must(device.renewal().request(device.now));
        if (cut == Cut::made) {  // the next key is there, its request is not
            std::filesystem::remove(next_request);
            CHECK(device.signs());
            request = *must(device.renewal().request(device.now));
        }
        CHECK(device.keys() == 2);
        KeyRenewal renewal = device.renewal();
        CHECK(must(renewal.request(device.now)) == request);
        const Bytes kept = must(read_file(next_request, max_renewal_bytes));
        REQUIRE(renewal.take(device.answer(request)));
        // The request is still there after the switch: it is no request for a key to come.
        if (cut == Cut::switched) REQUIRE(write_file_atomically(next_request, kept));
        if (cut == Cut::destroyed) REQUIRE(device.renewal().retire());
        CHECK(device.in_use() != before);
        CHECK(device.signs());
        const KeyRenewal again = device.renewal();
        CHECK_FALSE(std::filesystem::exists(next_request));
        REQUIRE(again.retire());
        CHECK(device.keys() == 1);
        CHECK(device.signs());
    }
}

TEST_CASE_TEMPLATE("attack: answers for other keys, and for the one in use, change nothing in hardware",
                   Bench, TokenBench, TpmBench) {
    if (skip<Bench>()) return;
    const Device<Bench> device;
    const std::string before = device.in_use();
    KeyRenewal renewal = device.renewal();
    const Bytes request = *must(renewal.request(device.now));
    for (const auto& other : {device.bench.certificate_of_another_key(), device.certificate}) {
        const auto taken = renewal.take(must(read_file(other, max_renewal_bytes)));
        REQUIRE_FALSE(taken);
        CHECK(taken.error().message().find("another key") != std::string::npos);
    }
    CHECK(device.in_use() == before);
    CHECK(device.keys() == 2);
    CHECK(renewal.take(device.answer(request)));
}

TEST_CASE("a certificate whose key the token has not: nothing in it is destroyed") {
    if (skip<TokenBench>()) return;
    const Device<TokenBench> device;
    const X509Ptr other = must(load_certificate(device.bench.certificate_of_another_key()));
    const auto retired = Pkcs11SigningKey::retire(device.bench.source(), other.get());
    REQUIRE_FALSE(retired);
    CHECK(retired.error().code() == ErrorCode::not_found);
    CHECK(device.keys() == 1);
    CHECK_FALSE(Pkcs11SigningKey::successor("pkcs11:token=lane;id=%01?module-path=/x.so", other.get()));
}
