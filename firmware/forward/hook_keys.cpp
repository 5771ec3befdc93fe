#include "forward/hook_keys.hpp"

#include "base/file.hpp"
#include "seal/certificate.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

Result<Bytes> read_hook_secret(const std::filesystem::path& file) {
    // Two letters more: a line may end with \r\n.
    Bytes secret = TRY(read_secret_file(file, max_hook_secret_bytes + 2, "secret"));
    while (!secret.empty() && (secret.back() == std::byte{'\n'} || secret.back() == std::byte{'\r'}))
        secret.pop_back();
    if (secret.size() < min_hook_secret_bytes || secret.size() > max_hook_secret_bytes)
        return fail(ErrorCode::configuration,
                    "{}: a secret of {} letters; write {} to {} into it: openssl rand -hex 32 > {}",
                    file.string(), secret.size(), min_hook_secret_bytes, max_hook_secret_bytes,
                    file.string());
    return secret;
}

Result<Bytes> read_pem(const std::filesystem::path& file) {
    TRY(load_certificates(file));  // says what is wrong with it
    auto pem = read_file(file, max_pem_bytes);
    if (!pem) return fail(ErrorCode::configuration, "{}", pem.error().message());
    return pem;
}

Result<HookKeys> load(const HookSettings& hook) {
    HookKeys keys;
    for (const std::filesystem::path& file : hook.secrets)
        keys.secrets.push_back(TRY(read_hook_secret(file)));
    keys.ca = TRY(read_pem(hook.ca));
    if (hook.certificate.empty()) return keys;
    keys.certificate = TRY(read_pem(hook.certificate));
    const KeyPtr key = TRY(load_private_key(hook.key));
    const X509Ptr certificate = TRY(load_certificate(hook.certificate));
    TRY(check_pair(key.get(), certificate.get(), hook.certificate.string()));
    keys.key = TRY(read_secret_file(hook.key, max_pem_bytes, "key"));
    return keys;
}

}  // namespace

Result<HookKeys> load_hook_keys(const HookSettings& hook) {
    return with_context(load(hook), "hook " + hook.name);
}

}  // namespace portcullis
