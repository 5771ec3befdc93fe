#pragma once
// libcamera's own log, in the house's form: its errors are warnings of ours (what they mean for us is told by
// the driver), the rest is debug. Process-wide, thread-safe.

#include <mutex>
#include <streambuf>
#include <string>

namespace portcullis::libcamera_driver {

inline constexpr std::size_t max_log_line_bytes = 1024;  // longer ones are cut

class LogLines final : public std::streambuf {
  protected:
    std::streamsize xsputn(const char* text, std::streamsize count) override;
    int_type overflow(int_type letter) override;

  private:
    void take(std::string_view text);
    static void tell(const std::string& line);

    std::mutex mutex_;
    std::string line_;
};

/// From here on libcamera logs through us. Called before the first CameraManager.
void take_over_log();

}  // namespace portcullis::libcamera_driver
