#include "drivers/keys/tpm/tpm_maker.hpp"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <cstdlib>

namespace portcullis {

namespace {

constexpr ESYS_TR none = ESYS_TR_NONE;
constexpr ESYS_TR owner = ESYS_TR_RH_OWNER;
constexpr ESYS_TR no_password = ESYS_TR_PASSWORD;

template <class T>
using TssPtr = std::unique_ptr<T, decltype(&Esys_Free)>;

template <class T>
TssPtr<T> owned(T* value) {
    return {value, &Esys_Free};
}

Error told(std::string_view step, TSS2_RC code) {
    return {ErrorCode::io, fmt::format("TPM: {}: {}", step, Tss2_RC_Decode(code))};
}

/// As the TPM itself sends it, its length before it.
template <class T>
Result<Bytes> marshalled(const T& value,
                         TSS2_RC (*marshal)(const T*, std::uint8_t*, std::size_t, std::size_t*)) {
    Bytes bytes(sizeof value);
    std::size_t size = 0;
    const TSS2_RC code = marshal(&value, reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size(), &size);
    if (code != TSS2_RC_SUCCESS) return fail(told("cannot take over the key", code));
    bytes.resize(size);
    return bytes;
}

/// P-256 under SHA-256; what it may do stands in the attributes.
TPM2B_PUBLIC p256(TPMA_OBJECT attributes) {
    TPM2B_PUBLIC key{};
    TPMT_PUBLIC& area = key.publicArea;
    area.type = TPM2_ALG_ECC;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = attributes | TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH;
    area.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    return key;
}

TPM2B_PUBLIC storage_key() {
    TPM2B_PUBLIC key = p256(TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT);
    TPMT_SYM_DEF_OBJECT& wrapping = key.publicArea.parameters.eccDetail.symmetric;
    wrapping.algorithm = TPM2_ALG_AES;
    wrapping.keyBits.aes = 128;
    wrapping.mode.aes = TPM2_ALG_CFB;
    return key;
}

}  // namespace

struct TpmMaker::Context {
    TSS2_TCTI_CONTEXT* line = nullptr;
    ESYS_CONTEXT* esys = nullptr;

    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() {
        if (esys != nullptr) Esys_Finalize(&esys);
        if (line != nullptr) Tss2_TctiLdr_Finalize(&line);
    }

    /// A chip has room for three: none is left behind.
    class Transient {
      public:
        explicit Transient(Context& context) : context_(context) {}
        Transient(const Transient&) = delete;
        Transient& operator=(const Transient&) = delete;
        ~Transient() {
            if (handle != none) Esys_FlushContext(context_.esys, handle);
        }
        ESYS_TR handle = none;

      private:
        Context& context_;
    };

