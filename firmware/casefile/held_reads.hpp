#pragma once
// The legal holds of a host: a folder with one folder a hold, named by its id.
//   hold.cms     the signed record; list.json     which reads (hold_record.hpp)
//   N.P.cms      of the N-th read the P-th part, sealed to the hold's key: a copy of it is harmless
// A hold without its record is not there yet. Thread-bound.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "casefile/case_maker.hpp"
#include "casefile/hold_record.hpp"
#include "seal/key_store.hpp"

namespace portcullis {

inline constexpr std::size_t max_holds = max_stored_keys;

[[nodiscard]] std::filesystem::path hold_folder(const std::filesystem::path& holds, const ChainId& id);
[[nodiscard]] std::filesystem::path hold_part(const std::filesystem::path& hold, std::size_t read,
                                              std::size_t part);
inline constexpr auto hold_record_name = "hold.cms";
inline constexpr auto hold_list_name = "list.json";
/// Of the folder of a hold that was released: its record and list stay, what it kept does not.
inline constexpr auto released_ending = ".released";

/// The records in the folder, by their ids; a folder that is not there has none. recorder: who signs them.
/// Errors: refused, corrupt (one that is not as it was signed: names it), exhausted, io.
[[nodiscard]] Result<std::vector<HoldRecord>> load_holds(const std::filesystem::path& holds, X509* recorder);
/// Of those that were released; as many as there are. Errors: as load_holds.
[[nodiscard]] Result<std::vector<HoldRecord>> load_released(const std::filesystem::path& holds,
                                                            X509* recorder);

/// Which reads it keeps, or kept. Errors: corrupt (not the list that was signed), refused, io.
[[nodiscard]] Result<HoldList> load_hold_list(const std::filesystem::path& holds, const HoldRecord& record);

/// The holds that keep something that was sealed to one of these keys (their ids), ascending; also one whose
/// list cannot be read, for it may. Errors: as load_holds.
[[nodiscard]] Result<std::vector<ChainId>> holds_that_keep(const std::filesystem::path& holds, X509* recorder,
                                                           std::span<const std::string> keys);

/// The reads of those holds that one case may use.
class HeldReads {
  public:
    /// Of the holds of this case and purpose whose last day is not over; key_of gives the key of one, and
    /// nothing when it is gone. Errors: as load_holds, key_of's.
    using KeyOf = std::function<Result<std::optional<RecipientKey>>(const std::string& key_id)>;
    [[nodiscard]] static Result<HeldReads> of_case(const std::filesystem::path& holds, X509* recorder,
                                                   const std::string& case_number, const std::string& purpose,
                                                   const KeyOf& key_of, UtcTime now);

    /// Opened; the caller cleanses it. Nothing when no hold keeps this read. Errors: corrupt (a file that is
    /// not the list's), io.
    [[nodiscard]] Result<std::optional<SealedRead>> find(const CasePlace& place, bool pictures) const;
    [[nodiscard]] std::size_t size() const { return reads_.size(); }

  private:
    struct Kept {
        std::filesystem::path folder;
        std::size_t number = 0;
        HeldRead read;
        std::size_t key = 0;
    };
    [[nodiscard]] Result<Bytes> open_part(const Kept& kept, std::size_t part) const;

    std::vector<RecipientKey> keys_;
    std::map<CasePlace, Kept> reads_;
};

}  // namespace portcullis
