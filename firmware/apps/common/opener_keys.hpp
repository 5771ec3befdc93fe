#pragma once
// The recipients' keys and the trust in devices that the opener's settings name: for the opener, and for the
// tool that makes its index anew.

#include <optional>

#include "apps/common/recipient_token.hpp"
#include "config/opener_settings.hpp"
#include "seal/opener.hpp"

namespace portcullis {

/// Nothing when the settings name none. Errors: configuration.
[[nodiscard]] Result<std::optional<RecipientToken>> recipient_token(const OpenerSettings& settings);

/// token: outlives the opener that is made. Errors: configuration, corrupt, io.
[[nodiscard]] Result<EnvelopeOpener> open_keys(const OpenerSettings& settings,
                                               std::optional<RecipientToken>& token);

}  // namespace portcullis
