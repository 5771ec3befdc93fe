#include "casefile/held_reads.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "core/access_policy.hpp"
#include "core/sealed_item.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace fs = std::filesystem;

fs::path hold_folder(const fs::path& holds, const ChainId& id) {
    return holds / to_string(id);
}

fs::path hold_part(const fs::path& hold, std::size_t read, std::size_t part) {
    return hold / fmt::format("{}.{}.cms", read, part);
}

namespace {

/// The folders of holds that are kept, or of those that were released.
Result<std::vector<fs::path>> folders_of(const fs::path& holds, bool released) {
    std::vector<fs::path> folders;
    std::error_code problem;
    fs::directory_iterator next(holds, problem);
    for (; !problem && next != fs::directory_iterator(); next.increment(problem)) {
        std::error_code ignored;
        if ((next->path().extension() == released_ending) == released &&
            fs::exists(next->path() / hold_record_name, ignored))
            folders.push_back(next->path());
    }
    if (problem && problem != std::errc::no_such_file_or_directory)
        return fail(ErrorCode::io, "{}: {}", holds.string(), problem.message());
    std::ranges::sort(folders);
    return folders;
}

Result<std::vector<HoldRecord>> records_in(const std::vector<fs::path>& folders, X509* recorder) {
    std::vector<HoldRecord> records;
    for (const fs::path& folder : folders) {
        const fs::path file = folder / hold_record_name;
        const Bytes blob = TRY(read_file(file, max_signed_bytes));
        const std::string json = TRY(with_context(verify_own_statement(blob, recorder), file.string()));
        HoldRecord record = TRY(with_context(parse_hold(json), file.string()));
        if (to_string(record.id) != folder.stem().string())
            return fail(ErrorCode::refused, "{}: is the record of another hold", file.string());
        records.push_back(std::move(record));
    }
    return records;
}

}  // namespace

Result<std::vector<HoldRecord>> load_holds(const fs::path& holds, X509* recorder) {
    const std::vector<fs::path> folders = TRY(folders_of(holds, false));
    if (folders.size() > max_holds)
        return fail(ErrorCode::exhausted, "{}: more than {} holds", holds.string(), max_holds);
    return records_in(folders, recorder);
}

Result<std::vector<HoldRecord>> load_released(const fs::path& holds, X509* recorder) {
    return records_in(TRY(folders_of(holds, true)), recorder);
}

Result<HoldList> load_hold_list(const fs::path& holds, const HoldRecord& record) {
    fs::path folder = hold_folder(holds, record.id);
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) folder += released_ending;
    const fs::path file = folder / hold_list_name;
    const Bytes text = TRY(read_file(file, max_hold_list_bytes));
    if (sha256(text) != record.list)
        return fail(ErrorCode::corrupt, "{}: is not the list that was signed", file.string());
    return with_context(parse_hold_list(as_text(text)), file.string());
}

Result<std::vector<ChainId>> holds_that_keep(const fs::path& holds, X509* recorder,
                                             std::span<const std::string> keys) {
    const auto was_sealed_to = [keys](const HeldPart& part) {
        return std::ranges::find(keys, part.key) != keys.end();
    };
    std::vector<ChainId> ids;
    for (const HoldRecord& record : TRY(load_holds(holds, recorder))) {
        const auto list = load_hold_list(holds, record);
        const auto keeps = [&was_sealed_to](const HeldRead& read) {
            return std::ranges::any_of(read.parts, was_sealed_to);
        };
        if (!list || std::ranges::any_of(list->reads, keeps)) ids.push_back(record.id);
    }
    return ids;
}

Result<HeldReads> HeldReads::of_case(const fs::path& holds, X509* recorder, const std::string& case_number,
                                     const std::string& purpose, const KeyOf& key_of, UtcTime now) {
    HeldReads held;
    for (const HoldRecord& record : TRY(load_holds(holds, recorder))) {
        if (record.case_number != case_number || record.purpose != purpose || now >= end_of(record.until))
            continue;
        auto key = TRY(key_of(record.key));
        if (!key) continue;
        const fs::path folder = hold_folder(holds, record.id);
        const HoldList list = TRY(load_hold_list(holds, record));
        for (std::size_t i = 0; i < list.reads.size(); ++i)
            held.reads_.try_emplace(list.reads[i].place, Kept{folder, i, list.reads[i], held.keys_.size()});
        held.keys_.push_back(std::move(*key));
    }
    return held;
}

Result<Bytes> HeldReads::open_part(const Kept& kept, std::size_t part) const {
    const fs::path file = hold_part(kept.folder, kept.number, part);
    const Bytes blob = TRY(read_file(file, max_blob_bytes));
    if (sha256(blob) != kept.read.parts[part].digest)
        return fail(ErrorCode::corrupt, "{}: is not what was put there", file.string());
    return with_context(open_envelope(keys_[kept.key], blob), file.string());
}

Result<std::optional<SealedRead>> HeldReads::find(const CasePlace& place, bool pictures) const {
    const auto found = reads_.find(place);
    if (found == reads_.end()) return std::optional<SealedRead>();
    const Kept& kept = found->second;
    SealedRead opened;
    opened.received = kept.read.received;
    opened.clock = kept.read.clock;
    opened.blob = TRY(open_part(kept, 0));
    opened.opened_from.push_back(kept.read.parts[0].recipients);
    for (std::size_t part = 1; pictures && part < kept.read.parts.size(); ++part) {
        opened.pictures.emplace_back(kept.read.parts[part].seq, TRY(open_part(kept, part)));
        opened.opened_from.push_back(kept.read.parts[part].recipients);
    }
    return std::optional(std::move(opened));
}

}  // namespace portcullis
