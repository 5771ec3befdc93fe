#pragma once
// Notes: what ingest has to know after a restart, by name. Thread-bound, like the Database that it borrows.

#include <optional>
#include <string_view>

#include "database/database.hpp"

namespace portcullis {

class NoteTable {
  public:
    explicit NoteTable(Database& database) : database_(&database) {}
    [[nodiscard]] Result<std::optional<Bytes>> find(std::string_view name);
    [[nodiscard]] Result<void> set(std::string_view name, ByteView value);

  private:
    Database* database_;
};

}  // namespace portcullis
