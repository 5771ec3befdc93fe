#pragma once
// Recipient sets for tests: a policy key of the root, recipients of every purpose.

#include <array>
#include <string>

#include "record/recipient_set_codec.hpp"
#include "seal/recipient_set.hpp"
#include "seal/statement.hpp"
#include "unit/seal/test_pki.hpp"

namespace portcullis::test {

/// The midnight before `now`.
inline constexpr std::chrono::sys_days today = std::chrono::floor<std::chrono::days>(now);

/// What a recipient's certificate says instead of what it should.
struct WrongRecipient {
    std::string ca = "recipient-ca";
    std::string usage = "keyAgreement";
    std::string extended = "right";
};

struct SetDesk {
    TestPki pki;
    KeyFiles policy;
    mutable int recipients = 0;

    explicit SetDesk(std::chrono::days policy_life = 10 * day)
        : policy(pki.issue("policy", "policy",
                           {.ca = "root",
                            .extended = "emailProtection," + std::string(oid_policy),
                            .until = now + policy_life})) {}

    static const char* usage_of(Purpose purpose) {
        constexpr std::array usages = {oid_receive_reads, oid_receive_plates, oid_receive_overviews,
                                       oid_receive_health};
        return usages.at(static_cast<std::size_t>(purpose));
    }
    KeyFiles recipient(Purpose purpose, const WrongRecipient& wrong = {}) const {
        const std::string name = "recipient-" + std::to_string(++recipients);
        return pki.issue(name, name,
                         {.ca = wrong.ca,
                          .usage = wrong.usage,
                          .extended = wrong.extended == "right" ? usage_of(purpose) : wrong.extended,
                          .from = now - 30 * day,
                          .until = now + 100 * day});
    }
    static RecipientEntry entry_of(Purpose purpose, std::chrono::sys_days epoch, const KeyFiles& files) {
        return {purpose, epoch, certificate_to_der(must(load_certificate(files.certificate)).get())};
    }
    RecipientEntry entry(Purpose purpose, std::chrono::sys_days epoch,
                         const WrongRecipient& wrong = {}) const {
        return entry_of(purpose, epoch, recipient(purpose, wrong));
    }
    /// One recipient of each purpose, from today.
    RecipientSet set(std::uint64_t version) const {
        return {"test-fleet",
                version,
                now,
                {entry(Purpose::read, today), entry(Purpose::plate, today), entry(Purpose::overview, today),
                 entry(Purpose::health, today)}};
    }
    Bytes sign_with(const KeyFiles& files, const RecipientSet& set) const {
        const AnyKey key(files);
        return must(sign_recipient_set(key, set));
    }
    Bytes sign(const RecipientSet& set) const { return sign_with(policy, set); }
    Bytes sign_text(const std::string& text) const {
        const AnyKey key(policy);
        return must(sign_statement(key, text, std::size_t{1} << 20U));
    }
    RecipientSetRules rules() const {
        return {pki.folder() / "root.crt", policy.certificate, pki.chain("recipient-ca"), "test-fleet"};
    }
    RecipientSetGate gate() const { return must(RecipientSetGate::create(rules())); }
    RecipientSetGate gate_knowing(const KeyFiles& signer) const {
        RecipientSetRules wrong = rules();
        wrong.policy_signers = signer.certificate;
        return must(RecipientSetGate::create(wrong));
    }

    /// A key whatever its certificate is for.
    class AnyKey final : public SigningKey {
      public:
        explicit AnyKey(const KeyFiles& files)
            : key_(must(load_private_key(files.key))),
              certificate_(must(load_certificate(files.certificate))) {}
        [[nodiscard]] evp_pkey_st* key() const override { return key_.get(); }
        [[nodiscard]] x509_st* certificate() const override { return certificate_.get(); }

      private:
        KeyPtr key_;
        X509Ptr certificate_;
    };
};

}  // namespace portcullis::test
