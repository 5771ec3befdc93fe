#include "forward/https_post.hpp"

#include <curl/curl.h>

#include <array>
#include <cstdlib>

namespace portcullis {

namespace {

/// Of an answer nothing but its status counts; a longer one is cut off, and the connection with it.
constexpr std::size_t max_answer_bytes = std::size_t{64} * 1024;

struct EndHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlPtr = std::unique_ptr<CURL, EndHandle>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// Sets options one after the other and remembers the first that failed: in a build of the library that does
/// not know one of these nothing is sent.
class Options {
  public:
    explicit Options(CURL* handle) : handle_(handle) {}

    template <class Value>
    Options& set(CURLoption option, Value value) {
        if (code_ == CURLE_OK) code_ = curl_easy_setopt(handle_, option, value);
        return *this;
    }
    Options& copy(CURLoption option, const Bytes& bytes) {
        // The library only reads it. A blob of nothing takes back what was there.
        curl_blob blob{const_cast<std::byte*>(bytes.data()), bytes.size(), CURL_BLOB_COPY};
        return set(option, bytes.empty() ? nullptr : &blob);
    }
    [[nodiscard]] Result<void> done() const {
        if (code_ == CURLE_OK) return {};
        return fail(ErrorCode::internal, "libcurl: {}", curl_easy_strerror(code_));
    }

  private:
    CURL* handle_;
    CURLcode code_ = CURLE_OK;
};

std::size_t drop_answer(char* /*data*/, std::size_t size, std::size_t count, void* seen) {
    auto& bytes = *static_cast<std::size_t*>(seen);
    bytes += size * count;
    return bytes <= max_answer_bytes ? size * count : 0;
}

int look_at_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

Result<HeaderList> headers_of(const std::string& hook, const HookPost& post) {
    HeaderList list;
    // "Expect:" takes back what the library adds by itself: bodies are small.
    for (const std::string& line :
         {"Content-Type: " + post.content_type, "Portcullis-Hook: " + hook, "Portcullis-Id: " + post.id,
          "Portcullis-Signature: " + post.signature, std::string("Expect:"), std::string("Accept:")}) {
        curl_slist* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) return fail(ErrorCode::internal, "libcurl: no memory for the headers");
        static_cast<void>(list.release());
        list.reset(longer);
    }
    return list;
}

ErrorCode code_of(CURLcode code) {
    switch (code) {
        case CURLE_OPERATION_TIMEDOUT:
            return ErrorCode::timeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
            return ErrorCode::denied;
        case CURLE_COULDNT_CONNECT:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_ABORTED_BY_CALLBACK:
            return ErrorCode::closed;
        default:
            return ErrorCode::internal;
    }
}

}  // namespace

Result<HttpsLibrary> HttpsLibrary::start() {
    // Only main, before any thread, changes the environment.
    ::unsetenv("SSLKEYLOGFILE");  // NOLINT(concurrency-mt-unsafe)
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(ErrorCode::internal, "libcurl does not start");
    return HttpsLibrary();
}

HttpsLibrary::~HttpsLibrary() {
    if (started_) curl_global_cleanup();
}

struct HttpsPost::Handle {
    std::string hook;
    CurlPtr curl;
    std::array<char, CURL_ERROR_SIZE> words{};
    std::size_t answered_bytes = 0;
};

HttpsPost::HttpsPost(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
HttpsPost::HttpsPost(HttpsPost&&) noexcept = default;
HttpsPost& HttpsPost::operator=(HttpsPost&&) noexcept = default;
HttpsPost::~HttpsPost() = default;

Result<HttpsPost> HttpsPost::create(const HookSettings& hook) {
    auto handle = std::make_unique<Handle>();
    handle->hook = hook.name;
    handle->curl.reset(curl_easy_init());
    if (!handle->curl) return fail(ErrorCode::internal, "libcurl gives no handle");
    Options options(handle->curl.get());
    options.set(CURLOPT_NOSIGNAL, 1L)
        .set(CURLOPT_URL, hook.url.c_str())
        .set(CURLOPT_UNIX_SOCKET_PATH, hook.relay.c_str())
        .set(CURLOPT_PROTOCOLS_STR, "https")
        .set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1))
        .set(CURLOPT_FOLLOWLOCATION, 0L)
        .set(CURLOPT_PROXY, "")  // nor one of the environment
        .set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED))
        .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3))
        .set(CURLOPT_SSL_VERIFYPEER, 1L)
        .set(CURLOPT_SSL_VERIFYHOST, 2L)
        // The system's store, which the library would look into beside the hook's CA.
        .set(CURLOPT_CAINFO, static_cast<const char*>(nullptr))
        .set(CURLOPT_CAPATH, static_cast<const char*>(nullptr))
        .set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(hook.connect_timeout.count()))
        .set(CURLOPT_TIMEOUT_MS, static_cast<long>(hook.timeout.count()))
        .set(CURLOPT_USERAGENT, "portcullis-forwarder")
        .set(CURLOPT_ERRORBUFFER, handle->words.data())
        .set(CURLOPT_WRITEFUNCTION, &drop_answer)
        .set(CURLOPT_WRITEDATA, &handle->answered_bytes)
        .set(CURLOPT_XFERINFOFUNCTION, &look_at_stop)
        .set(CURLOPT_NOPROGRESS, 0L);
    TRY(options.done());
    return HttpsPost(std::move(handle));
}

Result<HookAnswer> HttpsPost::send(const HookPost& post, const HookKeys& keys, const std::stop_token& stop) {
    CURL* const curl = handle_->curl.get();
    const HeaderList headers = TRY(headers_of(handle_->hook, post));
    Options options(curl);
    options.copy(CURLOPT_CAINFO_BLOB, keys.ca)
        .copy(CURLOPT_SSLCERT_BLOB, keys.certificate)
        .copy(CURLOPT_SSLKEY_BLOB, keys.key)
        .set(CURLOPT_HTTPHEADER, headers.get())
        .set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(post.body.size()))
        .set(CURLOPT_POSTFIELDS, post.body.data())                        // read where it lies
        .set(CURLOPT_XFERINFODATA, const_cast<std::stop_token*>(&stop));  // looked at, no more
    TRY(options.done());
    handle_->words.front() = '\0';
    handle_->answered_bytes = 0;
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
    // What must not outlive the call.
    options.set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr)).set(CURLOPT_POSTFIELDS, "");
    // A long answer is one all the same.
    const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0);
    if (!answered)
        return fail(code_of(code), "{}",
                    handle_->words.front() != '\0' ? handle_->words.data() : curl_easy_strerror(code));
    HookAnswer answer{static_cast<int>(status), std::nullopt};
    if (retry_after > 0) answer.retry_after = std::chrono::seconds(retry_after);
    return answer;
}

}  // namespace portcullis
