#pragma once
// Notes: what ingest has to know after a restart, by name. Thread-bound, like the connection that it borrows.

#include <optional>
#include <string_view>

#include "ports/sql.hpp"

namespace portcullis {

class NoteTable {
  public:
    explicit NoteTable(SqlConnection& database) : database_(&database) {}
    [[nodiscard]] Result<std::optional<Bytes>> find(std::string_view name);
    [[nodiscard]] Result<void> set(std::string_view name, ByteView value);

  private:
    SqlConnection* database_;
};

}  // namespace portcullis
