#pragma once
// What an exposure report is made of, read from a collector's files; none of them is written, nothing is
// opened.

#include <filesystem>
#include <functional>

#include "audit/exposure.hpp"
#include "collector/ingest/store.hpp"
#include "config/opener_settings.hpp"

namespace portcullis {

/// Each read of the store, with its pictures. Errors: the store's.
[[nodiscard]] Result<void> for_each_passage(Store& store,
                                            const std::function<void(const StoredPassage&)>& seen);

/// What legal holds keep besides, or kept until they were released, sealed to their own keys: by the read's
/// name, ids of the keys.
struct HeldKeys {
    std::map<PassageName, std::set<std::string>> reads;
    std::map<PassageName, std::set<std::string>> pictures;

    /// The passage as it may be opened, held copies among it.
    void add_to(StoredPassage& passage) const;
};
/// Errors: as load_holds.
[[nodiscard]] Result<HeldKeys> held_keys(const OpenerSettings& settings);

struct KeyFacts {
    std::map<std::string, KeyFact> keys;
    std::vector<std::string> disbelieved;  // records of destructions: the file, and what is wrong with it
};

/// Which keys this host has and had: [recipients], the key store, and the records of destroyed epochs beside
/// it. A record counts when one of the recorders signed it, or the one in [retention]. Errors: configuration,
/// corrupt, io (name the file).
[[nodiscard]] Result<KeyFacts> key_facts(const OpenerSettings& settings,
                                         std::vector<std::filesystem::path> recorders);

/// What this account was shown within the breach, and what it took out. Errors: the audit log's.
[[nodiscard]] Result<void> add_looks(const std::filesystem::path& log, const Breach& breach,
                                     ExposureFacts& facts);
/// What the access policy in the settings lets the account see. Errors: configuration.
[[nodiscard]] Result<void> add_rights(const OpenerSettings& settings, const Breach& breach,
                                      ExposureFacts& facts);

}  // namespace portcullis
