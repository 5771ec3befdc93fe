#include "collector/ingest/note_table.hpp"

namespace portcullis {

Result<std::optional<Bytes>> NoteTable::find(std::string_view name) {
    auto row = TRY(database_->prepare("SELECT value FROM note WHERE name = ?"));
    TRY(row.bind(name));
    if (!TRY(row.step())) return std::optional<Bytes>();
    const ByteView value = row.blob(0);
    return std::optional<Bytes>(Bytes(value.begin(), value.end()));
}

Result<void> NoteTable::set(std::string_view name, ByteView value) {
    auto row = TRY(database_->prepare(
        "INSERT INTO note(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"));
    return row.run(name, value);
}

}  // namespace portcullis
