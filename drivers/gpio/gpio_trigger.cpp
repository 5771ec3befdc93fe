#include "drivers/gpio/gpio_trigger.hpp"

namespace portcullis {

Result<std::unique_ptr<GpioTrigger>> GpioTrigger::create(const gpio::LineName& name) {
    return std::unique_ptr<GpioTrigger>(new GpioTrigger(TRY(gpio::GpioLine::input(name))));
}

Result<bool> GpioTrigger::seen() {
    const bool rose = TRY(line_.rose());
    const bool active = TRY(line_.active());
    return rose || active;
}

}  // namespace portcullis
