#include "drivers/keys/pkcs11/pkcs11_token.hpp"

#include <dlfcn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace portcullis {

namespace {

constexpr std::size_t id_bytes = 20;
constexpr std::size_t point_bytes = 65;
constexpr std::size_t max_slots = 64;
// prime256v1, DER
constexpr std::array<unsigned char, 10> p256{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/// What operators meet; the standard has a hundred more.
std::string_view words_of(CK_RV code) {
    switch (code) {
        case CKR_PIN_INCORRECT:
            return "the PIN is wrong";
        case CKR_PIN_LOCKED:
            return "the PIN is locked after too many wrong ones";
        case CKR_TOKEN_NOT_PRESENT:
        case CKR_DEVICE_REMOVED:
            return "the token is not there";
        case CKR_DEVICE_MEMORY:
            return "the token is full";
        case CKR_TOKEN_WRITE_PROTECTED:
        case CKR_SESSION_READ_ONLY:
            return "the token is write-protected";
        case CKR_MECHANISM_INVALID:
            return "the token makes no P-256 keys";
        case CKR_USER_NOT_LOGGED_IN:
            return "the token asks for a PIN: write pin-source=FILE";
        default:
            return "the token refuses";
    }
}

Error told(ErrorCode code, std::string_view step, CK_RV answer) {
    return {code, fmt::format("token: {}: {} (0x{:x})", step, words_of(answer), answer)};
}

CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const void* value, std::size_t bytes) {
    return {type, const_cast<void*>(value), static_cast<CK_ULONG>(bytes)};  // NOLINT: the interface's
}

/// Blank-padded, without an end.
std::string_view label_of(const CK_TOKEN_INFO& info) {
    std::string_view label(reinterpret_cast<const char*>(info.label), sizeof info.label);
    return label.substr(0, label.find_last_not_of(' ') + 1);
}

/// Of CKA_EC_POINT: an OCTET STRING around the point; some tokens give it bare. Null: no point of P-256.
KeyPtr key_from_point(ByteView point) {
    constexpr std::size_t wrapping = 2;
    if (point.size() == point_bytes + wrapping && point[0] == std::byte{0x04})
        point = point.subspan(wrapping);
    if (point.size() != point_bytes) return nullptr;
    std::string group = "prime256v1";
    Bytes bytes(point.begin(), point.end());
    const std::array<OSSL_PARAM, 3> params{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), bytes.size()),
        OSSL_PARAM_construct_end()};
    using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;
    const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* made = nullptr;
    if (context && EVP_PKEY_fromdata_init(context.get()) == 1)
        EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params.data()));
    return KeyPtr(made);
}

/// Never unloaded: it may hold threads and tables, and the engine may use it as well.
Result<CK_FUNCTION_LIST_PTR> load(const std::filesystem::path& path) {
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    CK_FUNCTION_LIST_PTR functions = nullptr;
    if (library != nullptr)
        if (const auto entry = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList")))
            entry(&functions);
    if (library != nullptr) ::dlclose(library);
    if (functions == nullptr)
        return fail(ErrorCode::configuration, "module-path {}: no PKCS#11 library that can be loaded",
                    path.string());
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    const CK_RV begun = functions->C_Initialize(&arguments);
    if (begun != CKR_OK && begun != CKR_CRYPTOKI_ALREADY_INITIALIZED)
        return fail(told(ErrorCode::configuration, "its library does not start", begun));
    return functions;
}

Result<CK_SLOT_ID> slot_of(CK_FUNCTION_LIST_PTR functions, const std::string& label) {
    std::array<CK_SLOT_ID, max_slots> slots{};
    CK_ULONG count = slots.size();
    if (const CK_RV answer = functions->C_GetSlotList(CK_TRUE, slots.data(), &count); answer != CKR_OK)
        return fail(told(ErrorCode::configuration, "its slots cannot be listed", answer));
    for (std::size_t i = 0; i < count; ++i) {
        CK_TOKEN_INFO info{};
        if (functions->C_GetTokenInfo(slots.at(i), &info) == CKR_OK && label_of(info) == label)
            return slots.at(i);
    }
    return fail(ErrorCode::configuration,
                "token '{}': not there; is it plugged in, is its label right? (pkcs11-tool --list-slots)",
                label);
}

}  // namespace

