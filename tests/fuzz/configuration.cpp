// A settings file, read as each of the five programs reads its own.

#include <cmath>

#include "base/assert.hpp"
#include "config/collector_settings.hpp"
#include "config/forwarder_settings.hpp"
#include "config/opener_settings.hpp"
#include "config/reader_settings.hpp"
#include "config/settings_reader.hpp"
#include "config/uplink_settings.hpp"
#include "core/ids.hpp"
#include "fuzz/input.hpp"
#include "fuzz/scratch.hpp"

using namespace portcullis;

namespace {

/// Who reads a refusal can find the file.
void check_refusal(const Error& error, const std::filesystem::path& file) {
    PORTCULLIS_ASSERT(error.code() == ErrorCode::configuration);
    PORTCULLIS_ASSERT(error.message().find(file.string()) != std::string::npos);
}

void check_polygon(const std::vector<Point>& polygon) {
    PORTCULLIS_ASSERT(polygon.empty() || polygon.size() >= 3);
    for (const Point& point : polygon)
        PORTCULLIS_ASSERT(std::abs(point.x) <= max_coordinate_px && std::abs(point.y) <= max_coordinate_px);
}

void check_reader(const std::filesystem::path& file) {
    const auto settings = load_reader_settings(file, std::nullopt);
    if (!settings) return check_refusal(settings.error(), file);
    PORTCULLIS_ASSERT(is_device_name(settings->device) && !settings->fleet.empty());
    PORTCULLIS_ASSERT(settings->input.frames_per_second >= 0.1 && settings->input.frames_per_second <= 1000);
    PORTCULLIS_ASSERT(settings->ocr.first_patches <= settings->ocr.most_patches);
    PORTCULLIS_ASSERT(!settings->keys.read_recipients.empty());
    PORTCULLIS_ASSERT(settings->passage.lanes.size() <= max_lanes);
    check_polygon(settings->passage.roi);
    for (const LaneSettings& lane : settings->passage.lanes)
        check_polygon(lane.polygon);
}

void check_uplink(const std::filesystem::path& file) {
    const auto settings = UplinkFileSettings::load(file);
    if (!settings) return check_refusal(settings.error(), file);
    PORTCULLIS_ASSERT(settings->window.items >= 1 && settings->window.ahead_items >= settings->window.items);
    PORTCULLIS_ASSERT(settings->window.ahead_bytes >= settings->window.bytes);
}

void check_collector(const std::filesystem::path& file) {
    const auto settings = CollectorSettings::load(file);
    if (!settings) return check_refusal(settings.error(), file);
    PORTCULLIS_ASSERT(settings->batch_items >= 1 && settings->batch_items <= 256);
    PORTCULLIS_ASSERT(settings->store.quarantine_bytes > 0 && settings->store.max_chains > 0);
}

void check_opener(const std::filesystem::path& file) {
    const auto settings = OpenerSettings::load(file);
    if (!settings) check_refusal(settings.error(), file);
}

void check_forwarder(const std::filesystem::path& file) {
    const auto settings = ForwarderSettings::load(file);
    if (!settings) return check_refusal(settings.error(), file);
    PORTCULLIS_ASSERT(!settings->view.sockets.empty() && !settings->view.purpose.empty());
    PORTCULLIS_ASSERT(!settings->hooks.empty());
    for (const HookSettings& hook : settings->hooks) {
        PORTCULLIS_ASSERT(hook.url.starts_with("https://"));
        PORTCULLIS_ASSERT(hook.url.find_first_of("@ \r\n") == std::string::npos);
        PORTCULLIS_ASSERT(hook.keep >= 2 && !hook.secrets.empty() && !hook.relay.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    const std::filesystem::path file = scratch.write("settings.toml", fuzz::input_bytes(data, size));
    check_reader(file);
    check_uplink(file);
    check_collector(file);
    check_opener(file);
    check_forwarder(file);
    return 0;
}
