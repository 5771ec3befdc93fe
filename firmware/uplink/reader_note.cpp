#include "uplink/reader_note.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

namespace portcullis {

std::optional<HealthReport> ReaderNote::look() {
    if (file_.empty()) return std::nullopt;
    const FileStamp stamp = stamp_of(file_);
    if (seen_ != stamp) {
        seen_ = stamp;
        take();
    }
    const BootTime now = clock_->since_boot();
    // One from the future is of another boot.
    if (!note_ || note_->made > now || now - note_->made > note_lasts) return std::nullopt;
    return note_->report;
}

void ReaderNote::take() {
    note_.reset();
    const auto text = read_text_file(file_, max_health_bytes);
    auto note = text ? parse_note(*text) : Result<HealthNote>(fail(Error(text.error())));
    if (note) {
        note_ = std::move(*note);
        told_.clear();
        return;
    }
    if (note.error().code() == ErrorCode::not_found || told_ == note.error().message()) return;
    told_ = note.error().message();
    log_error(
        "uplink",
        "the reader's note of its health is not passed on: file={} why=\"{}\" cure=\"reader and uplink must "
        "be of one version, and [status] of both name one file\"",
        file_.string(), told_);
}

}  // namespace portcullis
