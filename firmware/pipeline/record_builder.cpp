#include "pipeline/record_builder.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace {

void add(CaptureRecord& record, MediaRole role, const FrameView& view, const JpegSettings& settings) {
    auto jpeg = encode_jpeg(view, settings);
    if (jpeg)
        record.media.push_back({role, std::move(*jpeg)});
    else
        log_warning("pipeline", "passage={} {} picture left out: {}", record.passage.id, to_string(role),
                    jpeg.error().message());
}

/// Redaction is no option of the encoder: what policy hides never came as far as here.
void add_overview(CaptureRecord& record, const PlateLook& look, const MediaSettings& media) {
    const JpegSettings settings{media.overview_quality, media.overview_width_px};
    if (look.frame && media.overview == OverviewPolicy::full)
        return add(record, MediaRole::overview, look.frame->view, settings);
    if (!look.overview) return;
    const auto picture = look.overview->render();
    if (picture)
        add(record, MediaRole::overview, picture->view(), settings);
    else
        log_warning("pipeline", "passage={} overview left out: {}", record.passage.id,
                    picture.error().message());
}

}  // namespace

CaptureRecord build_record(const Captured& captured, const MediaSettings& media, const std::string& firmware,
                           const std::string& model) {
    CaptureRecord record;
    record.passage = captured.passage;
    record.read = captured.read;
    record.firmware = firmware;
    record.model = model;
    if (!captured.look) return record;
    const PlateLook& look = *captured.look;
    record.quad = look.quad;
    record.captured = look.captured;
    record.captured_since_boot = look.since_boot;
    record.clock = look.clock;
    if (look.plate.width > 0)
        add(record, MediaRole::plate, look.plate.view(), {media.plate_quality, media.overview_width_px});
    add_overview(record, look, media);
    return record;
}

}  // namespace portcullis
