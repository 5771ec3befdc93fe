#pragma once
// ApiServer: HTTP/1.1 over TLS 1.3 on a Unix socket that stands already. One thread speaks to all
// connections, a few answer. All of it is bounded:
//   - connections: when all places are taken, the one that has been silent longest (not signed in) gives way;
//     if all are signed in, the new one is let go;
//   - an account has at most per_account connections;
//   - a connection signs in within sign_in_time and sends each request within request_time of the answer
//     before, else it is let go; one that has sent nothing costs no TLS state;
//   - header and body: request.hpp; requests that wait for an answer: waiting, else 503.
// Thread-bound, but for what it calls in its own threads: the handler, which must be thread-safe.

#include <functional>
#include <memory>
#include <stop_token>

#include "api/request.hpp"
#include "api/server/tls.hpp"
#include "api/serving_counters.hpp"
#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "health/heartbeat.hpp"

namespace portcullis {

struct ApiServerLimits {
    std::size_t connections = 1024;
    std::size_t per_account = 32;
    std::size_t threads = 4;   // that answer
    std::size_t waiting = 64;  // requests in work or waiting for it
    milliseconds sign_in_time{10'000};
    milliseconds request_time{30'000};
};

class ApiServer {
  public:
    using Handler = std::function<ApiResponse(const ApiRequest&)>;

    /// counters and heartbeat outlive it. Errors: internal.
    [[nodiscard]] static Result<std::unique_ptr<ApiServer>> create(UniqueFd listener, SslContextPtr tls,
                                                                   Handler handler, ApiServerLimits limits,
                                                                   ServingCounters& counters,
                                                                   Pulse pulse = {});
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    /// New connections sign in by this one from now on (SIGHUP).
    void replace_tls(SslContextPtr tls);
    /// Serves until stop is asked for; turn: called about each half second. Errors: io, internal.
    [[nodiscard]] Result<void> run(const std::stop_token& stop, const std::function<void()>& turn);

  private:
    class Impl;
    explicit ApiServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace portcullis
