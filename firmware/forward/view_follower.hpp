#pragma once
// ViewFollower: stays a viewer of the opener: connects, gives each view to whom it was told, and connects
// again, with growing pauses, when the opener ends, refuses or lets us go. Thread-bound.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "collector/link/view_stream.hpp"

namespace portcullis {

inline constexpr milliseconds first_follow_pause{500};
inline constexpr milliseconds longest_follow_pause{30'000};

class ViewFollower {
  public:
    using Take = std::function<void(const View&)>;
    /// clock outlives it.
    ViewFollower(std::filesystem::path socket, Subscription subscription, Take take, const Clock& clock);

    /// One turn: connects if it is time, or gives what has come; waits at most `patience` for it.
    void step(milliseconds patience);
    [[nodiscard]] bool connected() const { return stream_.has_value(); }

  private:
    void connect();
    void drain();
    void lose(const Error& why);

    std::filesystem::path socket_;
    Subscription subscription_;
    Take take_;
    const Clock& clock_;
    std::optional<ViewStream> stream_;
    BootTime connected_at_{};
    BootTime next_try_{};
    milliseconds pause_ = first_follow_pause;
    std::string told_;  // the last reason that stands in the log
};

}  // namespace portcullis
