#pragma once
// Opens the collector's store, wherever the settings say that it is.

#include <stop_token>

#include "base/clock.hpp"
#include "collector/ingest/store.hpp"
#include "collector/ingest/store_copy.hpp"
#include "config/collector_settings.hpp"

namespace portcullis {

/// For the collector: made when it is not there. A server that is away is awaited for a minute. The clock
/// outlives it.
[[nodiscard]] Result<Store> open_store(const CollectorSettings::StoreSection& settings, const Clock& clock,
                                       const std::stop_token& stop);

/// In a PostgreSQL database that `owner` owns: makes the tables, or finds them made, and sets the rights of
/// the collector's role and of who only reads. As by itself at the server's socket: no password, no
/// certificate. Errors: configuration (a file; the collector's role owns what it should not), those of the
/// server.
[[nodiscard]] Result<void> make_store(const CollectorSettings::StoreSection& settings,
                                      const std::string& owner, const std::vector<std::string>& readers);

/// Carries a store's file, which no collector writes to, into a PostgreSQL database that make_store has made
/// and nobody has used; all of it, or nothing. As `owner`, like make_store.
[[nodiscard]] Result<std::vector<CopiedTable>> move_store(const std::filesystem::path& from,
                                                          const CollectorSettings::StoreSection& settings,
                                                          const std::string& owner);

/// What --help says of look_at_store's place.
inline constexpr auto store_option_text =
    "the collector's store: a SQLite file, or the collector's settings (*.toml) that say where it is";

/// For who only looks. place: a SQLite file, or the settings of a collector (*.toml), which say where its
/// store is. Who has no network (wall/wall.hpp) reaches a server by its socket alone.
[[nodiscard]] Result<Store> look_at_store(const std::filesystem::path& place);

}  // namespace portcullis
