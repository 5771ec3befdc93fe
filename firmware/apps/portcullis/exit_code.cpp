#include "apps/portcullis/exit_code.hpp"

#include <iostream>

namespace portcullis {

int exit_code(std::string_view command, const Result<void>& done) {
    if (done) return 0;
    std::cerr << "portcullis " << command << ": " << done.error().message() << "\n";
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
}

}  // namespace portcullis
