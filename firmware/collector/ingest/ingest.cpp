#include "collector/ingest/ingest.hpp"

#include <algorithm>
#include <functional>

#include "base/log.hpp"
#include "collector/ingest/device_statement.hpp"
#include "seal/gate.hpp"
#include "seal/signed_profile.hpp"

namespace portcullis {

namespace {

/// A transaction judges no more statements; the rest follows with the next turn.
constexpr std::size_t statements_per_turn = 64;
/// What another worker takes a verdict from (new keys, a branch) may lie behind us.
constexpr std::chrono::seconds rewind_interval{5};

Received received_as(Placement placement, const std::optional<Verdict>& known) {
    switch (placement) {
        case Placement::stored:
            return {Reception::stored, known};
        case Placement::duplicate:
            return {Reception::duplicate, Verdict{Authenticity::duplicate, KeyTrust::unchecked}};
        case Placement::conflicting:
            return {Reception::conflicting, Verdict{Authenticity::conflicting, KeyTrust::unchecked}};
        case Placement::condemned_before:
            break;
    }
    return {Reception::refused, Verdict{Authenticity::duplicate, KeyTrust::unchecked}};
}

}  // namespace

Ingest::Ingest(Store store, TrustStore devices, const SigningKey& receipt_key, const Clock& clock,
               IngestLimits limits)
    : store_(std::move(store)),
      keeper_(store_),
      queue_(store_, keeper_),
      desk_(receipt_key),
      second_look_(store_, keeper_),
      lookout_(store_),
      devices_(std::move(devices)),
      clock_(&clock),
      limits_(limits) {
    second_look_.signers_are(devices_.fingerprint());
}

void Ingest::replace_trust(TrustStore devices) {
    devices_ = std::move(devices);
    second_look_.signers_are(devices_.fingerprint());
}

void Ingest::count(const Received& received) {
    ++counters_.messages;
    switch (received.reception) {
        case Reception::stored:
            ++counters_.stored;
            break;
        case Reception::duplicate:
            ++counters_.duplicates;
            break;
        case Reception::conflicting:
            ++counters_.conflicting;
            break;
        case Reception::refused:
            ++counters_.refused;
            break;
        case Reception::heard:
            break;
    }
}

Result<std::vector<Received>> Ingest::accept(const std::vector<BrokerMessage>& batch) {
    std::vector<Received> all;
    all.reserve(batch.size());
    Touched touched;
    Transaction transaction = TRY(store_.begin());
    TRY(store_receipts());
    TRY(expect(batch, touched));
    for (const BrokerMessage& message : batch)
        all.push_back(TRY(accept_one(message, touched)));
    for (auto& [id, chain] : touched.chains) {
        TRY(keeper_.settle(chain, clock_->utc()));
        if (chain.id != 0) TRY(store_.chains.save(chain));
    }
    TRY(lookout_.hear_items(touched.heard, clock_->utc()));
    TRY(store_.gaps.prune());
    TRY(transaction.commit());
    given_.clear();
    // Durable first, then promise.
    for (const RowId id : touched.met)
        if (touched.chains.at(id).id != 0) desk_.want(id);
    for (const Received& received : all)
        count(received);
    counters_.denied += touched.denied;
    return all;
}

Result<void> Ingest::expect(const std::vector<BrokerMessage>& batch, Touched& touched) {
    std::set<std::string> devices;
    std::set<std::pair<std::string, ChainId>> named;
    for (const BrokerMessage& message : batch) {
        const Result<Incoming> incoming = parse_incoming(message);
        if (!incoming || devices_.denies(incoming->device)) continue;
        devices.insert(incoming->device);
        named.emplace(incoming->device, incoming->chain);
    }
    std::set<RowId> chains;
    for (ChainRow& row : TRY(store_.chains.of_devices(devices))) {
        if (!named.contains({row.device, row.chain})) continue;
        chains.insert(row.id);
        touched.chains[row.id] = std::move(row);
    }
    TRY(store_.tombstones.expect(chains));
    return store_.devices.expect(devices);
}

Result<Received> Ingest::accept_one(const BrokerMessage& message, Touched& touched) {
    if (message.topic.ends_with("/status")) {
        TRY(lookout_.hear_status(message, clock_->utc()));
        return Received{Reception::heard, std::nullopt};
    }
    if (message.topic.ends_with("/req")) return accept_request(message, touched);
    const Result<Incoming> incoming = parse_incoming(message);
    if (!incoming) {
        Incoming unknown;
        unknown.device = device_of_topic(message.topic);
        return refuse(unknown, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      incoming.error().message());
    }
    if (devices_.denies(incoming->device)) return refuse_denied(*incoming, touched);
    if (is_statement(incoming->kind) || incoming->kind == ItemKind::tombstone)
        return accept_statement(*incoming, message, touched);
    return accept_item(*incoming, message, touched);
}

Result<Received> Ingest::accept_request(const BrokerMessage& message, Touched& touched) {
    Incoming asking;
    asking.device = device_of_topic(message.topic);
    if (devices_.denies(asking.device)) return refuse_denied(asking, touched);
    if (registrar_ == nullptr) return Received{Reception::heard, std::nullopt};
    const bool proven = TRY(store_.chains.is_vouched(asking.device));
    const auto heard = registrar_->hear(asking.device, message.payload, devices_, proven, clock_->utc());
    if (heard) return Received{Reception::heard, std::nullopt};
    // Not kept: its device asks again.
    TRY(store_.incidents.add({clock_->utc(),
                              asking.device,
                              {},
                              0,
                              "a request for a key is not handed on: " + heard.error().message()}));
    return Received{Reception::refused, Verdict{Authenticity::forged, KeyTrust::unchecked}};
}

Result<Received> Ingest::accept_item(const Incoming& incoming, const BrokerMessage& message,
                                     Touched& touched) {
    if (const auto envelope = gate(message.payload); !envelope)
        return refuse(incoming, message, {Authenticity::damaged, KeyTrust::unchecked},
                      envelope.error().message());
    ChainRow* chain = TRY(chain_for(incoming, message.payload, touched));
    if (chain == nullptr)
        return refuse(incoming, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      "too many chains that their device has not confirmed");
    Arrival arrival;
    arrival.seq = incoming.seq;
    arrival.kind = incoming.kind;
    arrival.blob = message.payload;
    arrival.digest = sha256(message.payload);
    arrival.received_at = clock_->utc();
    return received_as(TRY(keeper_.place(*chain, arrival)), std::nullopt);
}

Result<Received> Ingest::accept_statement(const Incoming& incoming, const BrokerMessage& message,
                                          Touched& touched) {
    const UtcTime now = clock_->utc();
    DeviceStatement statement = judge_statement(incoming, message.payload, devices_, now);
    if (!statement.holds())
        return refuse(incoming, message, statement.verdict, statement.reason,
                      statement.verdict.key_trust == KeyTrust::stranger ? QuarantineReason::unverified
                                                                        : QuarantineReason::refused);
    ChainRow* chain = TRY(chain_for(incoming, message.payload, touched));
    if (chain == nullptr)
        return refuse(incoming, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      "too many chains that their device has not confirmed");
    ChainKeeper::weigh_key(*chain, incoming.seq, statement);
    // What has lapsed keeps its place, so that receipts go on behind it, and proves nothing: it closes no
    // gap.
    if (statement.tombstone && !statement.believed())
        return refuse(incoming, message, statement.verdict, "its key has lapsed: it declares nothing");
    if (statement.tombstone)
        TRY(store_.quarantine.forget_lapsed(incoming.device, incoming.chain, incoming.first, incoming.last));
    const Placement placement =
        TRY(keeper_.place_statement(*chain, incoming.seq, statement, message.payload, now));
    if (placement == Placement::stored && !statement.tombstone && statement.believed())
        TRY(lookout_.hear_statement(*chain, statement.time(), now));
    return received_as(placement, statement.verdict);
}

Result<Received> Ingest::refuse(const Incoming& incoming, const BrokerMessage& message,
                                const Verdict& verdict, std::string_view why, QuarantineReason reason) {
    const UtcTime now = clock_->utc();
    QuarantineRow row;
    row.device = incoming.device;
    row.chain = incoming.chain;
    row.seq = incoming.kind == ItemKind::tombstone ? incoming.last : incoming.seq;
    row.kind = incoming.kind;
    row.digest = sha256(message.payload);
    row.reason = reason;
    row.first = incoming.first;
    row.verdict = verdict;
    row.received_at = now;
    row.quarantined_at = now;
    // A device sends again what is not receipted. Once is enough, and pushes nothing out.
    if (verdict.key_trust == KeyTrust::lapsed) TRY(store_.quarantine.forget_refused(row));
    TRY(store_.quarantine.add(row, message.payload));
    TRY(store_.incidents.add(
        {now, incoming.device, incoming.chain, incoming.seq,
         fmt::format("{}, key {}: {}", to_string(verdict.authenticity), to_string(verdict.key_trust), why)}));
    return Received{Reception::refused, verdict};
}

// Not kept: a stolen device could push everybody's doubtful blobs out of the quarantine. Its line in the
// ledger names no chain: whoever invents chains must not push out the other lines.
Result<Received> Ingest::refuse_denied(const Incoming& incoming, Touched& touched) {
    ++touched.denied;
    TRY(store_.incidents.add(
        {clock_->utc(), incoming.device, {}, 0, "refused at the door: the device is revoked"}));
    return Received{Reception::refused, Verdict{Authenticity::misplaced, KeyTrust::revoked}};
}

Result<std::vector<ChainRow*>> Ingest::branches_for(const Incoming& incoming, Touched& touched) {
    std::vector<ChainRow*> branches;
    for (auto& [id, chain] : touched.chains)
        if (chain.device == incoming.device && chain.chain == incoming.chain) branches.push_back(&chain);
    if (branches.empty()) {
        for (ChainRow& row : TRY(store_.chains.branches(incoming.device, incoming.chain))) {
            const RowId id = row.id;
            branches.push_back(&(touched.chains[id] = std::move(row)));
        }
    }
    std::ranges::sort(branches, std::greater(), &ChainRow::branch);
    return branches;
}

Result<ChainRow*> Ingest::chain_for(const Incoming& incoming, ByteView blob, Touched& touched) {
    std::vector<ChainRow*> branches = TRY(branches_for(incoming, touched));
    if (branches.empty()) {
        if (TRY(store_.chains.count()) >= limits_.chains ||
            TRY(store_.chains.count_unconfirmed(incoming.device)) >= limits_.unconfirmed_chains_per_device)
            return nullptr;
        ChainRow row = TRY(store_.chains.add(incoming.device, incoming.chain, clock_->utc()));
        const RowId id = row.id;
        branches.push_back(&(touched.chains[id] = std::move(row)));
    }
    ChainRow* chosen = nullptr;
    if (branches.size() > 1) {
        const Digest digest = sha256(blob);
        for (ChainRow* branch : branches) {
            const auto occupant = TRY(store_.items.find(branch->id, incoming.seq));
            if (chosen == nullptr && occupant && occupant->digest == digest) chosen = branch;
        }
    }
    for (ChainRow* branch : branches)
        if (chosen == nullptr && incoming.seq > branch->base) chosen = branch;
    touched.met.insert(chosen->id);
    touched.heard.insert(chosen->device);
    return chosen;
}

Result<std::vector<BrokerMessage>> Ingest::receipts() {
    std::vector<BrokerMessage> messages;
    if (desk_.idle()) return messages;
    std::optional<Error> problem;
    const std::vector<RowId> due = desk_.take_due(clock_->since_boot());
    const auto chains = store_.chains.many({due.begin(), due.end()});
    for (const RowId id : due) {
        // Of a row that cannot be read the others must not suffer: then each is asked for by itself.
        Result<std::optional<BrokerMessage>> written =
            chains ? write_receipt(*chains, id) : write_own_receipt(id);
        if (written && *written) messages.push_back(std::move(**written));
        if (written) continue;
        desk_.put_back(id);
        problem = written.error();
    }
    if (problem && messages.empty()) return fail(std::move(*problem));
    if (store_.crew() == nullptr || messages.empty()) return messages;
    const Result<void> seen = show_receipts();
    if (seen) return messages;
    for (const ReceiptRow& receipt : given_)
        desk_.put_back(receipt.chain_id);
    given_.clear();
    return fail(Error(seen.error()));
}

/// A device may name a receipt as soon as it has it, and another worker may judge what names it.
Result<void> Ingest::show_receipts() {
    Transaction transaction = TRY(store_.begin());
    TRY(store_.need_not_last());
    TRY(store_receipts());
    TRY(transaction.commit());
    given_.clear();
    return {};
}

Result<std::optional<BrokerMessage>> Ingest::write_own_receipt(RowId id) {
    return write_receipt(TRY(store_.chains.many({id})), id);
}

Result<std::optional<BrokerMessage>> Ingest::write_receipt(const std::map<RowId, ChainRow>& chains,
                                                           RowId id) {
    const auto place = chains.find(id);
    if (place == chains.end()) return std::optional<BrokerMessage>();  // it is gone
    const ChainRow& chain = place->second;
    if (chain.settled() == 0 || devices_.denies(chain.device)) return std::optional<BrokerMessage>();
    const UtcTime now = clock_->utc();
    BrokerMessage message = TRY(desk_.write(chain, now));
    given_.push_back({id, chain.settled(), {sha256(message.payload), now}});
    ++counters_.receipts;
    return std::optional(std::move(message));
}

Result<void> Ingest::look_round(bool listening) {
    const BootTime now = clock_->since_boot();
    if (!listening) listening_since_.reset();
    if (!listening) return {};
    if (!listening_since_) {
        listening_since_ = now;
        look_round_due_ = now + silent_after;
    }
    if (now < look_round_due_) return {};
    Transaction transaction = TRY(store_.begin());
    TRY(lookout_.look_round(clock_->utc()));
    TRY(transaction.commit());
    look_round_due_ = now + status_interval;
    return {};
}

Result<void> Ingest::share_work(std::string_view worker) {
    TRY(store_.share_work());
    second_look_.of_worker(worker);
    queue_.judge_only({0, 0});  // nothing before it has a place
    return {};
}

Result<void> Ingest::look_at_crew() {
    Crew* const crew = store_.crew();
    if (crew == nullptr) return {};
    const BootTime now = clock_->since_boot();
    if (TRY(crew->look(now, opener_there_))) {
        queue_.judge_only(crew->share());
        const WorkShare& share = crew->share();
        if (share.of == 0)
            log_warning("collector", "without its opener it leaves judging to the other workers");
        else
            log_info("collector", "judges share {} of {} of the chains", share.rank + 1, share.of);
    }
    if (now < rewind_at_) return {};
    queue_.rewind();
    rewind_at_ = now + rewind_interval;
    return {};
}

Result<std::vector<OpenRequest>> Ingest::to_judge(std::size_t window) {
    TRY(look_at_crew());
    // A row that cannot be looked at again now must not keep new ones from the opener.
    const Result<std::set<RowId>> grown = second_look_.step(devices_, clock_->utc());
    if (grown)
        for (const RowId chain : *grown)
            desk_.want(chain);
    TRY(judge_statements());
    std::vector<OpenRequest> requests;
    if (queue_.in_flight() < window) requests = TRY(queue_.next(window - queue_.in_flight()));
    if (!grown && requests.empty()) return fail(Error(grown.error()));
    return requests;
}

Result<void> Ingest::judge_statements() {
    const auto placed = TRY(store_.items.statements_to_judge(statements_per_turn));
    const auto claims = TRY(store_.quarantine.unweighed(true, 0, statements_per_turn));
    if (placed.empty() && claims.empty()) return {};
    Transaction transaction = TRY(store_.begin());
    for (const ItemRow& row : placed)
        TRY(judge_placed(row.id));
    for (const QuarantineRow& claim : claims)
        TRY(judge_claim(claim));
    return transaction.commit();
}

Result<void> Ingest::judge_placed(RowId id) {
    const UtcTime now = clock_->utc();
    const auto item = TRY(store_.items.find(id));
    if (!item || item->verdict) return {};  // it lost its place to the one before; another worker was quicker
    ChainRow chain = TRY(store_.chains.at(item->chain_id));
    const Incoming place{chain.device, item->kind, chain.chain, item->seq, 0, 0};
    DeviceStatement statement =
        judge_statement(place, TRY(store_.items.blob(item->id)), devices_, item->received_at);
    ChainKeeper::weigh_key(chain, item->seq, statement);
    if (statement.life && statement.believed())
        TRY(store_.lives.keep({chain.id, item->seq, *statement.life, item->received_at}));
    TRY(keeper_.apply_verdict(chain, *item, statement.verdict, statement.signed_previous(), statement.holds(),
                              now));
    TRY(keeper_.settle(chain, now));
    if (chain.id != 0) TRY(store_.chains.save(chain));
    return {};
}

/// Was judged at the door, and came second: signed too, so its device has sealed this place twice.
Result<void> Ingest::judge_claim(const QuarantineRow& claim) {
    const auto now_there = TRY(store_.quarantine.find(claim.id));
    if (!now_there || now_there->weighed) return {};
    const Incoming place{claim.device, claim.kind, claim.chain, claim.seq, 0, 0};
    const DeviceStatement statement =
        judge_statement(place, TRY(store_.quarantine.blob(claim.id)), devices_, claim.received_at);
    Verdict verdict = statement.verdict;
    if (TRY(says_the_same(claim))) verdict.authenticity = Authenticity::duplicate;
    TRY(store_.quarantine.set_weighed(claim.id, verdict));
    const auto previous = statement.signed_previous();
    if (previous && verdict.authenticity == Authenticity::authentic)
        TRY(keeper_.branch_off(claim, *previous, clock_->utc()));
    return {};
}

/// A signature has two forms that hold (ECDSA): the same text with the other one is no second statement.
Result<bool> Ingest::says_the_same(const QuarantineRow& claim) {
    const Bytes blob = TRY(store_.quarantine.blob(claim.id));
    const Result<SignedShape> ours = check_signed_profile(blob);
    for (const ChainRow& chain : TRY(store_.chains.branches(claim.device, claim.chain))) {
        const auto item = TRY(store_.items.find(chain.id, claim.seq));
        if (!item || item->kind != claim.kind) continue;
        const Bytes other = TRY(store_.items.blob(item->id));
        const Result<SignedShape> theirs = check_signed_profile(other);
        if (ours && theirs && std::ranges::equal(ours->content, theirs->content)) return true;
    }
    return false;
}

Result<void> Ingest::judged(const std::vector<OpenReply>& replies) {
    Result<void> outcome = settle_all(replies);
    if (!outcome) queue_.take_back(replies);
    return outcome;
}

Result<void> Ingest::store_receipts() {
    for (const ReceiptRow& receipt : given_)
        TRY(store_.receipts.add(receipt));
    return {};
}

Result<void> Ingest::settle_all(const std::vector<OpenReply>& replies) {
    Transaction transaction = TRY(store_.begin());
    TRY(store_receipts());
    IngestCounters counted = counters_;
    TRY(queue_.expect(replies));
    for (const OpenReply& reply : replies) {
        const auto verdict = TRY(queue_.settle(reply, clock_->utc()));
        if (verdict) ++(verdict->good() ? counted.judged_good : counted.judged_doubtful);
    }
    TRY(transaction.commit());
    counters_ = counted;
    given_.clear();
    return {};
}

}  // namespace portcullis
