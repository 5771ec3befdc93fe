#include "collector/ingest/registrar_desk.hpp"

#include <openssl/pem.h>

#include "base/file.hpp"
#include "base/log.hpp"
#include "record/key_request_codec.hpp"
#include "seal/cms_codec.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

constexpr std::size_t max_answer_bytes = 8192;
/// The registrar is another user, of the same group, whatever the umask says.
using std::filesystem::perms;
constexpr perms for_his_group = perms::owner_read | perms::owner_write | perms::group_read;
constexpr perms folder_for_his_group = perms::owner_all | perms::group_all | perms::set_gid;

/// By the key in use, for its own successor, in the name of its own device.
Result<DeviceKey> check_request(const std::string& device, ByteView request, const TrustStore& keys,
                                DeviceKey use, UtcTime now) {
    const SignedText text = TRY(verify_statement(request, keys, now));
    if (text.trust != KeyTrust::trusted)
        return fail(ErrorCode::refused, "its {} key is {}", to_string(use), to_string(text.trust));
    const SignedKeyRequest asked = TRY(parse_key_request(text.json));
    if (text.signer_name != device || asked.device != device)
        return fail(ErrorCode::refused, "signed by a key of '{}', for '{}'", text.signer_name, asked.device);
    if (asked.use != use)
        return fail(ErrorCode::refused, "the {} key asks for the {} key's successor", to_string(use),
                    to_string(asked.use));
    return use;
}

Result<std::string> as_pem(ByteView request) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    if (!out || PEM_write_bio(out.get(), "CMS", "", u8(request), static_cast<long>(request.size())) <= 0)
        return fail(openssl_error(ErrorCode::internal, "registrar: cannot write a request"));
    return std::string(as_text(written_to(out.get())));
}

}  // namespace

Result<void> RegistrarDesk::hear(const std::string& device, ByteView request, const TrustStore& read_keys,
                                 bool proven, UtcTime now) {
    Result<DeviceKey> use = check_request(device, request, read_keys, DeviceKey::read, now);
    const bool unknown = !use && use.error().code() == ErrorCode::not_found;
    if (unknown && identities_) use = check_request(device, request, *identities_, DeviceKey::identity, now);
    if (!use) return fail(ErrorCode::refused, "{}", use.error().message());
    if (!proven && *use == DeviceKey::read)
        return fail(ErrorCode::refused, "no key of it has confirmed a chain here yet");
    const std::string name = fmt::format("{}.{}", device, to_string(*use));
    if (awaited_.size() >= max_awaited_answers && !awaited_.contains(name))
        return fail(ErrorCode::refused, "{} devices wait for an answer", awaited_.size());
    const std::filesystem::path file = folder_ / "requests" / (name + ".csr");
    const std::filesystem::path answer = folder_ / "answers" / (name + ".crt");
    const std::string pem = TRY(as_pem(request));
    const Result<Bytes> before = read_file(file, max_answer_bytes);
    if (before && as_text(*before) == pem) {
        awaited_[name] = {device, {}};  // it may have missed the answer
        return {};
    }
    std::error_code ignored;
    if (std::filesystem::create_directories(file.parent_path(), ignored))
        std::filesystem::permissions(file.parent_path(), folder_for_his_group, ignored);
    TRY(write_file_atomically(file, as_bytes(pem)));
    std::filesystem::permissions(file, for_his_group, ignored);
    awaited_[name] = {device, stamp_of(answer)};  // what stands there answered another request
    log_info("collector", "device={} asks for its next {} key, handed to the registrar", device,
             to_string(*use));
    return {};
}

std::vector<BrokerMessage> RegistrarDesk::answers(BootTime now) {
    std::vector<BrokerMessage> messages;
    if (awaited_.empty() || (next_look_ && now < *next_look_)) return messages;
    next_look_ = now + answer_look_interval;
    for (auto& [name, awaited] : awaited_) {
        const std::filesystem::path file = folder_ / "answers" / (name + ".crt");
        const FileStamp stamp = stamp_of(file);
        if (stamp.bytes < 0 || stamp == awaited.sent) continue;
        Result<Bytes> answer = read_file(file, max_answer_bytes);
        if (!answer) {
            log_error("collector", "an answer of the registrar is not sent: {}", answer.error().message());
            continue;
        }
        awaited.sent = stamp;
        messages.push_back({.topic = "lpr/v1/dev/" + awaited.device + "/cmd",
                            .payload = std::move(*answer),
                            .content_type = "application/x-pem-file",
                            .properties = {{"v", "1"}}});
    }
    return messages;
}

}  // namespace portcullis
