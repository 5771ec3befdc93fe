#include "record/key_request_codec.hpp"

#include "record/canonical.hpp"

namespace portcullis {

std::string_view to_string(DeviceKey key) {
    return key == DeviceKey::identity ? "identity" : "read";
}

Result<std::string> encode_key_request(const SignedKeyRequest& request) {
    CanonicalWriter out(max_key_request_bytes);
    if (!is_device_name(request.device)) out.reject("dev", "must be a device name");
    if (request.csr.empty() || request.csr.size() > max_csr_bytes)
        out.reject("csr", "must be a certificate request of at most 1024 bytes");
    out.literal(R"({"v":1,"kind":"keyrequest","dev":)").text("dev", request.device, max_device_name_bytes);
    out.literal(R"(,"use":")").literal(to_string(request.use)).literal(R"(","csr":)").hex(request.csr);
    out.literal(R"(,"t":)").time("t", request.time.time_since_epoch()).literal("}");
    return std::move(out).finish();
}

Result<SignedKeyRequest> parse_key_request(std::string_view json) {
    CanonicalReader in(json.substr(0, max_key_request_bytes));
    SignedKeyRequest request;
    in.literal(R"({"v":1,"kind":"keyrequest","dev":)");
    request.device = in.text("dev", max_device_name_bytes);
    in.literal(R"(,"use":)");
    const std::string use = in.text("use", 16);
    request.use = use == to_string(DeviceKey::identity) ? DeviceKey::identity : DeviceKey::read;
    in.literal(R"(,"csr":)");
    request.csr = from_hex(in.text("csr", 2 * max_csr_bytes)).value_or(Bytes());
    in.literal(R"(,"t":)");
    request.time = UtcTime(in.time("t"));
    TRY(in.literal("}").done());
    // The writer has the last word: ranges and second spellings.
    const Result<std::string> again = encode_key_request(request);
    if (!again || *again != json) return fail(ErrorCode::refused, "record: the key request is not canonical");
    return request;
}

}  // namespace portcullis
