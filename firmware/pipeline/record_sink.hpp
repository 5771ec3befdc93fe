#pragma once
// RecordSink: where records go; a seam between the pipeline and sealing, so that tests and `portcullis
// replay` can take the records themselves. Called by the commit thread only.

#include <functional>

#include "base/result.hpp"
#include "core/capture_record.hpp"

namespace portcullis {

struct RecordSink {
    /// Durable when it returns. Errors: io, exhausted, timeout, denied, corrupt: worth another try later.
    /// closed: the sink is gone, the pipeline ends. Anything else: this record will never be taken.
    std::function<Result<void>(const CaptureRecord&)> record;
    /// Called about once a second and after each record: for what is due by time.
    std::function<Result<void>()> tick;
    /// After the last record.
    std::function<Result<void>()> finish;
    /// Whether a read may leave the device at all; empty: each may. Of one that may not nothing is built.
    std::function<bool(const Read&, ClockQuality)> wants = {};
    /// After each record that was taken: when the frame that decided on it was seen. For measuring, may be
    /// empty.
    std::function<void(BootTime decided)> durable = {};
};

}  // namespace portcullis
