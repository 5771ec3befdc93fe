// GPIO lines through libgpiod. Where a simulated chip is named, its lines are pulled and read through the
// kernel's gpio-sim, as tests/guest does:
//   PORTCULLIS_GPIO_SIM=/sys/devices/platform/gpio-sim.0/gpiochip0 test_driver_gpio
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "drivers/gpio/gpio_illuminator.hpp"
#include "drivers/gpio/gpio_trigger.hpp"

using namespace portcullis;

namespace {

/// A chip of gpio-sim with lines TRIGGER, LAMP and FILTER, as the kernel's documents tell.
struct SimulatedChip {
    std::filesystem::path folder;
    void pull(int line, bool up) const {
        std::ofstream(folder / fmt::format("sim_gpio{}", line) / "pull") << (up ? "pull-up" : "pull-down");
    }
    [[nodiscard]] bool value(int line) const {
        int value = -1;
        std::ifstream(folder / fmt::format("sim_gpio{}", line) / "value") >> value;
        REQUIRE(value >= 0);
        return value == 1;
    }
};

std::optional<SimulatedChip> simulated() {
    const char* const folder =
        std::getenv("PORTCULLIS_GPIO_SIM");  // NOLINT(concurrency-mt-unsafe): read only
    if (folder != nullptr) return SimulatedChip{folder};
    MESSAGE("SKIPPED: no simulated GPIO chip; tests/guest/gpio_guest_test.py brings one");
    return std::nullopt;
}

const std::string label = "portcullis-sim";

}  // namespace

TEST_CASE("a chip that is not there is not found, and those there are are named") {
    const auto trigger = GpioTrigger::create({"no-such-chip", "TRIGGER"});
    REQUIRE_FALSE(trigger);
    CHECK(trigger.error().code() == ErrorCode::not_found);
    CHECK(trigger.error().message().find("line TRIGGER of no-such-chip: no such GPIO chip; there are: ") !=
          std::string::npos);
    const auto illuminator = GpioIlluminator::create(gpio::LineName{"no-such-chip", "3"}, std::nullopt);
    REQUIRE_FALSE(illuminator);
    CHECK(illuminator.error().code() == ErrorCode::not_found);
}

TEST_CASE("an illuminator without lamp and filter switches nothing and fails at nothing") {
    const auto illuminator = GpioIlluminator::create(std::nullopt, std::nullopt);
    REQUIRE(illuminator);
    CHECK((*illuminator)->light(true));
    CHECK((*illuminator)->night_filter(true));
}

TEST_CASE("a contact is seen while it is active, and a pulse between two looks is not lost") {
    const auto chip = simulated();
    if (!chip) return;
    chip->pull(0, false);
    const auto trigger = GpioTrigger::create({label, "TRIGGER"});
    if (!trigger) FAIL(trigger.error().message());
    CHECK(*(*trigger)->seen() == false);
    chip->pull(0, true);
    CHECK(*(*trigger)->seen() == true);
    CHECK(*(*trigger)->seen() == true);
    chip->pull(0, false);
    CHECK(*(*trigger)->seen() == false);
    chip->pull(0, true);
    chip->pull(0, false);
    CHECK(*(*trigger)->seen() == true);
    CHECK(*(*trigger)->seen() == false);
}

TEST_CASE("a contact to ground is seen when the line falls") {
    const auto chip = simulated();
    if (!chip) return;
    chip->pull(0, true);
    const auto trigger = GpioTrigger::create({label, "0", true});
    if (!trigger) FAIL(trigger.error().message());
    CHECK(*(*trigger)->seen() == false);
    chip->pull(0, false);
    CHECK(*(*trigger)->seen() == true);
}

TEST_CASE("lamp and filter are switched, and off when the reader ends") {
    const auto chip = simulated();
    if (!chip) return;
    auto illuminator =
        GpioIlluminator::create(gpio::LineName{label, "LAMP"}, gpio::LineName{label, "FILTER", true});
    if (!illuminator) FAIL(illuminator.error().message());
    CHECK_FALSE(chip->value(1));
    CHECK(chip->value(2));  // inactive is high
    REQUIRE((*illuminator)->light(true));
    REQUIRE((*illuminator)->night_filter(true));
    CHECK(chip->value(1));
    CHECK_FALSE(chip->value(2));
    const auto twice = GpioTrigger::create({label, "LAMP"});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code() == ErrorCode::io);
    CHECK(twice.error().message().find("another program or driver holds it") != std::string::npos);
    REQUIRE((*illuminator)->light(false));
    CHECK_FALSE(chip->value(1));
    illuminator->reset();
    CHECK(GpioTrigger::create({label, "LAMP"}));  // let go
}

TEST_CASE("a line that the chip has not is not found") {
    if (!simulated()) return;
    for (const char* line : {"BELL", "99"}) {
        const auto trigger = GpioTrigger::create({label, line});
        REQUIRE_FALSE(trigger);
        CHECK(trigger.error().code() == ErrorCode::not_found);
    }
}
