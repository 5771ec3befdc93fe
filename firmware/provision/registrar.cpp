#include "provision/registrar.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "core/ids.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

struct Wanted {
    std::string device;
    DeviceKey use = DeviceKey::read;
};

/// "<device>.<use>.csr"; nothing for any other name.
std::optional<Wanted> wanted_by(const std::string& file) {
    for (const DeviceKey use : {DeviceKey::identity, DeviceKey::read}) {
        const std::string ending = fmt::format(".{}.csr", to_string(use));
        if (!file.ends_with(ending)) continue;
        Wanted wanted{file.substr(0, file.size() - ending.size()), use};
        if (is_device_name(wanted.device)) return wanted;
    }
    return std::nullopt;
}

Result<std::vector<std::string>> open_requests(const fs::path& folder) {
    std::vector<std::string> files;
    std::error_code problem;
    fs::directory_iterator next(folder, problem);
    for (; !problem && next != fs::directory_iterator() && files.size() < max_open_renewals;
         next.increment(problem))
        if (wanted_by(next->path().filename().string())) files.push_back(next->path().filename().string());
    if (problem)
        return fail(ErrorCode::configuration, "registrar {}: {}; give the folder that the collector writes",
                    folder.string(), problem.message());
    std::ranges::sort(files);
    return files;
}

bool is_same_key(X509* certificate, EVP_PKEY* key) {
    return EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;
}

class Pass {
  public:
    Pass(const RegistrarSettings& settings, const Issuer& issuer, UtcTime now)
        : settings_(settings), issuer_(issuer), now_(now) {}

    [[nodiscard]] Result<void> prepare() {
        for (const char* part : {"answers", "named"}) {
            std::error_code problem;
            fs::create_directories(settings_.folder / part, problem);
            if (problem)
                return fail(ErrorCode::io, "registrar {}: {}", settings_.folder.string(), problem.message());
        }
        return {};
    }

    [[nodiscard]] Result<void> answer(const std::string& file) {
        const Wanted wanted = *wanted_by(file);
        const fs::path& vouchers = wanted.use == DeviceKey::read ? settings_.signers : settings_.identities;
        if (vouchers.empty())
            return fail(ErrorCode::refused, "identities are not renewed here (no --identities)");
        const RequestFile request = TRY(load_request(settings_.folder / "requests" / file));
        if (request.vouched.empty()) return fail(ErrorCode::refused, "no key of the device has signed it");
        const TrustStore trust = TRY(TrustStore::create({.ca_chain = settings_.ca_chain,
                                                         .signers = vouchers,
                                                         .use = use_of(wanted.use),
                                                         .deny_list = settings_.deny_list}));
        const SignedText text = TRY(verify_statement(request.vouched, trust, now_));
        const SignedKeyRequest asked = TRY(parse_key_request(text.json));
        const CheckedCsr csr = TRY(check_csr(asked.csr));
        const fs::path out =
            settings_.folder / "answers" / fmt::format("{}.{}.crt", wanted.device, to_string(wanted.use));
        if (TRY(is_answered(out, csr.key.get()))) return {};
        const fs::path named = settings_.folder / "named" / (text.signer_key_id + ".crt");
        X509Ptr issued = TRY(certificate_for(named, csr.key.get(), request.vouched, trust, wanted));
        const std::string pem = TRY(certificate_to_pem(issued.get()));
        TRY(write_file_atomically(named, as_bytes(pem)));
        // Known before it is used: else its first reads are a stranger's until the collector looks again.
        TRY(write_file_atomically(
            vouchers / fmt::format("{}-{}.crt", wanted.device, key_id(issued.get()).substr(0, 16)),
            as_bytes(pem)));
        return write_file_atomically(out, as_bytes(pem));
    }

  private:
    static Result<bool> is_answered(const fs::path& out, EVP_PKEY* key) {
        std::error_code ignored;
        if (!fs::exists(out, ignored)) return false;
        return is_same_key(TRY(load_certificate(out)).get(), key);
    }

    /// A key names its successor once: who has a copy of it cannot name another one behind its back.
    [[nodiscard]] Result<X509Ptr> certificate_for(const fs::path& named, EVP_PKEY* key, ByteView vouched,
                                                  const TrustStore& trust, const Wanted& wanted) const {
        std::error_code ignored;
        if (fs::exists(named, ignored)) {
            X509Ptr before = TRY(load_certificate(named));
            if (is_same_key(before.get(), key)) return before;
            return fail(
                ErrorCode::refused,
                "the key that signed it has named another successor before: two units hold it, or its "
                "device lost the new key; find out which, then remove {}",
                named.string());
        }
        X509Ptr issued =
            TRY(issuer_.renew(vouched, trust, wanted.use, now_,
                              wanted.use == DeviceKey::read ? settings_.read_life : settings_.identity_life));
        if (common_name(issued.get()) != wanted.device)
            return fail(ErrorCode::refused, "it is for '{}', not for the device of its file's name",
                        common_name(issued.get()));
        return issued;
    }

    const RegistrarSettings& settings_;
    const Issuer& issuer_;
    UtcTime now_;
};

}  // namespace

Result<std::vector<RegistrarOutcome>> answer_renewals(const RegistrarSettings& settings, const Issuer& issuer,
                                                      UtcTime now) {
    const std::vector<std::string> files = TRY(open_requests(settings.folder / "requests"));
    Pass pass(settings, issuer, now);
    TRY(pass.prepare());
    std::vector<RegistrarOutcome> outcomes;
    for (const std::string& file : files) {
        const Result<void> done = pass.answer(file);
        if (!done && (done.error().code() == ErrorCode::io || done.error().code() == ErrorCode::exhausted))
            return fail(done.error());
        outcomes.push_back({file, done ? std::string() : done.error().message()});
    }
    return outcomes;
}

}  // namespace portcullis
