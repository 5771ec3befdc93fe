#include "core/capture_record.hpp"

namespace portcullis {

const char* to_string(MediaRole role) {
    return role == MediaRole::plate ? "plate" : "overview";
}

}  // namespace portcullis
