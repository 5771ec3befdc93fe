#include "pipeline/roadside.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace portcullis {

namespace {

constexpr int grid_columns = 64;
constexpr int grid_lines = 36;
constexpr std::chrono::seconds try_again_after{10};

}  // namespace

double mean_grey(const FrameView& view) {
    const std::size_t bytes = view.format == PixelFormat::bgr24 ? 3 : 1;
    const std::size_t green = view.format == PixelFormat::bgr24 ? 1 : 0;  // most of what the eye calls bright
    const int columns = std::min(grid_columns, view.width);
    const int lines = std::min(grid_lines, view.height);
    std::uint64_t sum = 0;
    for (int row = 0; row < lines; ++row) {
        const auto y = static_cast<std::size_t>((2 * row + 1) * view.height / (2 * lines));
        const std::uint8_t* line = view.planes[0].data + y * view.planes[0].stride;
        for (int column = 0; column < columns; ++column) {
            const auto x = static_cast<std::size_t>((2 * column + 1) * view.width / (2 * columns));
            sum += line[x * bytes + green];
        }
    }
    return static_cast<double>(sum) / (columns * lines);
}

bool DayNight::look(double grey, BootTime now) {
    const bool other = night_ ? grey > settings_.bright_grey : grey < settings_.dark_grey;
    if (!other) {
        other_since_.reset();
        return night_;
    }
    if (!other_since_) other_since_ = now;
    if (now - *other_since_ < settings_.dwell) return night_;
    night_ = !night_;
    other_since_.reset();
    log_info("roadside", "{} (mean grey {:.0f})", night_ ? "night" : "day", grey);
    return night_;
}

Roadside::Roadside(const RoadsideSettings& settings, Trigger* trigger, Illuminator* illuminator)
    : settings_(settings), trigger_(trigger), illuminator_(illuminator), day_night_(settings) {}

Roadside::~Roadside() {
    if (illuminator_ == nullptr) return;
    static_cast<void>(illuminator_->light(false));
    static_cast<void>(illuminator_->night_filter(false));
}

bool Roadside::before(const Frame& frame) {
    const BootTime now = frame.sensor_time;
    const bool vehicle = expected(now);
    if (illuminator_ != nullptr) {
        const bool night = day_night_.look(mean_grey(frame.view), now);
        const bool wanted = settings_.light == LightMode::always ||
                            (settings_.light == LightMode::night && night) ||
                            (settings_.light == LightMode::trigger && vehicle);
        light(wanted, night, now);
    }
    return vehicle;
}

bool Roadside::expected(BootTime now) {
    if (trigger_ == nullptr) return true;
    const auto seen = trigger_->seen();
    note(trigger_trouble_, seen ? Result<void>() : fail(Error(seen.error())),
         "the trigger cannot be asked, every frame is searched");
    if (!seen) return true;
    if (*seen) last_seen_ = now;
    return last_seen_ && now - *last_seen_ <= settings_.trigger_hold;
}

/// Each change once; what failed is tried again after a while.
void Roadside::light(bool wanted, bool night, BootTime now) {
    if (lit_ == wanted && filtered_ == night) return;
    if (next_try_ && now < *next_try_) return;
    const auto lamp = lit_ == wanted ? Result<void>() : illuminator_->light(wanted);
    const auto filter = filtered_ == night ? Result<void>() : illuminator_->night_filter(night);
    if (lamp) lit_ = wanted;
    if (filter) filtered_ = night;
    const bool done = lamp && filter;
    note(light_trouble_, lamp ? filter : lamp, "lamp or filter cannot be switched");
    next_try_ = done ? std::nullopt : std::optional(now + try_again_after);
}

void Roadside::note(std::atomic<bool>& trouble, const Result<void>& done, const char* what) {
    const bool before = trouble.exchange(!done);
    if (!done && !before) log_error("roadside", "degraded: {}: {}", what, done.error().message());
    if (done && before) log_info("roadside", "works again");
}

std::string Roadside::trouble() const {
    return fmt::format("{}{}", trigger_trouble_ ? " degraded=trigger" : "",
                       light_trouble_ ? " degraded=light" : "");
}

}  // namespace portcullis
