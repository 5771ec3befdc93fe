#pragma once
// Annotate: a copy of a frame with quads and texts drawn on it, for a person to look at. Only where a person
// asked for it (replay --annotate, demo): such a picture shows plates in the clear. Pure function, reentrant.

#include <span>
#include <string>

#include "vision/jpeg.hpp"

namespace portcullis {

struct Annotation {
    Quad quad;
    std::string label;  // printable ASCII; other letters show as '?'
    bool sure = true;   // green, else amber
};

/// The annotated copy as JPEG. Errors: those of encode_jpeg.
[[nodiscard]] Result<Bytes> annotate(const FrameView& view, std::span<const Annotation> annotations,
                                     const JpegSettings& settings);

}  // namespace portcullis
