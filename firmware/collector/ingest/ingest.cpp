#include "collector/ingest/ingest.hpp"

#include "base/log.hpp"
#include "collector/ingest/device_statement.hpp"
#include "seal/gate.hpp"

namespace portcullis {

Ingest::Ingest(Store store, TrustStore devices, const SigningKey& receipt_key, const Clock& clock,
               IngestLimits limits)
    : store_(std::move(store)),
      keeper_(store_),
      queue_(store_, keeper_),
      desk_(receipt_key),
      devices_(std::move(devices)),
      clock_(&clock),
      limits_(limits) {}

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
    return place(*chain, arrival);
}

Result<Received> Ingest::accept_statement(const Incoming& incoming, const BrokerMessage& message,
                                          Touched& touched) {
    const UtcTime now = clock_->utc();
    const DeviceStatement statement = judge_statement(incoming, message.payload, devices_, now);
    if (!statement.holds()) return refuse(incoming, message, statement.verdict, statement.reason);
    ChainRow* chain = TRY(chain_for(incoming, touched));
    if (chain == nullptr)
        return refuse(incoming, message, {Authenticity::misplaced, KeyTrust::unchecked},
                      "too many chains that their device has not confirmed");
    if (statement.tombstone) {
        const bool fresh = TRY(keeper_.declare_shed(*chain, *statement.tombstone, message.payload, now));
        return Received{fresh ? Reception::stored : Reception::duplicate, statement.verdict};
    }
    Arrival arrival;
    arrival.seq = incoming.seq;
    arrival.kind = incoming.kind;
    arrival.blob = message.payload;
    arrival.digest = sha256(message.payload);
    arrival.received_at = now;
    arrival.verdict = statement.verdict;
    arrival.signed_previous = statement.checkpoint->link;
    const Received received = TRY(place(*chain, arrival));
    if (received.reception == Reception::stored) {
        chain->proven = std::max(chain->proven, incoming.seq);
        chain->checkpoint = std::max(chain->checkpoint, incoming.seq);
    }
    return received;
}

Result<Received> Ingest::place(ChainRow& chain, const Arrival& arrival) {
    const std::optional<Verdict> known = arrival.verdict;
    switch (TRY(keeper_.place(chain, arrival))) {
        case Placement::stored:
            return Received{Reception::stored, known};
        case Placement::duplicate:
            return Received{Reception::duplicate, Verdict{Authenticity::duplicate, KeyTrust::unchecked}};
        case Placement::conflicting:
            return Received{Reception::conflicting, Verdict{Authenticity::conflicting, KeyTrust::unchecked}};
        case Placement::condemned_before:
            break;
    }
    return Received{Reception::refused, Verdict{Authenticity::duplicate, KeyTrust::unchecked}};
}

Result<Received> Ingest::refuse(const Incoming& incoming, const BrokerMessage& message,
                                const Verdict& verdict, std::string_view why) {
    const UtcTime now = clock_->utc();
    QuarantineRow row;
    row.device = incoming.device;
    row.chain = incoming.chain;
    row.seq = incoming.seq;
    row.kind = incoming.kind;
    row.digest = sha256(message.payload);
    row.reason = QuarantineReason::refused;
    row.verdict = verdict;
    row.received_at = now;
    row.quarantined_at = now;
    TRY(store_.quarantine.add(row, message.payload));
    TRY(store_.incidents.add(
        {now, incoming.device, incoming.chain, incoming.seq,
         fmt::format("{}, key {}: {}", to_string(verdict.authenticity), to_string(verdict.key_trust), why)}));
    return Received{Reception::refused, verdict};
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
        if (!chain || chain->settled() == 0) continue;
        messages.push_back(TRY(desk_.write(*chain, clock_->utc())));
        ++counters_.receipts;
    }
    return messages;
}

Result<std::vector<OpenRequest>> Ingest::to_judge(std::size_t window) {
    if (queue_.in_flight() >= window) return std::vector<OpenRequest>();
    return queue_.next(window - queue_.in_flight());
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
