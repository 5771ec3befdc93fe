#pragma once
// ApiRouter: which request is answered by what, and for whom. A path is answered letter for letter, or not at
// all: nothing is decoded, no path is a file's. Knows no socket, so every rule of it can be tested in memory.
// Thread-safe, if its sources are.

#include <functional>
#include <memory>
#include <span>

#include "api/request.hpp"
#include "api/serving_counters.hpp"
#include "api/store_reading.hpp"
#include "base/clock.hpp"
#include "collector/link/packet.hpp"
#include "seal/access_policy.hpp"

namespace portcullis {

/// Where answers come from; called from several threads at once.
struct ApiSources {
    std::function<std::shared_ptr<const KnownAccessPolicy>()> policy;
    std::size_t openers = 1;
    /// One question to one of them. Errors: ask_opener's.
    std::function<Result<Packet>(std::size_t opener, const Packet& question)> ask;
    std::function<Result<StoreReading>()> read_store;
    const Clock& clock;
    const ServingCounters& serving;
};

struct ApiRoute {
    std::string_view method;
    std::string_view path;
};
[[nodiscard]] std::span<const ApiRoute> api_routes();

class ApiRouter {
  public:
    explicit ApiRouter(ApiSources sources) : sources_(std::move(sources)) {}

    [[nodiscard]] ApiResponse handle(const ApiRequest& request) const;

  private:
    struct Caller {
        const AccessPolicy& policy;
        const AccessPerson& person;
    };
    [[nodiscard]] ApiResponse route(const ApiRequest& request, const Caller& caller) const;
    [[nodiscard]] Result<ApiResponse> answer(std::string_view path, const ApiRequest& request,
                                             const Caller& caller) const;
    [[nodiscard]] Result<ApiResponse> search(const ApiRequest& request) const;
    [[nodiscard]] Result<ApiResponse> cross(const ApiRequest& request) const;
    [[nodiscard]] Result<ApiResponse> metrics(const Caller& caller) const;

    ApiSources sources_;
};

}  // namespace portcullis
