#pragma once
// Port: light for the camera (infrared or white), and the filter that keeps infrared from it by day. Drivers:
// drivers/gpio. Thread-bound.

#include "base/result.hpp"

namespace portcullis {

class Illuminator {
  public:
    virtual ~Illuminator() = default;

    /// Errors: io (try again later). A device without this part answers with success.
    [[nodiscard]] virtual Result<void> light(bool on) = 0;
    /// night: the filter is taken away, infrared reaches the sensor.
    [[nodiscard]] virtual Result<void> night_filter(bool night) = 0;
};

}  // namespace portcullis
