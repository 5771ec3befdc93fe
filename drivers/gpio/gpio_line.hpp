#pragma once
// GpioLine: one line of a GPIO chip, held for this process, through libgpiod's C++ API (1.6 of Debian 12; the
// one place that knows it). The kernel drives a line back when it is let go. Thread-bound.

#include <memory>
#include <string>

#include "base/result.hpp"

namespace portcullis::gpio {

/// Where a contact is wired to.
struct LineName {
    std::string chip;         // "gpiochip0", "/dev/gpiochip0", or the chip's label
    std::string line;         // its name, or its number
    bool active_low = false;  // drawn to ground means active
};

class GpioLine {
  public:
    /// For reading, with both edges queued by the kernel. Errors name chip, line and cure: not_found (lists
    /// the chips there are), denied (permissions), io (taken by another).
    [[nodiscard]] static Result<GpioLine> input(const LineName& name);
    /// For writing; begins inactive.
    [[nodiscard]] static Result<GpioLine> output(const LineName& name);
    GpioLine(GpioLine&& other) noexcept;
    GpioLine& operator=(GpioLine&&) = delete;
    GpioLine(const GpioLine&) = delete;
    GpioLine& operator=(const GpioLine&) = delete;
    ~GpioLine();

    [[nodiscard]] Result<bool> active() const;
    /// Whether it became active since the last call; takes what the kernel has queued. Never blocks.
    [[nodiscard]] Result<bool> rose() const;
    [[nodiscard]] Result<void> set(bool active) const;

  private:
    struct Held;
    explicit GpioLine(std::unique_ptr<Held> held);
    static Result<GpioLine> request(const LineName& name, bool input);

    std::unique_ptr<Held> held_;
};

}  // namespace portcullis::gpio
