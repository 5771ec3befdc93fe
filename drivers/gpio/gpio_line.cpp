#include "drivers/gpio/gpio_line.hpp"

#include <cerrno>
#include <charconv>
#include <gpiod.hpp>
#include <system_error>
#include <vector>

namespace portcullis::gpio {

namespace {

constexpr auto consumer = "portcullis";
constexpr int max_edges_a_call = 64;  // the kernel queues 16; a contact that bounces faster is read next time

std::string in_words(const LineName& name) {
    return fmt::format("line {} of {}", name.line, name.chip);
}

std::string chips_there_are() {
    std::vector<std::string> chips;
    for (const gpiod::chip& chip : gpiod::make_chip_iter())
        chips.push_back(fmt::format("{} ({})", chip.name(), chip.label()));
    return chips.empty() ? "none" : fmt::format("{}", fmt::join(chips, ", "));
}

Error error_of(const LineName& name, const std::system_error& error) {
    const int code = error.code().value();
    if (code == EACCES || code == EPERM)
        return {ErrorCode::denied,
                fmt::format("{}: this user may not open it; the service needs the group gpio "
                            "(SupplementaryGroups=gpio) and DeviceAllow=char-gpiochip rw",
                            in_words(name))};
    if (code == EBUSY)
        return {ErrorCode::io,
                fmt::format("{}: another program or driver holds it; `gpioinfo` names it", in_words(name))};
    return Error::from_errno(in_words(name), code);
}

/// libgpiod throws; nothing of it leaves this file. A line that cannot be asked or set is io, whatever errno
/// says.
template <class Call>
auto guarded(const std::string& what, Call call) -> Result<decltype(call())> {
    try {
        return call();
    } catch (const std::exception& error) {
        return fail(ErrorCode::io, "{}: {}", what, error.what());
    }
}

bool is_number(const std::string& text, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

Result<gpiod::chip> open_chip(const LineName& name) {
    try {
        return gpiod::chip(name.chip, gpiod::chip::OPEN_LOOKUP);
    } catch (const std::system_error& error) {
        const int code = error.code().value();
        if (code == EACCES || code == EPERM || code == EBUSY) return fail(error_of(name, error));
    } catch (const std::exception&) {  // told below
    }
    const std::string chips = TRY(guarded(in_words(name), chips_there_are));
    return fail(ErrorCode::not_found, "{}: no such GPIO chip; there are: {}", in_words(name), chips);
}

gpiod::line line_of(const gpiod::chip& chip, const LineName& name) {
    unsigned number = 0;
    if (!is_number(name.line, number)) return chip.find_line(name.line);
    return number < chip.num_lines() ? chip.get_line(number) : gpiod::line();
}

}  // namespace

struct GpioLine::Held {
    Held(gpiod::chip of, gpiod::line held, std::string called)
        : chip(std::move(of)), line(std::move(held)), name(std::move(called)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    gpiod::chip chip;
    gpiod::line line;
    std::string name;
    ~Held() {
        if (line && line.is_requested()) line.release();
    }
};

GpioLine::GpioLine(std::unique_ptr<Held> held) : held_(std::move(held)) {}
GpioLine::GpioLine(GpioLine&& other) noexcept = default;
GpioLine::~GpioLine() = default;

Result<GpioLine> GpioLine::request(const LineName& name, bool input) {
    gpiod::chip chip = TRY(open_chip(name));
    try {
        gpiod::line line = line_of(chip, name);
        if (!line)
            return fail(ErrorCode::not_found, "{}: no such line; `gpioinfo {}` lists them", in_words(name),
                        chip.name());
        gpiod::line_request request;
        request.consumer = consumer;
        request.request_type =
            input ? gpiod::line_request::EVENT_BOTH_EDGES : gpiod::line_request::DIRECTION_OUTPUT;
        if (name.active_low) request.flags = gpiod::line_request::FLAG_ACTIVE_LOW;
        line.request(request, 0);
        return GpioLine(std::make_unique<Held>(std::move(chip), std::move(line), in_words(name)));
    } catch (const std::system_error& error) {
        return fail(error_of(name, error));
    } catch (const std::exception& error) {
        return fail(ErrorCode::io, "{}: {}", in_words(name), error.what());
    }
}

Result<GpioLine> GpioLine::input(const LineName& name) {
    return request(name, true);
}

Result<GpioLine> GpioLine::output(const LineName& name) {
    return request(name, false);
}

Result<bool> GpioLine::active() const {
    return guarded(held_->name, [this] { return held_->line.get_value() != 0; });
}

Result<bool> GpioLine::rose() const {
    return guarded(held_->name, [this] {
        bool risen = false;
        for (int i = 0; i < max_edges_a_call && held_->line.event_wait(std::chrono::nanoseconds(0)); ++i)
            risen = held_->line.event_read().event_type == gpiod::line_event::RISING_EDGE || risen;
        return risen;
    });
}

Result<void> GpioLine::set(bool active) const {
    auto done = guarded(held_->name, [this, active] {
        held_->line.set_value(active ? 1 : 0);
        return true;
    });
    if (!done) return fail(std::move(done.error()));
    return {};
}

}  // namespace portcullis::gpio
