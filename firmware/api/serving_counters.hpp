#pragma once
// What the API's own process counts. Thread-safe.

#include <atomic>
#include <cstdint>

namespace portcullis {

struct ServingCounters {
    std::atomic<std::uint64_t> connections{0};  // now
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> signed_in{0};      // whose certificate was verified
    std::atomic<std::uint64_t> let_go_silent{0};  // gave way to others before they had signed in
    std::atomic<std::uint64_t> let_go_late{0};    // did not speak in time
    std::atomic<std::uint64_t> failed_handshakes{0};
    std::atomic<std::uint64_t> over_account{0};      // an account had too many already
    std::atomic<std::uint64_t> turned_away{0};       // all places were taken by who had signed in
    std::atomic<std::uint64_t> answered_well{0};     // status below 400
    std::atomic<std::uint64_t> answered_refused{0};  // 4xx
    std::atomic<std::uint64_t> answered_failed{0};   // 5xx
    std::atomic<std::uint64_t> in_work{0};           // requests, now
};

}  // namespace portcullis
