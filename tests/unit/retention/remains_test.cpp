// Design 12.12: the whole data directory, every backup from before and every key still alive, and everything
// is tried. The recipients' keys lie in the wrapped file, or in SoftHSM.
#include <doctest/doctest.h>

#include "apps/common/recipient_token.hpp"
#include "drivers/keys/key_bench.hpp"
#include "retention_bench.hpp"
#include "seal/cms_codec.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t file_limit = std::size_t{64} << 20;
constexpr EpochStart due_epoch = today;
constexpr EpochStart other_epoch = today + std::chrono::days(1);
const UtcTime due_time(due_epoch + std::chrono::days(31));

/// The private number, raw and in hex: what is searched for.
std::vector<std::string> scalars_of(const fs::path& file) {
    const KeyPtr key = must(load_private_key(file));
    BIGNUM* number = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1);
    Bytes raw(32);
    REQUIRE(BN_bn2binpad(number, u8(raw), 32) == 32);
    BN_clear_free(number);
    return {std::string(as_text(raw)), to_hex(raw)};
}

std::size_t files_with(const std::vector<fs::path>& folders, const std::vector<std::string>& needles) {
    std::size_t found = 0;
    for (const fs::path& folder : folders)
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            const Bytes bytes = must(read_file(entry.path(), file_limit));
            for (const std::string& needle : needles)
                if (as_text(bytes).find(needle) != std::string_view::npos) ++found;
        }
    return found;
}

/// What both kinds of stores have in common: two epochs, and blobs that were sealed to each.
struct Remains {
    RetentionBench bench;
    Road road;
    AuditLog log = must(AuditLog::attach(bench.audit));  // open all the while: there is a -wal
    std::vector<KeyFiles> recipients;
    std::vector<std::string> scalars;  // of the epoch that is due
    std::vector<std::vector<Bytes>> blobs;

    Remains() {
        for (int epoch = 0; epoch < 2; ++epoch)
            recipients.push_back(bench.sets.recipient(Purpose::read));
        scalars = scalars_of(recipients[0].key);
    }
    void seal(std::size_t each) {
        for (const KeyFiles& recipient : recipients) {
            SealerSettings settings;
            settings.device = "gate-1";
            settings.fleet = fleet;
            settings.boot = "boot-1";
            settings.read_recipients = settings.plate_recipients =
                settings.overview_recipients = {recipient.certificate};
            const Sealer sealer = must(Sealer::create(std::move(settings), *road.key));
            blobs.emplace_back();
            for (std::size_t i = 0; i < each; ++i) {
                blobs.back().push_back(must(sealer.seal(sample_record(), first_head(), {})).items[0].blob);
                const std::string name = fmt::format("{}-{}.cms", blobs.size(), i);
                std::ofstream(bench.data.path() / name, std::ios::binary) << as_text(blobs.back().back());
            }
        }
    }
    fs::path backup(const std::string& name) const {
        const fs::path copy = bench.sets.pki.folder() / name;
        fs::copy(bench.data.path(), copy);
        return copy;
    }
    /// How many of an epoch's blobs open with what this store gives.
    [[nodiscard]] std::size_t opened(const Result<KeyStore>& store, std::size_t epoch) const {
        if (!store) return 0;
        auto keys = store->unwrap(bench.token);
        if (!keys) return 0;
        const EnvelopeOpener opener = must(EnvelopeOpener::create(std::move(*keys), road.trust()));
        return static_cast<std::size_t>(std::ranges::count_if(
            blobs[epoch], [&](const Bytes& blob) { return opener.open_read(blob, now).verdict.good(); }));
    }
    [[nodiscard]] std::size_t opened_now(std::size_t epoch) const {
        return opened(KeyStore::view(bench.files), epoch);
    }
    /// By this store beside each wrapping key that is anywhere, under each generation.
    [[nodiscard]] std::size_t opened_from(const fs::path& store) const {
        std::size_t most = opened(KeyStore::view({store, bench.files.kek}), 0);
        const TempDir tried;
        for (const auto& kek : fs::directory_iterator(bench.keks.path()))
            for (int generation = 1; generation < 9; ++generation) {
                const fs::path copy = tried.path() / fmt::format("kek.{}", generation);
                fs::copy_file(kek.path(), copy, fs::copy_options::overwrite_existing);
                most = std::max(most, opened(KeyStore::view({store, tried.path() / "kek"}), 0));
            }
        return most;
    }
    /// With each private key that is left in a file, whatever it is for.
    [[nodiscard]] std::size_t opened_by_files(std::size_t& tried) const {
        std::size_t opened = 0;
        for (const fs::path& folder : {bench.sets.pki.folder(), road.pki.folder()})
            for (const auto& file : fs::recursive_directory_iterator(folder)) {
                if (file.path().extension() != ".key") continue;
                auto key = load_private_key(file.path());
                if (!key) continue;
                ++tried;
                const RecipientKey as_if{std::move(*key), must(load_certificate(recipients[0].certificate))};
                for (const Bytes& blob : blobs[0])
                    if (open_envelope(as_if, blob)) ++opened;
            }
        return opened;
    }
    /// Destroys what is due, and tries everything.
    void check_all(const std::vector<fs::path>& more_folders) {
        const std::size_t all = blobs[0].size();
        CHECK(opened_now(0) == all);
        CHECK(opened_now(1) == all);
        const fs::path oldest = backup("backup-before");
        const auto done = must(bench.run(due_time));
        REQUIRE(done.size() == 1);
        CHECK(done[0].epoch == due_epoch);
        const fs::path newest = backup("backup-after");
        CHECK(opened_now(0) == 0);
        CHECK(opened_now(1) == all);
        for (const fs::path& folder : {oldest, newest, bench.data.path()})
            CHECK(opened_from(folder / "keys.store") == 0);
        std::size_t tried = 0;
        CHECK(opened_by_files(tried) == 0);
        CHECK(tried > 5);
        std::vector<fs::path> folders{bench.data.path(), bench.keks.path(), bench.sets.pki.folder(),
                                      road.pki.folder()};
        folders.insert(folders.end(), more_folders.begin(), more_folders.end());
        CHECK(fs::exists(bench.audit.string() + "-wal"));
        CHECK(files_with(folders, scalars) == 0);
        std::ofstream(bench.data.path() / "leak-wal") << "..." << scalars[0] << "...";
        CHECK(files_with(folders, scalars) == 1);  // control
    }
};

