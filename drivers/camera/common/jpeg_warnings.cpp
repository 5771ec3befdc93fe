#include "drivers/camera/common/jpeg_warnings.hpp"

#include <turbojpeg.h>

#include <string_view>

namespace portcullis::camera {

bool is_harmless_warning(void* handle) {
    return ::tjGetErrorCode(handle) == TJERR_WARNING &&
           std::string_view(::tjGetErrorStr2(handle)).find("extraneous bytes") != std::string_view::npos;
}

}  // namespace portcullis::camera
