#pragma once
// One request to the API and its answer, without sockets and TLS. Values.

#include <string>

namespace portcullis {

/// What is longer is refused before it is looked at.
inline constexpr std::size_t max_api_body_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t max_api_header_bytes = std::size_t{8} * 1024;  // request line and all fields
inline constexpr std::size_t max_api_headers = 64;

struct ApiRequest {
    std::string method;
    std::string target;
    std::string content_type;  // empty: none is named
    std::string body;
    std::string account;  // the common name of the client's certificate, which TLS has verified
};

struct ApiResponse {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string allow = {};  // of a 405: the methods that there are
};

}  // namespace portcullis
