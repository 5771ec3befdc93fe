#include "apps/portcullis/destruction_check.hpp"

#include <algorithm>

#include "apps/portcullis/record_signers.hpp"
#include "base/file.hpp"
#include "seal/key_store.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

bool fits(const Access& access, const Destruction& said) {
    return access.device == to_string(said.epoch) && access.count == said.keys.size() &&
           access.seq == (said.schedule ? said.schedule->version : 0);
}

}  // namespace

Result<DestructionCheck> DestructionCheck::create(const fs::path& store,
                                                  const std::vector<fs::path>& signers) {
    const RecordSigners known = TRY(RecordSigners::create(signers));
    std::error_code ignored;
    const fs::path folder = store.has_parent_path() ? store.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, ignored))
        return fail(ErrorCode::configuration, "--destroyed {}: there is no such folder", store.string());
    DestructionCheck check;
    for (const fs::path& file : records_of(store)) {
        const Bytes blob = TRY(read_file(file, max_signed_bytes));
        const auto said = known.read(blob);
        if (said)
            check.records_[to_hex(sha256(blob))] = {file.filename().string(), *said};
        else
            check.doubts_.push_back(
                fmt::format("forged record {}: {}", file.filename().string(), said.error().message()));
    }
    return check;
}

void DestructionCheck::take(const AuditEntry& entry) {
    const Access& access = entry.access;
    if (access.what != destroys_keys || access.verdict != AccessVerdict::granted) return;
    const auto place = records_.find(access.case_number);
    if (place == records_.end()) {
        doubts_.push_back(fmt::format("missing record of entry {}: keys of the epoch {}, destroyed {}",
                                      entry.number, access.device, to_iso8601(entry.time)));
        return;
    }
    place->second.entered = true;
    if (!fits(access, place->second.said))
        doubts_.push_back(
            fmt::format("entry {} says another thing than its record {}", entry.number, place->second.file));
}

std::vector<std::string> DestructionCheck::destroyed() const {
    std::vector<std::string> lines;
    for (const auto& [digest, record] : records_) {
        const Destruction& said = record.said;
        std::string line =
            fmt::format("epoch {}: {} keys destroyed {}, {}", to_string(said.epoch), said.keys.size(),
                        to_iso8601(said.time),
                        said.schedule ? fmt::format("by the schedule version {}", said.schedule->version)
                                      : std::string("by hand"));
        for (std::size_t i = 0; i < said.holds.size(); ++i)
            line += fmt::format("{} {}", i == 0 ? "; kept by the holds" : ",", to_string(said.holds[i]));
        lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
}

std::vector<std::string> DestructionCheck::doubts() const {
    std::vector<std::string> all = doubts_;
    for (const auto& [digest, record] : records_)
        if (!record.entered && record.said.schedule)
            all.push_back(fmt::format("{} stands in no entry of the log", record.file));
    return all;
}

}  // namespace portcullis
