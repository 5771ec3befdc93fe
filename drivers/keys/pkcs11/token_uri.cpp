#include "drivers/keys/pkcs11/token_uri.hpp"

#include "base/bytes.hpp"
#include "seal/openssl.hpp"
#include "seal/secret_file.hpp"

namespace portcullis {

namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::size_t max_pin_bytes = 256;
constexpr std::string_view example =
    "write pkcs11:token=LABEL;object=LABEL?module-path=LIBRARY&pin-source=FILE";

Result<std::string> percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        const Result<Bytes> letter = from_hex(text.substr(i + 1, 2));
        if (!letter || letter->size() != 1)
            return fail(ErrorCode::configuration, "'{}': '%' begins two hex digits", text);
        plain += static_cast<char>(letter->front());
        i += 2;
    }
    return plain;
}

/// A path, or a file: URI of one.
Result<std::filesystem::path> file_of(std::string_view value) {
    std::string plain = TRY(percent_decoded(value));
    constexpr std::string_view file = "file:";
    if (plain.starts_with(file)) plain.erase(0, file.size());
    if (!plain.starts_with('/'))
        return fail(ErrorCode::configuration, "'{}': must be a whole path, from /", value);
    return std::filesystem::path(plain);
}

Result<void> read_attribute(std::string_view attribute, TokenUri& uri) {
    const std::size_t equals = attribute.find('=');
    const std::string_view name = attribute.substr(0, equals);
    const std::string_view value = equals == attribute.npos ? "" : attribute.substr(equals + 1);
    if (name == "module-path")
        uri.module = TRY(with_context(file_of(value), "module-path"));
    else if (name == "pin-source")
        uri.pin_source = TRY(with_context(file_of(value), "pin-source"));
    else if (name == "pin-value")
        return fail(ErrorCode::configuration,
                    "pin-value: settings hold no secrets; put the PIN into a file and write pin-source=FILE");
    else
        return fail(ErrorCode::configuration, "attribute '{}' is not known; {}", name, example);
    return {};
}

/// What of the path says which token and key is meant; the rest is the engine's business.
Result<void> read_path(std::string_view path, TokenUri& uri) {
    while (!path.empty()) {
        const std::size_t end = std::min(path.size(), path.find(';'));
        const std::string_view attribute = path.substr(0, end);
        const std::string_view value = attribute.substr(attribute.find('=') + 1);
        if (attribute.starts_with("token=")) uri.token = TRY(percent_decoded(value));
        if (attribute.starts_with("object=")) uri.object = TRY(percent_decoded(value));
        if (attribute.starts_with("id=")) uri.by_id = true;
        path.remove_prefix(std::min(path.size(), end + 1));
    }
    return {};
}

}  // namespace

Result<std::string> read_pin(const TokenUri& uri) {
    if (uri.pin_source.empty()) return std::string();
    Bytes bytes = TRY(with_context(read_secret_file(uri.pin_source, max_pin_bytes, "PIN"), "pin-source"));
    const Cleanse cleanse(bytes);
    const std::string_view text = as_text(bytes);
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.empty())
        return fail(ErrorCode::configuration, "pin-source {}: its first line holds no PIN",
                    uri.pin_source.string());
    return std::string(line);
}

Result<TokenUri> parse_token_uri(std::string_view text) {
    if (!text.starts_with(scheme) || text.size() > max_token_uri_bytes)
        return fail(ErrorCode::configuration, "no PKCS#11 URI; {}", example);
    TokenUri uri;
    const std::size_t query = text.find('?');
    uri.key = std::string(text.substr(0, query));
    while (query != text.npos && !text.empty()) {
        text.remove_prefix(std::min(text.size(), text.find_first_of("?&") + 1));
        const std::size_t end = text.find('&');
        TRY(read_attribute(text.substr(0, end), uri));
        if (end == text.npos) break;
    }
    if (uri.key.size() == scheme.size())
        return fail(ErrorCode::configuration, "the URI names no key; {}", example);
    if (uri.module.empty())
        return fail(ErrorCode::configuration, "which library reaches the token? {}", example);
    TRY(read_path(std::string_view(uri.key).substr(scheme.size()), uri));
    return uri;
}

}  // namespace portcullis
