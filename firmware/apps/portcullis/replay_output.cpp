#include "apps/portcullis/replay_output.hpp"

#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

double rounded(double value, double steps) {
    return std::round(value * steps) / steps;
}

Json quad_json(const Quad& quad) {
    Json corners = Json::array();
    for (const Point& corner : quad.corners)
        corners.push_back({rounded(corner.x, 10), rounded(corner.y, 10)});
    return corners;
}

void put_read(Json& json, const Read& read) {
    json["text"] = text_of(read.characters);
    json["confidence"] = rounded(read.confidence, 1e4);
    Json& each = json["characters"] = Json::array();
    for (const CharacterReading& character : read.characters)
        each.push_back(rounded(character.confidence, 1e4));
    json["published"] = published_text(read.characters);
    json["raw"] = read.raw;
    json["jurisdiction"] = read.jurisdiction.code;
    json["jurisdiction_confidence"] = rounded(read.jurisdiction.confidence, 1e4);
}

/// File names need not be UTF-8: what is not becomes U+FFFD.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double seconds_of(BootTime time) {
    return rounded(std::chrono::duration<double>(time.time_since_epoch()).count(), 1e3);
}

}  // namespace

std::string still_line(const std::string& image, const StillResult& result) {
    Json line = {{"image", image}, {"reads", Json::array()}};
    for (const StillRead& read : result.reads) {
        Json one = Json::object();
        put_read(one, read.read);
        one["quad"] = quad_json(read.quad);
        line["reads"].push_back(std::move(one));
    }
    line["ms"] = rounded(result.took.count(), 1e3);
    return dump(line);
}

std::string broken_line(const std::string& image, const std::string& error) {
    return dump({{"image", image}, {"reads", Json::array()}, {"error", error}});
}

std::string passage_line(const std::string& film, const CaptureRecord& record) {
    Json line = {{"film", film}, {"passage", record.passage.id}};
    put_read(line, record.read);
    line["readings"] = record.read.readings;
    line["frames"] = record.passage.frames;
    line["direction"] = to_string(record.passage.direction);
    line["first_s"] = seconds_of(record.passage.first_seen);
    line["last_s"] = seconds_of(record.passage.last_seen);
    line["best_s"] = seconds_of(record.captured_since_boot);
    line["quad"] = quad_json(record.quad);
    return dump(line);
}

std::string readable(const Read& read) {
    if (read.characters.empty()) return "(unread)";
    return fmt::format("{} ({:.2f})", published_text(read.characters), read.confidence);
}

Result<ReplayOutput> ReplayOutput::create(const std::string& path) {
    if (path.empty()) return ReplayOutput({}, nullptr);
    if (path == "-") return ReplayOutput("stdout", stdout);
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr) return fail(Error::from_errno("cannot write " + path, errno));
    return ReplayOutput(path, file);
}

Result<void> ReplayOutput::write(const std::string& line) {
    if (!file_) return {};
    if (std::fputs(line.c_str(), file_.get()) < 0 || std::fputc('\n', file_.get()) == EOF)
        return fail(Error::from_errno("cannot write " + path_, errno));
    return {};
}

Result<void> ReplayOutput::finish() {
    if (!file_) return {};
    std::FILE* file = file_.release();
    const bool whole = std::fflush(file) == 0;
    const int error = errno;
    if ((file != stdout && std::fclose(file) != 0) || !whole)
        return fail(Error::from_errno("cannot write " + path_, error));
    return {};
}

}  // namespace portcullis
