#pragma once
// Port: an outside signal that a vehicle is there (loop detector, radar contact, light barrier). Drivers:
// drivers/gpio. Thread-bound.

#include "base/result.hpp"

namespace portcullis {

class Trigger {
  public:
    virtual ~Trigger() = default;

    /// Whether a vehicle is there now, or was since the last call, however shortly. Never blocks. Errors: io
    /// (the contact cannot be asked; ask again later).
    [[nodiscard]] virtual Result<bool> seen() = 0;
};

}  // namespace portcullis
