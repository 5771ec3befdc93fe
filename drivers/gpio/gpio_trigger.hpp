#pragma once
// A loop detector, radar or light barrier whose contact is wired to a GPIO line. Pulses between two calls are
// not lost: the kernel queues edges. Thread-bound.

#include "drivers/gpio/gpio_line.hpp"
#include "ports/trigger.hpp"

namespace portcullis {

class GpioTrigger final : public Trigger {
  public:
    /// Errors as GpioLine::input says.
    [[nodiscard]] static Result<std::unique_ptr<GpioTrigger>> create(const gpio::LineName& name);
    [[nodiscard]] Result<bool> seen() override;

  private:
    explicit GpioTrigger(gpio::GpioLine line) : line_(std::move(line)) {}
    gpio::GpioLine line_;
};

}  // namespace portcullis