std::size_t each() {
    return static_cast<std::size_t>(rounds_or(60));
}

}  // namespace

TEST_CASE("12.12: after a scheduled destruction nothing that is left opens, of keys in the wrapped file") {
    Remains remains;
    const EpochStart epochs[] = {due_epoch, other_epoch};
    for (std::size_t i = 0; i < 2; ++i)
        remains.bench.add(epochs[i], remains.recipients[i]);
    remains.seal(each());
    remains.check_all({});
}

TEST_CASE("12.12: after a scheduled destruction nothing that is left opens, of keys in a token") {
    if (skip<TokenBench>()) return;
    const TokenBench tokens;
    Remains remains;
    RecipientToken token = must(RecipientToken::create(tokens.place()));
    remains.bench.token = token.keys();
    const EpochStart epochs[] = {due_epoch, other_epoch};
    for (std::size_t i = 0; i < 2; ++i) {
        tokens.import(remains.recipients[i].key, epoch_label(epochs[i]));
        fs::remove(remains.recipients[i].key);
        KeyStore store = must(KeyStore::open(remains.bench.files));
        REQUIRE(store.add_in_token(epochs[i], must(load_certificate(remains.recipients[i].certificate)).get(),
                                   remains.bench.token));
    }
    remains.seal(each() / 6 + 1);
    remains.check_all({tokens.folder()});
}

TEST_CASE("of one epoch in a token the key that is due is destroyed, the other one opens") {
    if (skip<TokenBench>()) return;
    const TokenBench tokens;
    Remains remains;
    RecipientToken token = must(RecipientToken::create(tokens.place()));
    remains.bench.token = token.keys();
    const EpochStart half_past = due_epoch + std::chrono::minutes(30);  // its label has a colon
    const KeyFiles plates = remains.bench.sets.recipient(Purpose::plate);
    for (const KeyFiles& files : {plates, remains.recipients[0]}) {
        tokens.import(files.key, epoch_label(half_past), files.key == plates.key ? "0a" : "0b");
        KeyStore store = must(KeyStore::open(remains.bench.files));
        const auto added = store.add_in_token(half_past, must(load_certificate(files.certificate)).get(),
                                              remains.bench.token);
        INFO((added ? std::string() : added.error().message()));
        REQUIRE(added);
    }
    remains.seal(2);
    CHECK(remains.opened_now(0) == 2);
    REQUIRE(must(remains.bench.run(UtcTime(half_past + std::chrono::days(3)))).size() == 1);
    CHECK(must(KeyStore::view(remains.bench.files)).entries().size() == 1);
    CHECK(remains.opened_now(0) == 2);
    CHECK_FALSE(token.keys().open(epoch_label(half_past), must(load_certificate(plates.certificate)).get()));
}
