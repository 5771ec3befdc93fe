#include "collector/ingest/ingest.hpp"

#include "base/log.hpp"
#include "collector/ingest/device_statement.hpp"
#include "seal/gate.hpp"

namespace portcullis {

namespace {

/// A transaction judges no more statements; the rest follows with the next turn.
constexpr std::size_t statements_per_turn = 64;

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
    }
}

Result<std::vector<Received>> Ingest::accept(const std::vector<BrokerMessage>& batch) {
    std::vector<Received> all;
    all.reserve(batch.size());
    Touched touched;
    Transaction transaction = TRY(store_.begin());
    for (const BrokerMessage& message : batch)
        all.push_back(TRY(accept_one(message, touched)));
    for (auto& [id, chain] : touched) {
        TRY(keeper_.settle(chain, clock_->utc()));
        if (chain.id != 0) TRY(store_.chains.save(chain));
    }
    TRY(store_.gaps.prune());
    TRY(transaction.commit());
    // Durable first, then promise.
    for (const auto& [id, chain] : touched)
        if (chain.id != 0) desk_.want(id);
    for (const Received& received : all)
        count(received);
    return all;
}

Result<Received> Ingest::accept_one(const BrokerMessage& message, Touched& touched) {
    const Result<Incoming> incoming = parse_incoming(message);
    if (!incoming) {
        Incoming unknown;
        unknown.device = device_of_topic(message.topic);
        return refuse(unknown, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      incoming.error().message());
    }
    if (devices_.denies(incoming->device)) return refuse_denied(*incoming);
    if (incoming->kind == ItemKind::checkpoint || incoming->kind == ItemKind::tombstone)
        return accept_statement(*incoming, message, touched);
    return accept_item(*incoming, message, touched);
}

Result<Received> Ingest::accept_item(const Incoming& incoming, const BrokerMessage& message,
                                     Touched& touched) {
    if (const auto envelope = gate(message.payload); !envelope)
        return refuse(incoming, message, {Authenticity::damaged, KeyTrust::unchecked},
                      envelope.error().message());
    ChainRow* chain = TRY(chain_for(incoming, touched));
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
    const DeviceStatement statement = judge_statement(incoming, message.payload, devices_, now);
    if (!statement.holds())
        return refuse(incoming, message, statement.verdict, statement.reason,
                      statement.verdict.key_trust == KeyTrust::stranger ? QuarantineReason::unverified
                                                                        : QuarantineReason::refused);
    ChainRow* chain = TRY(chain_for(incoming, touched));
    if (chain == nullptr)
        return refuse(incoming, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      "too many chains that their device has not confirmed");
    return received_as(TRY(keeper_.place_statement(*chain, incoming.seq, statement, message.payload, now)),
                       statement.verdict);
}

Result<Received> Ingest::refuse(const Incoming& incoming, const BrokerMessage& message,
                                const Verdict& verdict, std::string_view why, QuarantineReason reason) {
    const UtcTime now = clock_->utc();
    QuarantineRow row;
    row.device = incoming.device;
    row.chain = incoming.chain;
    row.seq = incoming.seq;
    row.kind = incoming.kind;
    row.digest = sha256(message.payload);
    row.reason = reason;
    row.first = incoming.first;
    row.verdict = verdict;
    row.received_at = now;
    row.quarantined_at = now;
    TRY(store_.quarantine.add(row, message.payload));
    TRY(store_.incidents.add(
        {now, incoming.device, incoming.chain, incoming.seq,
         fmt::format("{}, key {}: {}", to_string(verdict.authenticity), to_string(verdict.key_trust), why)}));
    return Received{Reception::refused, verdict};
}

// Not kept: a stolen device could push everybody's doubtful blobs out of the quarantine. Its line in the
// ledger names no chain: whoever invents chains must not push out the other lines.
Result<Received> Ingest::refuse_denied(const Incoming& incoming) {
    ++counters_.denied;
    TRY(store_.incidents.add(
        {clock_->utc(), incoming.device, {}, 0, "refused at the door: the device is revoked"}));
    return Received{Reception::refused, Verdict{Authenticity::misplaced, KeyTrust::revoked}};
}

Result<ChainRow*> Ingest::chain_for(const Incoming& incoming, Touched& touched) {
    for (auto& [id, chain] : touched)
        if (chain.device == incoming.device && chain.chain == incoming.chain) return &chain;
    std::optional<ChainRow> chain = TRY(store_.chains.find(incoming.device, incoming.chain));
    if (!chain) {
        if (TRY(store_.chains.count()) >= limits_.chains ||
            TRY(store_.chains.count_unconfirmed(incoming.device)) >= limits_.unconfirmed_chains_per_device)
            return nullptr;
        chain = TRY(store_.chains.add(incoming.device, incoming.chain, clock_->utc()));
    }
    const RowId id = chain->id;
    return &(touched[id] = std::move(*chain));
}

Result<std::vector<BrokerMessage>> Ingest::receipts() {
    std::vector<BrokerMessage> messages;
    if (desk_.idle()) return messages;
    for (const RowId id : desk_.take_due(clock_->since_boot())) {
        const Result<ChainRow> chain = store_.chains.at(id);
        if (!chain || chain->settled() == 0 || devices_.denies(chain->device)) continue;
        messages.push_back(TRY(desk_.write(*chain, clock_->utc())));
        ++counters_.receipts;
    }
    return messages;
}

Result<std::vector<OpenRequest>> Ingest::to_judge(std::size_t window) {
    for (const RowId chain : TRY(second_look_.step(devices_, clock_->utc())))
        desk_.want(chain);
    TRY(judge_statements());
    if (queue_.in_flight() >= window) return std::vector<OpenRequest>();
    return queue_.next(window - queue_.in_flight());
}

Result<void> Ingest::judge_statements() {
    const std::vector<ItemRow> statements = TRY(store_.items.statements_to_judge(statements_per_turn));
    if (statements.empty()) return {};
    const UtcTime now = clock_->utc();
    Transaction transaction = TRY(store_.begin());
    for (const ItemRow& row : statements) {
        const auto item = TRY(store_.items.find(row.id));
        if (!item) continue;  // it lost its place to the one before
        ChainRow chain = TRY(store_.chains.at(item->chain_id));
        Incoming place;
        place.device = chain.device;
        place.chain = chain.chain;
        place.kind = item->kind;
        place.seq = item->seq;
        const DeviceStatement statement =
            judge_statement(place, TRY(store_.items.blob(item->id)), devices_, item->received_at);
        TRY(keeper_.apply_verdict(chain, *item, statement.verdict, statement.signed_previous(),
                                  statement.holds(), now));
        TRY(keeper_.settle(chain, now));
        if (chain.id != 0) TRY(store_.chains.save(chain));
    }
    return transaction.commit();
}

Result<void> Ingest::judged(const std::vector<OpenReply>& replies) {
    Result<void> outcome = settle_all(replies);
    if (!outcome) queue_.rewind();  // nothing was kept: ask again
    return outcome;
}

Result<void> Ingest::settle_all(const std::vector<OpenReply>& replies) {
    Transaction transaction = TRY(store_.begin());
    for (const OpenReply& reply : replies) {
        const auto verdict = TRY(queue_.settle(reply, clock_->utc()));
        if (verdict) ++(verdict->good() ? counters_.judged_good : counters_.judged_doubtful);
    }
    return transaction.commit();
}

}  // namespace portcullis
