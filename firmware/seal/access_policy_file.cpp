#include "seal/access_policy_file.hpp"

#include "base/file.hpp"

namespace portcullis {

Result<Bytes> read_access_policy(const AccessFiles& files) {
    auto blob = read_file(files.policy, max_access_policy_bytes);
    if (blob) return blob;
    return fail(ErrorCode::configuration,
                "access.policy: {}; without one nobody may see anything: write who may, and sign it with "
                "`portcullis policy access sign`",
                blob.error().message());
}

Result<KnownAccessPolicy> open_access_policy(const AccessFiles& files, const AccessPolicyGate& gate,
                                             ByteView blob, const std::optional<PolicyInUse>& newest) {
    auto known = gate.open(blob, newest);
    if (known) return known;
    return fail(ErrorCode::configuration, "access.policy: {}: {}; `portcullis policy access sign` makes one",
                files.policy.string(), known.error().message());
}

Result<KnownAccessPolicy> load_access_policy(const AccessFiles& files) {
    const AccessPolicyGate gate = TRY(with_context(AccessPolicyGate::create(files.rules), "[access]"));
    return open_access_policy(files, gate, TRY(read_access_policy(files)), std::nullopt);
}

}  // namespace portcullis
