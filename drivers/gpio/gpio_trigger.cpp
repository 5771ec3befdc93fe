#include "drivers/gpio/gpio_trigger.hpp"

namespace portcullis {

Result<std::unique_ptr<GpioTrigger>> GpioTrigger::create(const gpio::LineName& name) {
    gpio::GpioLine line = TRY(gpio::GpioLine::input(name));
    return std::unique_ptr<GpioTrigger>(new GpioTrigger(std::move(line)));
}

Result<bool> GpioTrigger::seen() {
    const bool rose = TRY(line_.rose());
    const bool active = TRY(line_.active());
    return rose || active;
}

}  // namespace portcullis
