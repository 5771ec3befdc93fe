#pragma once
// HitBook: the hits that were found, in a SQLite file of the opener's own (hits.db, mode 0600). A row holds
// its hit sealed to the recipient to whom the read was sealed: it can be read for as long as that epoch's key
// lives, and not a day longer. In the clear stands what a person said of it, and which key opens it.
// Thread-bound. Errors, where nothing else is said: the database room's.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/hotlist.hpp"
#include "database/database.hpp"

namespace portcullis {

/// The oldest go beyond it.
inline constexpr std::size_t max_booked_hits = 10'000;

/// What a person said of a hit.
struct HitRuling {
    HitState state = HitState::candidate;
    std::string who;  // the account; empty while it is a candidate
    UtcTime at{};
    bool operator==(const HitRuling&) const = default;
};

struct BookedHit {
    std::int64_t row = 0;
    std::string key_id;  // of the recipient whose key opens it
    Bytes sealed;
    HitRuling ruling;
};

class HitBook {
  public:
    /// Makes it when it is not there.
    [[nodiscard]] static Result<HitBook> open(const std::filesystem::path& path);

    /// Durable when it returns; gives the row.
    [[nodiscard]] Result<std::int64_t> add(ByteView sealed, const std::string& key_id);
    /// The same. Errors: not_found.
    [[nodiscard]] Result<void> rule(std::int64_t row, const HitRuling& ruling);
    /// Oldest first.
    [[nodiscard]] Result<std::vector<BookedHit>> rows();

  private:
    explicit HitBook(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    std::unique_ptr<Database> database_;
};

}  // namespace portcullis
