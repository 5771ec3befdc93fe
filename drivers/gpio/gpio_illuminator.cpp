#include "drivers/gpio/gpio_illuminator.hpp"

namespace portcullis {

namespace {

Result<std::unique_ptr<gpio::GpioLine>> output(const std::optional<gpio::LineName>& name) {
    if (!name) return std::unique_ptr<gpio::GpioLine>();
    gpio::GpioLine line = TRY(gpio::GpioLine::output(*name));
    return std::make_unique<gpio::GpioLine>(std::move(line));
}

}  // namespace

Result<std::unique_ptr<GpioIlluminator>> GpioIlluminator::create(
    const std::optional<gpio::LineName>& light, const std::optional<gpio::LineName>& filter) {
    std::unique_ptr<GpioIlluminator> illuminator(new GpioIlluminator());
    illuminator->light_ = TRY(output(light));
    illuminator->filter_ = TRY(output(filter));
    return illuminator;
}

/// What becomes of a line that is let go is the chip's business, so it is told before.
GpioIlluminator::~GpioIlluminator() {
    static_cast<void>(light(false));
    static_cast<void>(night_filter(false));
}

Result<void> GpioIlluminator::light(bool on) {
    return light_ ? light_->set(on) : Result<void>();
}

Result<void> GpioIlluminator::night_filter(bool night) {
    return filter_ ? filter_->set(night) : Result<void>();
}

}  // namespace portcullis
