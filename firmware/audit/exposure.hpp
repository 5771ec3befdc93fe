#pragma once
// Exposure: after a breach, which passages could have been seen with one key, device, account or copy of a
// disk, and which could not, and why. It judges one passage at a time, by what is known without opening
// anything: to whom an item is sealed, which keys were destroyed when, what an account opened. In doubt a
// passage could have been seen. Values; reentrant.

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "core/ids.hpp"

namespace portcullis {

enum class BreachKind {
    key,         // a recipient's private key is known to somebody
    device,      // a device is in somebody's hands
    account,     // somebody looked in a person's name
    store_copy,  // of the collector's disk: sealed items, no key
    host_copy    // of the opener's disk as well: its key files
};

struct Breach {
    BreachKind kind = BreachKind::key;
    std::string subject;  // key id, device or account; empty for copies
    UtcTime since{};      // when it may have begun
    UtcTime until{};      // when it was over, or now
};

/// A recipient's key, as far as this host knows it.
struct KeyFact {
    bool in_token = false;             // it was made there and cannot be read out
    std::optional<UtcTime> destroyed;  // by the signed record
};

/// A read of the store and its pictures: nothing of them is opened.
struct StoredPassage {
    std::string device;
    ChainId chain;
    Seq seq = 0;
    UtcTime received{};
    std::uint64_t pictures = 0;
    std::set<std::string> read_keys;     // ids of the keys to which the read is sealed
    std::set<std::string> picture_keys;  // and its pictures, any of them
};

/// Device, chain, seq.
using PassageName = std::tuple<std::string, std::array<std::byte, 8>, Seq>;

struct ExposureFacts {
    std::map<std::string, KeyFact> keys;  // that this host has or had, by id
    /// Of an account: what the audit log says that it was shown, and what went out in its case files.
    std::set<PassageName> shown;
    std::set<PassageName> taken_out;
    /// What the access policy lets it see; nothing when none is known.
    std::optional<std::set<std::string>> devices;
};

enum class ExposureReason {
    // It could have been seen.
    sealed_to_key,
    device_saw,
    account_shown,
    account_took_out,
    key_in_copy,
    // It could not.
    sealed_to_others,
    key_destroyed_before,
    sealed_before_theft,
    other_device,
    not_opened,
    not_allowed,
    not_in_copy,
    no_key_in_copy,
    key_in_token,
    key_elsewhere
};
[[nodiscard]] bool is_exposed(ExposureReason reason);
[[nodiscard]] std::string_view to_string(ExposureReason reason);  // for programs: "sealed_to_key"
/// One sentence for a person.
[[nodiscard]] std::string_view meaning(ExposureReason reason);

struct Exposure {
    ExposureReason reason = ExposureReason::sealed_to_key;
    bool plate = false;     // what of an exposed passage: its read
    bool pictures = false;  // its pictures, which show the plate as well
};

[[nodiscard]] Exposure judge_exposure(const StoredPassage& passage, const Breach& breach,
                                      const ExposureFacts& facts);

}  // namespace portcullis
