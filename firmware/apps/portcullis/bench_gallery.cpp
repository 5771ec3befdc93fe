#include "apps/portcullis/bench_gallery.hpp"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "base/file.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "vision/jpeg.hpp"

namespace portcullis::bench {

namespace {

namespace fs = std::filesystem;

constexpr int tile_width = 320;
constexpr int picture_height = 200;
constexpr int text_line = 18;
constexpr int tile_height = picture_height + 4 * text_line;
constexpr int tiles_across = 4;
constexpr std::size_t tiles_a_sheet = 16;
constexpr float neighbourhood = 1;  // of the plate's own size, on each side
constexpr int jpeg_quality = 88;
constexpr unsigned owner_only = 0600;

const cv::Scalar label_colour(60, 200, 40);  // green
const cv::Scalar read_colour(0, 160, 255);   // amber
const cv::Scalar text_colour(235, 235, 235);

int rank(const GalleryFault& fault) {
    if (fault.cause == Cause::missed) return 2;
    return fault.cause == Cause::unread ? 1 : 0;
}

bool worse(const GalleryFault& a, const GalleryFault& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a.confidence > b.confidence;
}

void draw_quad(cv::Mat& canvas, const Quad& quad, const Box& from, double scale, const cv::Scalar& colour) {
    std::vector<cv::Point> corners;
    for (const Point& corner : quad.corners)
        corners.emplace_back(cv::saturate_cast<int>((static_cast<double>(corner.x) - from.left) * scale),
                             cv::saturate_cast<int>((static_cast<double>(corner.y) - from.top) * scale));
    cv::polylines(canvas, corners, true, colour, 1, cv::LINE_AA);
}

/// The neighbourhood within the picture, on even pixels, where crop_colour() cuts too.
Box region_of(const GalleryFault& fault, const FrameView& view) {
    const Quad& quad = fault.label_quad ? *fault.label_quad : *fault.read_quad;
    const Box box = box_around(quad, neighbourhood);
    const auto even = [](float value) { return std::floor(std::max(value, 0.0F) / 2) * 2; };
    return {even(box.left), even(box.top), std::min(box.right, static_cast<float>(view.width)),
            std::min(box.bottom, static_cast<float>(view.height))};
}

Result<void> draw_picture(const cv::Mat& tile, const GalleryFault& fault) {
    const auto picture = TRY(replay::load_picture(fault.path));
    const Box region = region_of(fault, picture.view);
    ColourImage part = TRY(crop_colour(picture.view, region));
    const cv::Mat whole(part.height, part.width, CV_8UC3, part.pixels.data());
    const double scale = std::min(tile_width / static_cast<double>(part.width),
                                  picture_height / static_cast<double>(part.height));
    const cv::Size size(std::clamp(cvRound(part.width * scale), 1, tile_width),
                        std::clamp(cvRound(part.height * scale), 1, picture_height));
    cv::Mat shown = tile(cv::Rect({0, 0}, size));
    cv::resize(whole, shown, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    if (fault.label_quad) draw_quad(shown, *fault.label_quad, region, scale, label_colour);
    if (fault.read_quad) draw_quad(shown, *fault.read_quad, region, scale, read_colour);
    return {};
}

std::string heading(const GalleryFault& fault) {
    if (fault.cause == Cause::missed) return to_string(fault.cause);
    return fmt::format("{} {:.3f}", to_string(fault.cause), fault.confidence);
}

/// cv::putText knows ASCII alone.
std::string ascii(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

void draw_tile(cv::Mat tile, std::size_t number, const GalleryFault& fault) {
    const std::string lines[] = {fmt::format("#{} {}", number, heading(fault)), "label " + fault.label_text,
                                 "read  " + fault.read_text, fs::path(fault.image).filename().string()};
    const cv::Scalar colours[] = {text_colour, label_colour, read_colour, text_colour};
    for (int i = 0; i < 4; ++i)
        cv::putText(tile, ascii(lines[i]), {4, picture_height + (i + 1) * text_line - 4},
                    cv::FONT_HERSHEY_SIMPLEX, 0.45, colours[i], 1, cv::LINE_AA);
    // A crop or scene that went away meanwhile leaves the tile's picture empty, its text says which it was.
    static_cast<void>(draw_picture(tile, fault));
}

std::string sheet_name(std::size_t sheet) {
    return fmt::format("sheet-{:03}.jpg", sheet + 1);
}

Result<void> write_sheet(const fs::path& file, std::span<const GalleryFault> faults, std::size_t first) {
    const int rows = (static_cast<int>(faults.size()) + tiles_across - 1) / tiles_across;
    ColourImage sheet{tile_width * tiles_across, tile_height * rows, {}};
    sheet.pixels.assign(static_cast<std::size_t>(sheet.width) * static_cast<std::size_t>(sheet.height) * 3,
                        24);
    try {
        const cv::Mat canvas(sheet.height, sheet.width, CV_8UC3, sheet.pixels.data());
        for (std::size_t i = 0; i < faults.size(); ++i) {
            const int place = static_cast<int>(i);
            draw_tile(canvas(cv::Rect(place % tiles_across * tile_width, place / tiles_across * tile_height,
                                      tile_width, tile_height)),
                      first + i + 1, faults[i]);
        }
    } catch (const cv::Exception& error) {
        return fail(ErrorCode::internal, "cannot draw {}: {}", file.string(), error.err);
    }
    const Bytes jpeg = TRY(encode_jpeg(sheet.view(), {jpeg_quality, 0}));
    return write_file_atomically(file, jpeg, owner_only);
}

std::string index_page(const std::vector<GalleryFault>& faults, std::size_t left_out) {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Misses, misreads and false "
        "reads</title></head><body>\n<h1>Misses, misreads and false reads, worst first</h1>\n"
        "<p>These pictures show readable plates: personal data. Keep them as you keep the photographs, and "
        "delete them when you have looked.</p>\n";
    page += fmt::format(
        "<p>{} shown, {} milder ones left out.</p>\n<table>\n<tr><th>#</th><th>sheet</th>"
        "<th>cause</th><th>confidence</th><th>source</th><th>kind</th><th>label</th>"
        "<th>read</th><th>picture</th></tr>\n",
        faults.size(), left_out);
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const GalleryFault& fault = faults[i];
        const std::string sheet = sheet_name(i / tiles_a_sheet);
        page += fmt::format(
            "<tr><td>{}</td><td><a href=\"{}\">{}</a></td><td>{}</td><td>{:.3f}</td>"
            "<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            i + 1, sheet, sheet, to_string(fault.cause), fault.confidence, html_escaped(fault.source),
            to_string(fault.kind), html_escaped(fault.label_text), html_escaped(fault.read_text),
            html_escaped(fault.image));
    }
    return page + "</table>\n</body></html>\n";
}

}  // namespace

Result<void> prepare_gallery(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail(ErrorCode::io, "cannot make folder {}: {}", folder.string(), error.message());
    if (!fs::is_empty(folder, error) || error)
        return fail(ErrorCode::invalid_argument, "{}: not an empty folder; name a new one for the gallery",
                    folder.string());
    fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return fail(ErrorCode::io, "cannot close {} to others: {}", folder.string(), error.message());
    return {};
}

Result<void> write_gallery(const fs::path& folder, std::vector<GalleryFault> faults) {
    std::ranges::stable_sort(faults, worse);
    const std::size_t shown = std::min(faults.size(), max_gallery_tiles);
    const std::size_t left_out = faults.size() - shown;
    faults.resize(shown);
    for (std::size_t first = 0; first < shown; first += tiles_a_sheet) {
        const auto part = std::span(faults).subspan(first, std::min(tiles_a_sheet, shown - first));
        TRY(write_sheet(folder / sheet_name(first / tiles_a_sheet), part, first));
    }
    return write_file_atomically(folder / "index.html", as_bytes(index_page(faults, left_out)), owner_only);
}

std::string html_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace portcullis::bench
