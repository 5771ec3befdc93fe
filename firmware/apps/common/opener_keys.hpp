#pragma once
// The recipients' keys and the trust in devices that the opener's settings name: for the opener, and for the
// tool that makes its index anew. Thread-bound.

#include <memory>
#include <string>
#include <vector>

#include "apps/common/recipient_token.hpp"
#include "base/file_stamp.hpp"
#include "config/opener_settings.hpp"
#include "seal/opener.hpp"

namespace portcullis {

class OpenerKeys {
  public:
    /// settings: outlives this. Nothing is opened yet. Errors: configuration.
    [[nodiscard]] static Result<OpenerKeys> create(const OpenerSettings& settings);

    /// All of them, out of the key store and the files. Errors: configuration, corrupt, io.
    [[nodiscard]] Result<std::vector<RecipientKey>> load();
    /// All of them; none at all is told in the log, and nothing opens. This outlives what is given. Errors:
    /// configuration, corrupt, io.
    [[nodiscard]] Result<EnvelopeOpener> open();
    /// The key store's file is another one than when open() last looked at it.
    [[nodiscard]] bool changed() const;
    /// Ids of keys that the last open() found in the key store and that stand in it no more. Errors: as the
    /// key store's.
    [[nodiscard]] Result<std::vector<std::string>> destroyed() const;

  private:
    explicit OpenerKeys(const OpenerSettings& settings) : settings_(&settings) {}

    const OpenerSettings* settings_;
    std::unique_ptr<RecipientToken> token_;
    std::vector<std::string> loaded_;  // ids out of the key store, by the last load()
    std::vector<std::string> stored_;  // the same, by the last open() that succeeded
    FileStamp looked_at_;
};

}  // namespace portcullis
