#include "casefile/hold_maker.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/durable.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "record/canonical.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/encrypt.hpp"
#include "seal/gate.hpp"
#include "seal/signed_profile.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t told_bytes = 1024;  // what is sealed to the auditor is padded to it
constexpr std::string_view operator_role = "operator";
constexpr unsigned own = 0600;

/// The content of an envelope, by whichever key of ours it is sealed to; `key`: that one's id.
Result<Bytes> content_of(const std::vector<RecipientKey>& keys, ByteView blob, std::string& id) {
    Result<Bytes> content = fail(ErrorCode::not_found, "sealed to keys that are gone");
    for (const RecipientKey& key : keys) {
        content = open_envelope(key, blob);
        if (!content) continue;
        id = key_id(key.certificate.get());
        break;
    }
    return content;
}

}  // namespace

struct HoldMaker::Work {
    KnownRequest known;
    KnownApproval approval;
    UtcTime now{};
    std::vector<std::string> devices{};
    std::vector<X509Ptr> recipient{};  // the hold's key
    std::vector<CasePlace> places{};
    HoldList list{};
    std::uint64_t missing = 0;

    [[nodiscard]] const CaseRequest& request() const { return known.request; }
    [[nodiscard]] std::string key() const { return key_id(recipient[0].get()); }
};

Result<HoldRecord> HoldMaker::make(ByteView request, ByteView approval, UtcTime now) {
    KnownRequest known = TRY(read_case_request(request, world_.people, now));
    KnownApproval approved = TRY(read_case_approval(approval, world_.people, now));
    Work work{std::move(known), std::move(approved), now};
    if (!work.request().is_hold())
        return refuse(work, "this is a request for a case file, and holds nothing: `portcullis case make`");
    auto devices = judge_case(work.known, work.approval, world_.policy, now);
    if (!devices) return refuse(work, devices.error().message());
    work.devices = std::move(*devices);
    auto certificate = recipient_of(work.request(), now);
    if (!certificate) return refuse(work, certificate.error().message());
    work.recipient.push_back(std::move(*certificate));
    return make_known(work);
}

Result<HoldRecord> HoldMaker::make_known(Work& work) {
    const std::vector<HoldRecord> holds = TRY(load_holds(world_.holds, world_.recorder.certificate()));
    const auto made = std::ranges::find(holds, work.request().id, &HoldRecord::id);
    if (made != holds.end()) {
        TRY(enter_record(*made, work));
        return *made;
    }
    if (const auto good = check_key(work, holds); !good) return refuse(work, good.error().message());
    TRY(find(work));
    TRY(enter_reads(work));
    TRY(keep_all(work));
    if (work.list.reads.empty())
        return fail(ErrorCode::refused, "none of the {} reads can be opened any more", work.places.size());
    const HoldRecord record = TRY(this->record(work));
    TRY(enter_record(record, work));
    return record;
}

/// Each hold has a key of its own: releasing one must not end another.
Result<void> HoldMaker::check_key(const Work& work, const std::vector<HoldRecord>& others) const {
    const std::string key = work.key();
    if (std::ranges::find(others, key, &HoldRecord::key) != others.end())
        return fail(ErrorCode::refused, "the key {} is another hold's: make one for this hold", key);
    if (std::ranges::find(world_.hold_keys, key) == world_.hold_keys.end())
        return fail(
            ErrorCode::refused,
            "the holds' key store has no key {}: add it with `portcullis epoch add`, or it was released",
            key);
    if (others.size() >= max_holds)
        return fail(ErrorCode::refused, "{} holds are kept; release one", others.size());
    return {};
}

Access HoldMaker::entry(const Work& work, std::string_view what) const {
    const CaseRequest& request = work.request();
    Access access;
    access.who = to_plain_text(request.who, max_audit_word_bytes);
    access.uid = world_.uid_of(access.who);
    access.role = operator_role;
    access.purpose = to_plain_text(request.purpose, max_audit_word_bytes);
    access.case_number = to_plain_text(request.case_number, max_audit_word_bytes);
    access.what = what;
    access.chain = request.id;
    return access;
}

Failure HoldMaker::refuse(const Work& work, std::string words) {
    Access access = entry(work, holds_reads);
    access.verdict = AccessVerdict::refused;
    if (const auto entered = world_.log.append(std::span(&access, 1), work.now); !entered)
        log_error("hold", "a refusal was not entered: {}", entered.error().message());
    return fail(Error(ErrorCode::refused, std::move(words)));
}

Result<void> HoldMaker::find(Work& work) {
    bool begun = false;
    auto found = find_reads(work.request(), world_.index, work.devices, [&](std::uint64_t opened) {
        begun = true;
        return begin(work, opened);
    });
    if (!found && !begun && found.error().code() == ErrorCode::refused)
        return refuse(work, found.error().message());
    if (!found) return fail(std::move(found.error()));
    work.places = std::move(found->places);
    std::ranges::sort(work.places);
    return {};
}

