#include "apps/portcullis/index_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "apps/common/opener_keys.hpp"
#include "apps/common/store_source.hpp"
#include "collector/opener/plate_register.hpp"
#include "seal/self_test.hpp"

namespace portcullis {

namespace {

constexpr std::size_t page_items = 256;  // read, opened and entered in one transaction
constexpr std::size_t most_chains = 1'000'000;

struct IndexOptions {
    std::filesystem::path settings = "/etc/portcullis/opener.toml";
    std::filesystem::path store = "/var/lib/portcullis/collector/store.db";
};

struct Tally {
    std::uint64_t looked = 0;
    std::uint64_t entered = 0;
    std::uint64_t unopened = 0;
};

/// What the collector's verdict allows to be shown.
bool may_be_indexed(const ItemRow& item) {
    return item.kind == ItemKind::read && item.verdict &&
           item.verdict->authenticity == Authenticity::authentic && is_believed(item.verdict->key_trust);
}

using Passages = std::map<std::string, std::vector<IndexedPassage>>;  // by the key that opened them

Result<void> open_into(Passages& passages, Store& store, const EnvelopeOpener& opener, const ChainRow& chain,
                       const ItemRow& item, Tally& tally) {
    ++tally.looked;
    const OpenedRead read = opener.open_read(TRY(store.items.blob(item.id)), item.received_at);
    const Verdict verdict = place_verdict(read, {chain.device, chain.chain, item.seq, std::nullopt});
    if (verdict.authenticity == Authenticity::authentic)
        passages[read.recipient].push_back(indexed(*read.payload, item.verdict->clock, item.received_at));
    else
        ++tally.unopened;
    return {};
}

Result<void> walk(Store& store, const ChainRow& chain, const EnvelopeOpener& opener, PlateIndex& index,
                  Tally& tally) {
    for (Seq next = 1;;) {
        const std::vector<ItemRow> items = TRY(store.items.from(chain.id, next, page_items));
        if (items.empty()) return {};
        next = items.back().seq + 1;
        Passages passages;
        for (const ItemRow& item : items)
            if (may_be_indexed(item)) TRY(open_into(passages, store, opener, chain, item, tally));
        for (const auto& [recipient, of_key] : passages)
            tally.entered += TRY(index.add_all(of_key, recipient, SystemClock().utc()));
    }
}

Result<Tally> rebuild(const IndexOptions& options) {
    const OpenerSettings settings = TRY(OpenerSettings::load(options.settings));
    if (settings.search.index.empty())
        return fail(ErrorCode::configuration, "{}: search.index names no file; there is no index to rebuild",
                    options.settings.string());
    TRY(envelope_self_test());
    OpenerKeys keys = TRY(OpenerKeys::create(settings));
    const EnvelopeOpener opener = TRY(keys.open());
    Store store = TRY(look_at_store(options.store));
    PlateIndex index = TRY(
        with_context(PlateIndex::attach(settings.search.index), "portcullis-opener makes it when it starts"));
    const UtcTime begun = SystemClock().utc();
    TRY(index.use_keys(opener.recipients(), secrets_of(opener)));
    Tally tally;
    const std::vector<ChainRow> chains = TRY(store.chains.all(most_chains));
    for (const ChainRow& chain : chains)
        TRY(with_context(walk(store, chain, opener, index, tally), chain.device));
    TRY(index.close_holes(begun));
    return tally;
}

int run(const IndexOptions& options) {
    const Result<Tally> done = rebuild(options);
    if (done) {
        std::cout << fmt::format("reads looked at: {}\nnew in the index: {}\nnot to be opened any more: {}\n",
                                 done->looked, done->entered, done->unopened);
        return 0;
    }
    std::cerr << "portcullis index: " << done.error().message() << "\n";
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
}

}  // namespace

std::function<int()> add_index_command(CLI::App& app) {
    const auto options = std::make_shared<IndexOptions>();
    CLI::App* command = app.add_subcommand("index", "The opener's plate index, by which `search` finds");
    command->require_subcommand(1);
    CLI::App* one =
        command->add_subcommand("rebuild", "Enter what is missing in it from the collector's store");
    one->footer(
        "Opens each read of the store that may be shown and enters it, unless it is there: after the index "
        "was lost,\n"
        "after `search` said that something may be missing, or when a store is older than its index. Run it "
        "on the\n"
        "opener's host, as root or the opener's user; the opener may go on. Nothing is shown. Reads of "
        "destroyed\n"
        "epochs stay closed.\n"
        "Exit code: 0 done, 1 failed (call it again), 2 wrong usage or configuration.\n\n"
        "  portcullis index rebuild --config /etc/portcullis/opener.toml");
    one->add_option("--config", options->settings, "the opener's settings: they name index and keys")
        ->capture_default_str();
    one->add_option("--store", options->store, store_option_text)->capture_default_str();
    return [options] { return run(*options); };
}

}  // namespace portcullis
