#include "drivers/broker/paho/uri.hpp"

#include <charconv>
#include <string_view>

namespace portcullis {

namespace {

constexpr std::size_t max_host_bytes = 253;

Failure refuse(const std::string& uri, std::string_view why) {
    return fail(ErrorCode::configuration,
                "broker address '{}': {}; write mqtts://host:port, e.g. mqtts://broker.example:8883", uri,
                why);
}

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

Result<BrokerUri> parse_broker_uri(const std::string& uri) {
    constexpr std::string_view scheme = "mqtts://";
    if (!std::string_view(uri).starts_with(scheme)) return refuse(uri, "not TLS");
    const std::string_view place = std::string_view(uri).substr(scheme.size());
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos || !is_port(place.substr(colon + 1)))
        return refuse(uri, "no port (1 to 65535)");
    std::string_view host = place.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host.empty() || host.size() > max_host_bytes) return refuse(uri, "no host");
    if (host.find_first_of("/@?#[] ") != std::string_view::npos ||
        (!bracketed && host.find(':') != std::string_view::npos))
        return refuse(uri, "not a host name");
    return BrokerUri{std::string(host), "ssl://" + std::string(place)};
}

}  // namespace portcullis
