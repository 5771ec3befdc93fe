#pragma once
// OverviewPolicy: what of the wider picture a record may keep. Value.

namespace portcullis {

enum class OverviewPolicy {
    none,        // no overview at all
    plate_only,  // the plate and its frame stay sharp, everything else is destroyed
    redacted,    // so does the bodywork directly around the plate (vision/redactor.hpp)
    full         // as the camera saw it: shows people and other vehicles, so only where the law asks for it
};

}  // namespace portcullis
