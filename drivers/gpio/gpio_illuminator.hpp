#pragma once
// A lamp and an IR-cut filter on a GPIO line each; either may be missing. Both are switched off when it goes.
// Thread-bound.

#include <optional>

#include "drivers/gpio/gpio_line.hpp"
#include "ports/illuminator.hpp"

namespace portcullis {

class GpioIlluminator final : public Illuminator {
  public:
    /// light: active means lit. filter: active means night, infrared passes. Errors as GpioLine::output says.
    [[nodiscard]] static Result<std::unique_ptr<GpioIlluminator>> create(
        const std::optional<gpio::LineName>& light, const std::optional<gpio::LineName>& filter);
    ~GpioIlluminator() override;
    GpioIlluminator(const GpioIlluminator&) = delete;
    GpioIlluminator& operator=(const GpioIlluminator&) = delete;

    [[nodiscard]] Result<void> light(bool on) override;
    [[nodiscard]] Result<void> night_filter(bool night) override;

  private:
    GpioIlluminator() = default;
    std::unique_ptr<gpio::GpioLine> light_;
    std::unique_ptr<gpio::GpioLine> filter_;
};

}  // namespace portcullis
