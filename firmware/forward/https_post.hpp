#pragma once
// HttpsPost: one POST to one receiver, by HTTPS over a Unix socket, behind which a relay carries what it
// cannot read to the receiver. It opens no other socket and resolves no name. TLS 1.3; the receiver's
// certificate must come from the hook's CA and bear the URL's name; redirects and proxies are not followed.
// Thread-bound.

#include <memory>
#include <stop_token>
#include <string>

#include "forward/delivery_queue.hpp"
#include "forward/hook_keys.hpp"

namespace portcullis {

/// Of main, before the first thread: the library behind it, and what its environment must not say
/// (SSLKEYLOGFILE would write the keys of each connection to a disk).
class HttpsLibrary {
  public:
    /// Errors: internal.
    [[nodiscard]] static Result<HttpsLibrary> start();
    HttpsLibrary(HttpsLibrary&& other) noexcept : started_(std::exchange(other.started_, false)) {}
    HttpsLibrary& operator=(HttpsLibrary&&) = delete;
    ~HttpsLibrary();

  private:
    HttpsLibrary() = default;
    bool started_ = true;
};

struct HookPost {
    std::string id;
    std::string signature;
    std::string content_type;
    std::string_view body;  // outlives the call
};

class HttpsPost {
  public:
    /// Errors: internal.
    [[nodiscard]] static Result<HttpsPost> create(const HookSettings& hook);
    HttpsPost(HttpsPost&&) noexcept;
    HttpsPost& operator=(HttpsPost&&) noexcept;
    ~HttpsPost();

    /// What the receiver answered. Ends within a second when stop is asked for. Errors: timeout, closed (no
    /// relay, nobody behind it), denied (TLS: not the receiver, or not its version), internal.
    [[nodiscard]] Result<HookAnswer> send(const HookPost& post, const HookKeys& keys,
                                          const std::stop_token& stop);

  private:
    struct Handle;
    explicit HttpsPost(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

}  // namespace portcullis
