#pragma once
// The broker's address. Pure function, reentrant.

#include <string>

#include "base/result.hpp"

namespace portcullis {

struct BrokerUri {
    std::string host;  // without the brackets of an IPv6 address
    std::string paho;  // as Paho wants it: ssl://host:port
};

/// mqtts://host:port. Errors: configuration. Plain text connections do not exist.
[[nodiscard]] Result<BrokerUri> parse_broker_uri(const std::string& uri);

}  // namespace portcullis