Result<void> HoldMaker::begin(const Work& work, std::uint64_t opened) {
    const CaseRequest& request = work.request();
    Json told{{"hold", to_string(request.id)},
              {"approved_by", work.approval.approval.who},
              {"key", work.key()},
              {"until", to_string(request.until)},
              {"pictures", request.pictures}};
    if (request.is_search())
        told["question"] = question_json(request.question);
    else
        told["named_reads"] = request.reads.size();
    std::string text = told.dump(-1, ' ', false, Json::error_handler_t::replace);
    const Cleanse cleanse(text);
    text.resize(std::max(text.size(), told_bytes), ' ');
    std::vector<Access> entries{entry(work, holds_reads), entry(work, approves_case)};
    entries[0].count = std::max<std::uint64_t>(1, opened);
    entries[0].asked = TRY(encrypt(as_bytes(text), world_.auditor));
    entries[1].who = to_plain_text(work.approval.approval.who, max_audit_word_bytes);
    entries[1].uid = world_.uid_of(entries[1].who);
    return world_.log.append(entries, work.now);
}

Result<void> HoldMaker::enter_reads(const Work& work) {
    std::vector<Access> entries;
    for (const CasePlace& place : work.places) {
        Access& one = entries.emplace_back(entry(work, keeps_read));
        one.device = place.device;
        one.chain = place.chain;
        one.seq = place.seq;
    }
    return world_.log.append(entries, work.now);
}

Result<void> HoldMaker::keep_all(Work& work) {
    const fs::path folder = hold_folder(world_.holds, work.request().id);
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) return fail(ErrorCode::io, "{}: {}", folder.string(), problem.message());
    TRY(sync_folder(world_.holds));
    work.list = {work.request().id, {}};
    work.missing = 0;
    for (const CasePlace& place : work.places)
        TRY(with_context(keep(work, place), to_string(place)));
    return {};
}

Result<void> HoldMaker::keep(Work& work, const CasePlace& place) {
    const auto sealed = TRY(world_.source(place, work.request().pictures));
    const OpenedRead read = sealed ? world_.opener.open_read(sealed->blob, sealed->received) : OpenedRead();
    const Verdict verdict = place_verdict(read, {place.device, place.chain, place.seq, std::nullopt});
    if (!sealed || verdict.authenticity != Authenticity::authentic || !is_believed(verdict.key_trust)) {
        ++work.missing;
        return {};
    }
    HeldRead held{place, sealed->received, sealed->clock, {}};
    const std::size_t number = work.list.reads.size();
    TRY(keep_part(work, held, number, place.seq, sealed->blob));
    for (const auto& [seq, blob] : sealed->pictures) {
        const MatchedMedia media = match_media(world_.opener.open_media(blob), *read.payload, seq);
        if (media.authenticity != Authenticity::authentic || held.parts.size() == max_held_parts) continue;
        TRY(keep_part(work, held, number, seq, blob));
    }
    work.list.reads.push_back(std::move(held));
    return {};
}

/// What its device signed stays as it is: only the envelope is another.
Result<void> HoldMaker::keep_part(const Work& work, HeldRead& held, std::size_t number, Seq seq,
                                  ByteView blob) const {
    const GatedEnvelope gated = TRY(gate(blob));
    HeldPart part;
    part.seq = seq;
    part.recipients = TRY(recipients_digest(gated.recipients));
    Bytes content = TRY(content_of(world_.keys, blob, part.key));
    const Cleanse cleanse(content);
    const Bytes sealed = TRY(encrypt(content, work.recipient));
    part.digest = sha256(sealed);
    const fs::path folder = hold_folder(world_.holds, work.request().id);
    TRY(write_file_atomically(hold_part(folder, number, held.parts.size()), sealed, own));
    held.parts.push_back(part);
    return {};
}

Result<HoldRecord> HoldMaker::record(const Work& work) {
    const CaseRequest& request = work.request();
    const fs::path folder = hold_folder(world_.holds, request.id);
    const std::string list = TRY(encode_hold_list(work.list));
    TRY(write_file_atomically(folder / hold_list_name, as_bytes(list), own));
    const HoldRecord record{request.id,
                            request.fleet,
                            request.who,
                            work.approval.approval.who,
                            request.purpose,
                            request.case_number,
                            request.until,
                            work.key(),
                            work.list.reads.size(),
                            work.missing,
                            sha256(as_bytes(list)),
                            work.now};
    const std::string json = TRY(encode_hold(record));
    const Bytes blob = TRY(sign_statement(world_.recorder, json));
    TRY(write_file_atomically(folder / hold_record_name, blob, own));
    return record;
}

/// Once, whichever try gets so far.
Result<void> HoldMaker::enter_record(const HoldRecord& record, const Work& work) {
    const fs::path file = hold_folder(world_.holds, record.id) / hold_record_name;
    const Bytes blob = TRY(read_file(file, max_signed_bytes));
    Access access = entry(work, records_hold);
    access.case_number = to_hex(sha256(blob));
    access.count = record.reads;
    if (TRY(world_.log.has(records_hold, access.case_number))) return {};
    return world_.log.append(std::span(&access, 1), work.now);
}

}  // namespace portcullis