struct Pkcs11Token::Session {
    CK_FUNCTION_LIST_PTR functions = nullptr;
    CK_SESSION_HANDLE handle = 0;

    Session(CK_FUNCTION_LIST_PTR library, CK_SESSION_HANDLE opened) : functions(library), handle(opened) {}
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { functions->C_CloseSession(handle); }

    using Attributes = std::vector<CK_ATTRIBUTE>;

    [[nodiscard]] Result<std::vector<CK_OBJECT_HANDLE>> find(Attributes wanted) const {
        std::array<CK_OBJECT_HANDLE, max_token_keys> found{};
        CK_ULONG count = 0;
        CK_RV answer = functions->C_FindObjectsInit(handle, wanted.data(), wanted.size());
        if (answer == CKR_OK) {
            answer = functions->C_FindObjects(handle, found.data(), found.size(), &count);
            functions->C_FindObjectsFinal(handle);
        }
        if (answer != CKR_OK) return fail(told(ErrorCode::io, "cannot look for keys", answer));
        return std::vector<CK_OBJECT_HANDLE>(found.begin(),
                                             found.begin() + static_cast<std::ptrdiff_t>(count));
    }
    /// Empty when the object has none.
    [[nodiscard]] Bytes value(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
        constexpr std::size_t most = 1024;
        Bytes bytes(most);
        CK_ATTRIBUTE asked = attribute(type, bytes.data(), bytes.size());
        if (functions->C_GetAttributeValue(handle, object, &asked, 1) != CKR_OK ||
            asked.ulValueLen > bytes.size())
            return {};
        bytes.resize(asked.ulValueLen);
        return bytes;
    }
    [[nodiscard]] static Attributes named(const CK_OBJECT_CLASS& kind, const std::string& label,
                                          const Bytes& id) {
        Attributes all{attribute(CKA_CLASS, &kind, sizeof kind),
                       attribute(CKA_LABEL, label.data(), label.size())};
        if (!id.empty()) all.push_back(attribute(CKA_ID, id.data(), id.size()));
        return all;
    }
    [[nodiscard]] Result<void> destroy_all(const CK_OBJECT_CLASS& kind, const TokenKey& key) const {
        for (const CK_OBJECT_HANDLE object : TRY(find(named(kind, key.label, key.id))))
            if (const CK_RV answer = functions->C_DestroyObject(handle, object); answer != CKR_OK)
                return fail(told(ErrorCode::io, "cannot destroy a key", answer));
        return {};
    }
};

Pkcs11Token::Pkcs11Token(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Pkcs11Token::Pkcs11Token(Pkcs11Token&& other) noexcept = default;
Pkcs11Token::~Pkcs11Token() = default;

Result<Pkcs11Token> Pkcs11Token::open(const TokenUri& uri) {
    if (uri.token.empty())
        return fail(ErrorCode::configuration, "{}: names no token; write pkcs11:token=LABEL;...", uri.key);
    const CK_FUNCTION_LIST_PTR functions = TRY(load(uri.module));
    const CK_SLOT_ID slot = TRY(slot_of(functions, uri.token));
    CK_SESSION_HANDLE handle = 0;
    const CK_RV opened =
        functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle);
    if (opened != CKR_OK) return fail(told(ErrorCode::configuration, "cannot open a session", opened));
    Pkcs11Token token(std::make_unique<Session>(functions, handle));
    std::string pin = TRY(read_pin(uri));
    const Cleanse cleanse(pin);
    if (pin.empty()) return token;
    const CK_RV answer =
        functions->C_Login(handle, CKU_USER, reinterpret_cast<unsigned char*>(pin.data()), pin.size());
    if (answer != CKR_OK && answer != CKR_USER_ALREADY_LOGGED_IN)
        return fail(told(ErrorCode::configuration, "cannot log in", answer));
    return token;
}

