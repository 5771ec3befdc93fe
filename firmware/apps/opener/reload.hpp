#pragma once
// What SIGHUP reads again.

#include "apps/common/opener_keys.hpp"
#include "collector/opener/opener_server.hpp"

namespace portcullis {

/// Keys, trust in devices, the auditor, the access policy and the hotlist. What cannot be read is told and
/// stays as it was, but for keys that were destroyed: those go at once, whatever else is wrong. Thread: the
/// server's.
void reload(const OpenerSettings& settings, OpenerKeys& keys, OpenerServer& server);

}  // namespace portcullis
