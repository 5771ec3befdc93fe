// A PKCS#11 library with one token, "lane", and one key in it: whatever the test names fails, as
// FAKE_TOKEN="C_Login=0xa4" says. Its keys are on no curve.
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr CK_OBJECT_HANDLE key = 1;
bool searched = false;

/// What the function of this name answers.
CK_RV answer(std::string_view name) {
    const char* const wanted = std::getenv("FAKE_TOKEN");  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string_view text = wanted == nullptr ? "" : wanted;
    if (!text.starts_with(name) || text.substr(name.size(), 1) != "=") return CKR_OK;
    return std::strtoul(text.data() + name.size() + 1, nullptr, 0);
}

CK_RV begin(void* /*arguments*/) {
    return answer("C_Initialize");
}
CK_RV slots(CK_BBOOL /*present*/, CK_SLOT_ID* slots, CK_ULONG* count) {
    slots[0] = 7;
    *count = 1;
    return answer("C_GetSlotList");
}
CK_RV token(CK_SLOT_ID /*slot*/, CK_TOKEN_INFO* info) {
    std::memset(info->label, ' ', sizeof info->label);
    std::memcpy(info->label, "lane", 4);
    return answer("C_GetTokenInfo");
}
CK_RV open_session(CK_SLOT_ID /*slot*/, CK_FLAGS /*flags*/, void* /*own*/, CK_NOTIFY /*notify*/,
                   CK_SESSION_HANDLE* session) {
    *session = 1;
    return answer("C_OpenSession");
}
CK_RV close_session(CK_SESSION_HANDLE /*session*/) {
    return CKR_OK;
}
CK_RV login(CK_SESSION_HANDLE /*session*/, CK_USER_TYPE /*who*/, CK_BYTE* /*pin*/, CK_ULONG /*size*/) {
    return answer("C_Login");
}
CK_RV find_begin(CK_SESSION_HANDLE /*session*/, CK_ATTRIBUTE* /*wanted*/, CK_ULONG /*count*/) {
    searched = false;
    return answer("C_FindObjectsInit");
}
CK_RV find(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE* found, CK_ULONG /*room*/, CK_ULONG* count) {
    *count = searched ? 0 : 1;
    if (!searched) found[0] = key;
    searched = true;
    return answer("C_FindObjects");
}
CK_RV find_end(CK_SESSION_HANDLE /*session*/) {
    return CKR_OK;
}
CK_RV value(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE /*object*/, CK_ATTRIBUTE* asked, CK_ULONG /*n*/) {
    asked->ulValueLen = std::min<CK_ULONG>(asked->ulValueLen, 3);
    std::memset(asked->pValue, 'x', asked->ulValueLen);
    return answer("C_GetAttributeValue");
}
CK_RV make(CK_SESSION_HANDLE /*session*/, CK_MECHANISM* /*how*/, CK_ATTRIBUTE* /*shown*/, CK_ULONG /*n*/,
           CK_ATTRIBUTE* /*hidden*/, CK_ULONG /*m*/, CK_OBJECT_HANDLE* one, CK_OBJECT_HANDLE* other) {
    *one = *other = key;
    return answer("C_GenerateKeyPair");
}
CK_RV destroy(CK_SESSION_HANDLE /*session*/, CK_OBJECT_HANDLE /*object*/) {
    return answer("C_DestroyObject");
}

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    static CK_FUNCTION_LIST functions = [] {
        CK_FUNCTION_LIST all{};
        all.C_Initialize = begin;
        all.C_GetSlotList = slots;
        all.C_GetTokenInfo = token;
        all.C_OpenSession = open_session;
        all.C_CloseSession = close_session;
        all.C_Login = login;
        all.C_FindObjectsInit = find_begin;
        all.C_FindObjects = find;
        all.C_FindObjectsFinal = find_end;
        all.C_GetAttributeValue = value;
        all.C_GenerateKeyPair = make;
        all.C_DestroyObject = destroy;
        return all;
    }();
    *list = answer("C_GetFunctionList") == CKR_OK ? &functions : nullptr;
    return CKR_OK;
}
