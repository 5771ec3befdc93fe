// The engine's interface is deprecated as a whole; see the header.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT(cppcoreguidelines-macro-usage)
#include "drivers/keys/pkcs11/pkcs11_engine.hpp"

#include <dlfcn.h>
#include <openssl/engine.h>
#include <openssl/err.h>

namespace portcullis {

namespace {

/// The engine opens the library at its first use and tells little then.
Result<void> check_module(const std::filesystem::path& path) {
    void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const bool good = library != nullptr && ::dlsym(library, "C_GetFunctionList") != nullptr;
    if (library != nullptr) ::dlclose(library);
    if (good) return {};
    return fail(
        ErrorCode::configuration,
        "module-path {}: no PKCS#11 library that can be loaded; install the package of the token's maker",
        path.string());
}

}  // namespace

struct Pkcs11Engine::Handle {
    ENGINE* engine = nullptr;
    bool initialised = false;

    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (initialised) ENGINE_finish(engine);
        if (engine != nullptr) ENGINE_free(engine);
    }
    [[nodiscard]] bool command(const char* name, const char* value) const {
        return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1;
    }
};

Pkcs11Engine::Pkcs11Engine(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Pkcs11Engine::Pkcs11Engine(Pkcs11Engine&& other) noexcept = default;
Pkcs11Engine::~Pkcs11Engine() = default;

Result<Pkcs11Engine> Pkcs11Engine::open(const TokenUri& uri) {
    TRY(check_module(uri.module));
    auto handle = std::make_unique<Handle>();
    ENGINE_load_dynamic();
    handle->engine = ENGINE_by_id("pkcs11");
    if (handle->engine == nullptr)
        return fail(
            openssl_error(ErrorCode::configuration,
                          "OpenSSL has no engine 'pkcs11'; apt-get install libengine-pkcs11-openssl"));
    if (!handle->command("MODULE_PATH", uri.module.c_str()))
        return fail(openssl_error(ErrorCode::configuration, "the engine takes no module-path"));
    if (!uri.pin_source.empty()) {
        std::string pin = TRY(read_pin(uri));
        const Cleanse cleanse(pin);
        if (!handle->command("PIN", pin.c_str()))
            return fail(openssl_error(ErrorCode::configuration, "the engine takes no PIN"));
    }
    handle->initialised = ENGINE_init(handle->engine) == 1;
    if (!handle->initialised)
        return fail(openssl_error(
            ErrorCode::configuration,
            fmt::format("module-path {}: is no PKCS#11 library, or does not start", uri.module.string())));
    return Pkcs11Engine(std::move(handle));
}

Result<KeyPtr> Pkcs11Engine::load_key(const std::string& uri) const {
    ERR_clear_error();
    KeyPtr key(ENGINE_load_private_key(handle_->engine, uri.c_str(), nullptr, nullptr));
    if (!key)
        return fail(openssl_error(
            ErrorCode::configuration,
            fmt::format("{}: no such private key; is the token there, are its label and the key's right, is "
                        "the PIN? (pkcs11-tool --list-objects --login shows them)",
                        uri)));
    return key;
}

}  // namespace portcullis
