#include "seal/deny_list.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "core/ids.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

/// Without its comment and the blanks around it.
std::string entry_of(std::string line) {
    line.erase(std::min(line.find('#'), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    return line;
}

/// Services bear names that no device may have, and can be denied all the same.
bool is_name(std::string_view entry) {
    return entry.size() <= max_device_name_bytes &&
           entry.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

Result<DenyList> DenyList::load(const std::filesystem::path& path) {
    Result<std::string> text = read_text_file(path, max_deny_list_bytes);
    if (!text)
        return fail(ErrorCode::configuration, "deny list: {}; an empty file denies nobody",
                    text.error().message());
    DenyList list;
    std::size_t line_number = 0;
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t end = std::min(text->find('\n', at), text->size());
        const std::string entry = entry_of(text->substr(at, end - at));
        at = end + 1;
        ++line_number;
        if (entry.empty()) continue;
        const Result<Bytes> id = from_hex(entry);
        if (id && id->size() == key_id_bytes)
            list.keys_.insert(to_hex(*id));
        else if (is_name(entry))
            list.names_.insert(entry);
        else
            return fail(
                ErrorCode::configuration,
                "deny list {}:{}: neither a key id of {} hex digits nor a name (1 to {} of a-z, 0-9, '-')",
                path.string(), line_number, 2 * key_id_bytes, max_device_name_bytes);
    }
    return list;
}

}  // namespace portcullis
