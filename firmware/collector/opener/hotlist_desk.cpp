#include "collector/opener/hotlist_desk.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/file.hpp"
#include "base/log.hpp"
#include "collector/link/accounts.hpp"
#include "record/canonical.hpp"
#include "record/hotlist_codec.hpp"
#include "seal/encrypt.hpp"

namespace portcullis {

namespace {

HotlistHit hit_of(const View& view, const IndexedPassage& passage, const HotlistMatch& match,
                  std::uint64_t version) {
    HotlistHit hit;
    hit.device = view.device;
    hit.chain = view.chain;
    hit.seq = view.seq;
    hit.captured = passage.captured;
    hit.lane = view.lane;
    hit.direction = view.direction;
    hit.text = view.text;
    hit.confidence = view.confidence;
    hit.jurisdiction = view.jurisdiction.code;
    hit.jurisdiction_confidence = view.jurisdiction.confidence;
    hit.distance = match.distance;
    for (const ViewMedia& media : view.media)
        hit.pictures.push_back({media.role, media.seq});
    hit.version = version;
    hit.entry = *match.entry;
    hit.entry.sites.clear();
    hit.entry.until = {};
    return hit;
}

IsOfSite sites_of(const AccessPolicy& policy, const std::string& device) {
    return [&policy, &device](std::string_view name) {
        const auto site = std::ranges::find(policy.sites, name, &AccessSite::name);
        return site != policy.sites.end() && std::ranges::binary_search(site->devices, device);
    };
}

/// Sealed, all hits have one length.
Result<std::string> padded_text(const HotlistHit& hit) {
    std::string text = TRY(encode_hit(hit));
    text.reserve(max_hit_bytes);
    text.resize(max_hit_bytes, ' ');
    return text;
}

Result<HotlistHit> hit_from(std::string_view padded) {
    return parse_hit(padded.substr(0, padded.find_last_not_of(' ') + 1));
}

/// An entry about the list: by what it is known, and who vouches for it.
Access about_list(const Digest& digest) {
    Access access;
    access.uid = ::geteuid();
    access.what = adopts_hotlist;
    access.purpose = "hotlist";
    access.case_number = to_hex(digest);
    return access;
}

Access about_hit(const Admission& admission, const HotlistHit& hit, std::string_view what) {
    Access access = admission.access;
    access.what = what;
    access.device = hit.device;
    access.chain = hit.chain;
    access.seq = hit.seq;
    return access;
}

}  // namespace

Result<HotlistDesk> HotlistDesk::create(HotlistFiles files) {
    HotlistGate gate = TRY(with_context(HotlistGate::create(files.rules), "[hotlist]"));
    HitBook book = TRY(with_context(HitBook::open(files.hits), "hotlist.hits"));
    return HotlistDesk(std::move(files), std::move(gate), std::move(book));
}

HotlistDesk::Name HotlistDesk::name_of(const HotlistHit& hit) {
    return {hit.device, hit.chain.bytes, hit.seq, hit.entry.case_number};
}

/// As many as the book keeps; the oldest goes first.
void HotlistDesk::keep(Known known) {
    Name name = name_of(known.hit);
    hits_.insert_or_assign(std::move(name), std::move(known));
    if (hits_.size() <= max_booked_hits) return;
    hits_.erase(
        std::ranges::min_element(hits_, {}, [](const auto& entry) { return entry.second.hit.captured; }));
}

void HotlistDesk::take_in(const BookedHit& booked, const EnvelopeOpener& opener) {
    if (!opener.certificate_of(booked.key_id)) {
        ++counters_.sealed;
        return;
    }
    auto text = opener.open_bytes(booked.sealed);
    if (!text) {
        ++counters_.damaged;
        return;
    }
    const Cleanse cleanse(*text);
    auto hit = hit_from(as_text(*text));
    if (!hit) {
        ++counters_.damaged;
        return;
    }
    keep({std::move(*hit), booked.ruling, booked.row, booked.key_id});
}

Result<void> HotlistDesk::use_keys(const EnvelopeOpener& opener) {
    std::erase_if(hits_,
                  [&opener](const auto& entry) { return !opener.certificate_of(entry.second.key_id); });
    std::set<std::int64_t> known;
    for (const auto& [name, one] : hits_)
        known.insert(one.row);
    counters_.damaged = 0;
    counters_.sealed = 0;
    const std::vector<BookedHit> booked = TRY(book_.rows());
    for (const BookedHit& one : booked)
        if (!known.contains(one.row)) take_in(one, opener);
    if (counters_.damaged > 0)
        log_error("opener", "hotlist: {} hits that were kept cannot be read: somebody changed {}",
                  counters_.damaged, files_.hits.string());
    return {};
}

Result<KnownHotlist> HotlistDesk::read_list(const EnvelopeOpener& opener, AccessDesk& desk) const {
    const Bytes sealed = TRY(read_file(files_.list, max_hotlist_bytes));
    const std::optional<AdoptedPolicy> newest = TRY(desk.newest(adopts_hotlist));
    std::optional<SignedVersion> in_use;
    if (newest) in_use = {newest->version, newest->digest};
    auto known = gate_.open(
        sealed, [&opener](ByteView blob) { return opener.open_bytes(blob); }, in_use);
    if (known) return known;
    Access access = about_list(sha256(sealed));
    access.who = to_plain_text(user_name(::geteuid()), max_audit_word_bytes);
    access.role = "none";
    access.verdict = AccessVerdict::refused;
    TRY(desk.enter(std::span(&access, 1)));
    return fail(known.error().code(), "{}: {}", files_.list.string(), known.error().message());
}

Result<void> HotlistDesk::reload(const EnvelopeOpener& opener, AccessDesk& desk) {
    KnownHotlist known = TRY(read_list(opener, desk));
    if (known.digest == in_force_) return {};
    const std::optional<AdoptedPolicy> newest = TRY(desk.newest(adopts_hotlist));
    if (!newest || newest->digest != known.digest) {
        Access access = about_list(known.digest);
        access.who = to_plain_text(known.signer.empty() ? "policy key" : known.signer, max_audit_word_bytes);
        access.role = "policy key";
        access.seq = known.list.version;
        TRY(desk.enter(std::span(&access, 1)));
    }
    log_info("opener", "hotlist: version={} entries={} signer=\"{}\"", known.list.version,
             known.list.entries.size(), known.signer);
    in_force_ = known.digest;
    matcher_ = HotlistMatcher(std::move(known.list));
    return {};
}

Result<std::int64_t> HotlistDesk::book(const HotlistHit& hit, const std::string& key_id,
                                       const EnvelopeOpener& opener) {
    std::string text = TRY(padded_text(hit));
    const Cleanse cleanse(text);
    std::vector<X509Ptr> recipient;
    recipient.push_back(opener.certificate_of(key_id));
    if (!recipient[0]) return fail(ErrorCode::not_found, "its read's key is gone");
    const Bytes sealed = TRY(encrypt(as_bytes(text), recipient));
    return book_.add(sealed, key_id);
}

void HotlistDesk::match(const Judgement& judgement, const EnvelopeOpener& opener,
                        const AccessPolicy& policy) {
    if (!judgement.passage || !judgement.view || judgement.view->text.empty()) return;
    const IndexedPassage& passage = *judgement.passage;
    for (const HotlistMatch& match :
         matcher_.match(judgement.view->text, passage.captured, sites_of(policy, passage.device))) {
        Known known;
        known.hit = hit_of(*judgement.view, passage, match, matcher_.version());
        if (hits_.contains(name_of(known.hit))) continue;
        ++counters_.hits;
        known.key_id = judgement.recipient;
        const auto row = book(known.hit, known.key_id, opener);
        if (!row) ++counters_.unbooked;
        // Told when it begins and when it ends, and never which read it was: the journal is no hotlist.
        if (!row && !failing_) log_error("opener", "hotlist: a hit is not kept: {}", row.error().message());
        failing_ = !row;
        known.row = row.value_or(0);
        keep(std::move(known));
    }
}

HotlistAnswer HotlistDesk::frame(UtcTime now) const {
    HotlistAnswer answer;
    answer.version = matcher_.version();
    answer.wanted = matcher_.in_force(now);
    answer.unbooked = counters_.unbooked;
    answer.damaged = counters_.damaged;
    return answer;
}

Result<HotlistAnswer> HotlistDesk::answer(const HotlistRequest& request, const Admission& admission,
                                          AccessDesk& desk, UtcTime now) {
    return request.act == HotlistAct::show ? show(request, admission, desk, now)
                                           : rule(request, admission, desk, now);
}

Result<HotlistAnswer> HotlistDesk::show(const HotlistRequest& request, const Admission& admission,
                                        AccessDesk& desk, UtcTime now) {
    std::vector<const Known*> his;
    for (const auto& [name, known] : hits_) {
        const bool wanted = (!request.since || known.hit.captured >= *request.since) &&
                            (!request.state || known.ruling.state == *request.state);
        if (wanted && admission.sees(known.hit.device) && known.hit.entry.purpose == admission.access.purpose)
            his.push_back(&known);
    }
    std::ranges::stable_sort(his, std::greater<>(), [](const Known* known) { return known->hit.captured; });
    HotlistAnswer answer = frame(now);
    answer.matched = his.size();
    his.resize(std::min(his.size(), max_told_hits));
    std::vector<Access> shown;
    for (const Known* known : his) {
        shown.push_back(about_hit(admission, known->hit, shows_hit));
        answer.hits.push_back({known->hit, known->ruling.state, known->ruling.who, known->ruling.at});
    }
    TRY(desk.allow(shown));
    TRY(desk.enter(shown));
    return answer;
}

Result<HotlistAnswer> HotlistDesk::rule(const HotlistRequest& request, const Admission& admission,
                                        AccessDesk& desk, UtcTime now) {
    const auto place =
        hits_.find({request.device, request.chain.bytes, request.seq, admission.access.case_number});
    if (place == hits_.end() || !admission.sees(request.device) ||
        place->second.hit.entry.purpose != admission.access.purpose)
        return fail(ErrorCode::refused,
                    "no hit of yours has this place and this case: --case must be the case of its entry "
                    "(`portcullis hotlist hits` tells it), --purpose its purpose");
    Known& known = place->second;
    HitRuling ruling;
    ruling.state = request.act == HotlistAct::confirm ? HitState::confirmed : HitState::rejected;
    if (known.ruling.state == ruling.state)
        return fail(ErrorCode::refused, "'{}' has said so already", known.ruling.who);
    ruling.who = admission.access.who;
    ruling.at = now;
    const Access said =
        about_hit(admission, known.hit, ruling.state == HitState::confirmed ? confirms_hit : rejects_hit);
    const Access shown = about_hit(admission, known.hit, shows_hit);
    TRY(desk.allow(std::span(&shown, 1)));
    TRY(desk.enter(std::array{said, shown}));
    if (known.row > 0) TRY(book_.rule(known.row, ruling));
    known.ruling = ruling;
    HotlistAnswer answer = frame(now);
    answer.matched = 1;
    answer.hits.push_back({known.hit, ruling.state, ruling.who, ruling.at});
    return answer;
}

}  // namespace portcullis