    [[nodiscard]] Result<void> make_parent(Transient& parent) const {
        const TPM2B_SENSITIVE_CREATE secret{};
        const TPM2B_PUBLIC wanted = storage_key();
        const TPM2B_DATA outside{};
        const TPML_PCR_SELECTION registers{};
        const TSS2_RC code =
            Esys_CreatePrimary(esys, owner, no_password, none, none, &secret, &wanted, &outside, &registers,
                               &parent.handle, nullptr, nullptr, nullptr, nullptr);
        return code == TSS2_RC_SUCCESS ? Result<void>()
                                       : fail(told("cannot make the key that wraps (owner hierarchy)", code));
    }
    struct Child {
        TssPtr<TPM2B_PRIVATE> hidden;
        TssPtr<TPM2B_PUBLIC> shown;
    };
    [[nodiscard]] Result<Child> create_child(ESYS_TR parent) const {
        const TPM2B_SENSITIVE_CREATE secret{};
        const TPM2B_PUBLIC wanted = p256(TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_NODA);
        const TPM2B_DATA outside{};
        const TPML_PCR_SELECTION registers{};
        TPM2B_PRIVATE* hidden = nullptr;
        TPM2B_PUBLIC* shown = nullptr;
        const TSS2_RC code = Esys_Create(esys, parent, no_password, none, none, &secret, &wanted, &outside,
                                         &registers, &hidden, &shown, nullptr, nullptr, nullptr);
        Child child{owned(hidden), owned(shown)};
        if (code != TSS2_RC_SUCCESS) return fail(told("cannot make a key", code));
        return child;
    }
    [[nodiscard]] Result<void> make_child(const Transient& parent, Transient& child) const {
        const Child made = TRY(create_child(parent.handle));
        const TSS2_RC code = Esys_Load(esys, parent.handle, no_password, none, none, made.hidden.get(),
                                       made.shown.get(), &child.handle);
        return code == TSS2_RC_SUCCESS ? Result<void>() : fail(told("cannot load the key", code));
    }
    /// The object at a persistent handle, to be closed.
    [[nodiscard]] Result<ESYS_TR> object_at(std::uint32_t handle) const {
        ESYS_TR object = none;
        const TSS2_RC code = Esys_TR_FromTPMPublic(esys, handle, none, none, none, &object);
        if (code != TSS2_RC_SUCCESS) return fail(told(fmt::format("nothing at 0x{:x}", handle), code));
        return object;
    }
};

TpmMaker::TpmMaker(std::unique_ptr<Context> context) : context_(std::move(context)) {}
TpmMaker::TpmMaker(TpmMaker&& other) noexcept = default;
TpmMaker::~TpmMaker() = default;

Result<TpmMaker> TpmMaker::open() {
    auto context = std::make_unique<Context>();
    const char* const name = std::getenv("TPM2OPENSSL_TCTI");  // NOLINT(concurrency-mt-unsafe): read only
    TSS2_RC code = Tss2_TctiLdr_Initialize(name, &context->line);
    if (code == TSS2_RC_SUCCESS) code = Esys_Initialize(&context->esys, context->line, nullptr);
    if (code != TSS2_RC_SUCCESS)
        return fail(ErrorCode::configuration,
                    "TPM: cannot be reached: {}; may this user open /dev/tpmrm0 (group tss), does "
                    "TPM2OPENSSL_TCTI name the TPM?",
                    Tss2_RC_Decode(code));
    return TpmMaker(std::move(context));
}

Result<bool> TpmMaker::holds(std::uint32_t handle) const {
    TPMI_YES_NO more = TPM2_NO;
    TPMS_CAPABILITY_DATA* data = nullptr;
    const TSS2_RC code =
        Esys_GetCapability(context_->esys, none, none, none, TPM2_CAP_HANDLES, handle, 1, &more, &data);
    const auto found = owned(data);
    if (code != TSS2_RC_SUCCESS || !found) return fail(told("cannot say what it holds", code));
    const TPML_HANDLE& handles = found->data.handles;
    return handles.count > 0 && handles.handle[0] == handle;  // NOLINT: the list begins at or above it
}

Result<void> TpmMaker::make(std::uint32_t handle) {
    Context::Transient parent(*context_);
    Context::Transient child(*context_);
    TRY(context_->make_parent(parent));
    TRY(context_->make_child(parent, child));
    ESYS_TR kept = none;
    const TSS2_RC code =
        Esys_EvictControl(context_->esys, owner, child.handle, no_password, none, none, handle, &kept);
    if (code != TSS2_RC_SUCCESS)
        return fail(told(fmt::format("cannot keep the key at 0x{:x}", handle), code));
    Esys_TR_Close(context_->esys, &kept);
    return {};
}

Result<TpmMaker::Wrapped> TpmMaker::make_wrapped(std::uint32_t parent) {
    ESYS_TR above = TRY(context_->object_at(parent));
    const auto made = context_->create_child(above);
    Esys_TR_Close(context_->esys, &above);
    if (!made) return fail(made.error());
    Wrapped key;
    key.public_half = TRY(marshalled(*made->shown, Tss2_MU_TPM2B_PUBLIC_Marshal));
    key.private_half = TRY(marshalled(*made->hidden, Tss2_MU_TPM2B_PRIVATE_Marshal));
    return key;
}

Result<void> TpmMaker::remove(std::uint32_t handle) {
    const ESYS_TR object = TRY(context_->object_at(handle));
    ESYS_TR gone = none;
    const TSS2_RC code =
        Esys_EvictControl(context_->esys, owner, object, no_password, none, none, handle, &gone);
    if (code != TSS2_RC_SUCCESS)
        return fail(told(fmt::format("cannot take the key at 0x{:x} away", handle), code));
    return {};
}

}  // namespace portcullis
