#pragma once
#include <doctest/doctest.h>

#include <sys/resource.h>

#include <csignal>

namespace portcullis::test {

/// No file of this process grows beyond a few bytes: as on a full disk.
class FullDisk {
  public:
    FullDisk() {
        ::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        const rlimit small{16, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    }
    ~FullDisk() { CHECK(::setrlimit(RLIMIT_FSIZE, &before_) == 0); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

  private:
    rlimit before_{};
};

}  // namespace portcullis::test
