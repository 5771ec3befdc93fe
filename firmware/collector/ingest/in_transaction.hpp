#pragma once
// InTransaction: what a table knows of its rows while one transaction lasts, so that it need not ask again.
// Outside of a transaction, and at the beginning of each, it knows nothing: others write too, and what was
// rolled back never was. Thread-bound, like the connection.

#include "ports/sql.hpp"

namespace portcullis {

template <class Knowledge>
class InTransaction {
  public:
    /// Nothing outside of a transaction.
    [[nodiscard]] Knowledge* of(const SqlConnection& database) {
        if (database.transaction() == 0) return nullptr;
        if (database.transaction() != transaction_) knowledge_ = {};
        transaction_ = database.transaction();
        return &knowledge_;
    }

  private:
    Knowledge knowledge_{};
    std::uint64_t transaction_ = 0;
};

}  // namespace portcullis
