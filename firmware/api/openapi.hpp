#pragma once
// The API's description (openapi.json), as it is served. A constant.

#include <string_view>

namespace portcullis {

extern const std::string_view openapi_text;

}  // namespace portcullis
