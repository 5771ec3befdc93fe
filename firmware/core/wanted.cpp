#include "core/wanted.hpp"

#include <fmt/format.h>

namespace portcullis {

std::string wanted_topic(std::string_view fleet) {
    return fmt::format("lpr/v1/cfg/{}/wanted", fleet);
}

}  // namespace portcullis
