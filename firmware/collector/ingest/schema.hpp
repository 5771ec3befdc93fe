#pragma once
// The tables of the collector's store. Every blob in it is sealed or signed as it came; no column is readable
// plate data.

#include "database/schema.hpp"

namespace portcullis {

[[nodiscard]] Schema store_schema();

}  // namespace portcullis
