#include "apps/opener/reload.hpp"

#include "base/log.hpp"

namespace portcullis {

namespace {

void reload_keys(OpenerKeys& keys, OpenerServer& server) {
    auto opener = keys.open();
    if (opener) return server.replace_keys(std::move(*opener));
    log_error("opener", "{}; going on with the old keys", opener.error().message());
    const auto destroyed = keys.destroyed();
    if (!destroyed)
        return log_error("opener", "{}; which are destroyed is not known", destroyed.error().message());
    const std::size_t forgotten = server.forget_keys(*destroyed);
    if (forgotten > 0) log_warning("opener", "destroyed keys are forgotten all the same keys={}", forgotten);
}

void reload_auditor(const OpenerSettings& settings, OpenerServer& server) {
    if (settings.search.auditor.empty()) return;
    auto desk = SearchDesk::create(settings.search.auditor);
    if (desk) return server.replace_search(std::move(*desk));
    log_error("opener", "search.auditor: {}; going on with the old one", desk.error().message());
}

}  // namespace

void reload(const OpenerSettings& settings, OpenerKeys& keys, OpenerServer& server) {
    reload_keys(keys, server);
    reload_auditor(settings, server);
    server.reload_policy();
    server.reload_hotlist();
    log_info("opener", "keys, certificates and access policy were looked at again");
}

}  // namespace portcullis