Result<TokenKey> Pkcs11Token::make(const std::string& label, TokenKeyUse use) {
    TokenKey key{label, Bytes(id_bytes), nullptr};
    if (RAND_bytes(u8(key.id), id_bytes) != 1)
        return fail(openssl_error(ErrorCode::internal, "token: no random bytes"));
    const CK_BBOOL yes = CK_TRUE;
    const CK_BBOOL no = CK_FALSE;
    const auto flag = [&](CK_ATTRIBUTE_TYPE type, bool value) {
        return attribute(type, value ? &yes : &no, sizeof yes);
    };
    const bool signs = use == TokenKeyUse::sign;
    Session::Attributes half{attribute(CKA_LABEL, label.data(), label.size()),
                             attribute(CKA_ID, key.id.data(), key.id.size()), flag(CKA_TOKEN, true)};
    Session::Attributes shown = half;
    shown.push_back(attribute(CKA_EC_PARAMS, p256.data(), p256.size()));
    shown.push_back(flag(CKA_PRIVATE, false));
    shown.push_back(flag(CKA_VERIFY, signs));
    Session::Attributes hidden = half;
    for (const auto& [type, value] :
         {std::pair(CKA_PRIVATE, true), std::pair(CKA_SENSITIVE, true), std::pair(CKA_EXTRACTABLE, false),
          std::pair(CKA_SIGN, signs), std::pair(CKA_DERIVE, !signs)})
        hidden.push_back(flag(type, value));
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_half = 0;
    CK_OBJECT_HANDLE private_half = 0;
    const CK_RV answer =
        session_->functions->C_GenerateKeyPair(session_->handle, &mechanism, shown.data(), shown.size(),
                                               hidden.data(), hidden.size(), &public_half, &private_half);
    if (answer != CKR_OK) return fail(told(ErrorCode::io, "cannot make a key", answer));
    key.public_key = key_from_point(session_->value(public_half, CKA_EC_POINT));
    if (!key.public_key) return fail(ErrorCode::io, "token: the key that it made is not on P-256");
    return key;
}

Result<std::vector<TokenKey>> Pkcs11Token::find(const std::string& label) {
    const CK_OBJECT_CLASS private_kind = CKO_PRIVATE_KEY;
    const CK_OBJECT_CLASS public_kind = CKO_PUBLIC_KEY;
    std::vector<TokenKey> keys;
    for (const CK_OBJECT_HANDLE object : TRY(session_->find(Session::named(private_kind, label, {})))) {
        TokenKey key{label, session_->value(object, CKA_ID), nullptr};
        const auto halves = TRY(session_->find(Session::named(public_kind, label, key.id)));
        if (!key.id.empty() && halves.size() == 1)
            key.public_key = key_from_point(session_->value(halves.front(), CKA_EC_POINT));
        keys.push_back(std::move(key));
    }
    return keys;
}

Result<void> Pkcs11Token::destroy(const TokenKey& key) {
    if (key.id.empty())
        return fail(ErrorCode::refused, "token: the key '{}' has no id: it may be another one", key.label);
    const CK_OBJECT_CLASS private_kind = CKO_PRIVATE_KEY;
    const CK_OBJECT_CLASS public_kind = CKO_PUBLIC_KEY;
    TRY(session_->destroy_all(private_kind, key));
    return session_->destroy_all(public_kind, key);
}

const TokenKey* pair_of(const std::vector<TokenKey>& keys, EVP_PKEY* key) {
    const auto found = std::ranges::find_if(keys, [&](const TokenKey& one) {
        return one.public_key && EVP_PKEY_eq(one.public_key.get(), key) == 1;
    });
    return found == keys.end() ? nullptr : &*found;
}

std::string uri_of(const TokenUri& uri, const TokenKey& key) {
    std::string path = uri.key + ";id=";
    for (const std::byte byte : key.id)
        path += fmt::format("%{:02X}", std::to_integer<unsigned>(byte));
    return path;
}

}  // namespace portcullis
