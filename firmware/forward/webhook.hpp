#pragma once
// Webhook: what another system is told of one read, in its own words. Pure functions, reentrant. Only reads
// that may be believed are told (is_told); what we do not know is left out, never invented.

#include <string>

#include "collector/link/view_exchange.hpp"
#include "config/forwarder_settings.hpp"

namespace portcullis {

/// The version of our own shape (webhook.schema.json). A field that is added does not change it.
inline constexpr int webhook_version = 1;

/// "gate-1/0123456789abcdef/17": the same for the same read, however often it is told.
[[nodiscard]] std::string delivery_id(const View& view);

/// Whether this hook is to hear of it: it is a read that may be believed, of a device of the hook's, and good
/// enough.
[[nodiscard]] bool is_told(const HookSettings& hook, const View& view);

struct WebhookBody {
    std::string content_type;
    std::string text;  // holds a plate
};
/// view: one that is_told.
[[nodiscard]] WebhookBody webhook_body(const HookSettings& hook, const View& view);

}  // namespace portcullis
