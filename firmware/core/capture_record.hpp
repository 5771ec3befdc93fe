#pragma once
// CaptureRecord: what one passage leaves behind, in the clear. It lives in the reader's memory (and the
// opener's), never on a disk. Values.

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "core/frame.hpp"
#include "core/passage.hpp"
#include "core/reading.hpp"

namespace portcullis {

enum class MediaRole { plate, overview };
[[nodiscard]] const char* to_string(MediaRole role);

struct Media {
    MediaRole role = MediaRole::plate;
    Bytes jpeg;
};

struct CaptureRecord {
    Passage passage;
    Read read;
    Quad quad;           // of the best frame, in its own pixels
    UtcTime captured{};  // sensor's instant of the best frame
    BootTime captured_since_boot{};
    ClockState clock;
    std::string firmware;      // version
    std::string model;         // digest of the weights, hex
    std::vector<Media> media;  // plate picture, then overview where policy keeps one
};

}  // namespace portcullis
