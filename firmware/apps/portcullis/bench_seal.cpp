#include "apps/portcullis/bench_seal.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <time.h>

#include <array>
#include <nlohmann/json.hpp>

#include "apps/portcullis/bench_bare.hpp"
#include "apps/portcullis/bench_keys.hpp"
#include "apps/portcullis/bench_score.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "record/size_bucket.hpp"
#include "seal/gate.hpp"
#include "seal/opener.hpp"
#include "seal/sealer.hpp"

namespace portcullis::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr int warm_up_rounds = 5;  // not counted
constexpr std::size_t in_a_row = 5;

enum Row : std::size_t { read, plate, overview, record, rows };
constexpr std::array row_names = {"read", "plate", "overview", "record"};

struct Bytes3 {
    std::size_t plain = 0;
    std::size_t padded = 0;
    std::size_t blob = 0;
};

struct Figures {
    std::vector<double> sealed;  // us; of a picture: with its read
    std::vector<double> bare;
    std::vector<double> opened;
    Bytes3 bytes;
};
using Table = std::array<Figures, rows>;

/// Of this thread alone: what else the machine does is no cost of ours.
double processor_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// A read as a camera at a road makes it: seven characters, each with alternatives.
CaptureRecord sample_record(const SealOptions& options) {
    CaptureRecord record;
    record.passage = {7,
                      "lane-1",
                      Direction::approaching,
                      BootTime(microseconds(1'000'000)),
                      BootTime(microseconds(1'900'000)),
                      12};
    for (const char letter : std::string("AB12CDE"))
        record.read.characters.push_back({letter, 0.987F, {{'8', 0.01F}, {'0', 0.002F}, {'Q', 0.001F}}});
    record.read.raw = "AB1ZCDE";
    record.read.confidence = 0.9F;
    record.read.readings = 9;
    record.read.jurisdiction = {"gb", 0.75F};
    record.quad = {{{{10.5F, 20.25F}, {110, 22}, {109, 48}, {9, 46}}}};
    record.captured = UtcTime(std::chrono::seconds(1'795'000'000));
    record.captured_since_boot = BootTime(microseconds(1'500'000));
    record.clock.quality = ClockQuality::ntp;
    record.firmware = PORTCULLIS_VERSION;
    record.model = std::string(64, 'a');
    record.media = {
        {MediaRole::plate, Bytes(static_cast<std::size_t>(options.plate_bytes), std::byte{0xd8})},
        {MediaRole::overview, Bytes(static_cast<std::size_t>(options.overview_bytes), std::byte{0xd9})}};
    return record;
}

class Bench {
  public:
    static Result<std::unique_ptr<Bench>> create(const SealOptions& options) {
        ThrowAwayKeys keys = TRY(ThrowAwayKeys::create(static_cast<std::size_t>(options.recipients)));
        std::unique_ptr<Bench> bench(new Bench(options, std::move(keys)));  // no TRY within: new would leak
        TRY(bench->load());
        return bench;
    }

    Result<Table> measure() {
        Table table;
        TRY(measure_bytes(table));
        for (int round = -warm_up_rounds; round * static_cast<int>(in_a_row) < options_.rounds; ++round)
            TRY(measure_round(table, round >= 0));
        return table;
    }

  private:
    Bench(const SealOptions& options, ThrowAwayKeys keys)
        : options_(options), keys_(std::move(keys)), record_(sample_record(options)) {}

    Result<void> load() {
        key_ = TRY(FileSigningKey::create(keys_.devices()[0].key, keys_.devices()[0].certificate));
        SealerSettings settings;
        settings.device = ThrowAwayKeys::device_name(0);
        settings.fleet = "bench";
        settings.boot = "boot-1";
        std::vector<RecipientFiles> recipients;
        std::vector<EVP_PKEY*> public_keys;
        for (const KeyFiles& files : keys_.recipients()) {
            settings.read_recipients.push_back(files.certificate);
            recipients.push_back({files.key, files.certificate});
            certificates_.push_back(TRY(load_certificate(files.certificate)));
            public_keys.push_back(X509_get0_pubkey(certificates_.back().get()));
        }
        settings.plate_recipients = settings.overview_recipients = settings.read_recipients;
        sealer_.emplace(TRY(Sealer::create(settings, *key_)));
        TrustStore trust = TRY(
            TrustStore::create({.ca_chain = keys_.authority(), .signers = keys_.devices()[0].certificate}));
        opener_.emplace(TRY(EnvelopeOpener::create({recipients.front()}, std::move(trust))));
        bare_.emplace(key_->key(), std::move(public_keys));
        head_.next_seq = 1;
        return {};
    }

    [[nodiscard]] Result<SealedRecord> seal(const CaptureRecord& record) const {
        return sealer_->seal(record, head_, {});
    }

    Result<void> measure_bytes(Table& table) {
        const SealedRecord sealed = TRY(seal(record_));
        const OpenedRead opened = opener_->open_read(sealed.items[0].blob, record_.captured);
        if (!opened.payload)
            return fail(ErrorCode::internal, "bench: the sealed read does not open: {}", opened.reason);
        text_ = TRY(encode_payload(*opened.payload));
        for (std::size_t row = read; row < record; ++row) {
            const ByteView blob = sealed.items[row].blob;
            table[row].bytes = {
                row == read ? text_.size() : record_.media[row - 1].jpeg.size(),
                TRY(gate(blob)).content_bytes,
                blob.size()
            };
            table[record].bytes.plain += table[row].bytes.plain;
            table[record].bytes.padded += table[row].bytes.padded;
            table[record].bytes.blob += table[row].bytes.blob;
        }
        signed_bytes_ = table[read].bytes.padded;
        for (const Media& picture : record_.media) {
            only_[picture.role == MediaRole::plate ? plate : overview] = record_;
            only_[picture.role == MediaRole::plate ? plate : overview].media = {picture};
            padded_.emplace_back(bucket_bytes(picture.role, picture.jpeg.size()));
        }
        only_[read] = record_;
        only_[read].media.clear();
        only_[record] = record_;
        return {};
    }

    template <class Work>
    static Result<double> timed(const Work& work) {
        const double begin = processor_us();
        TRY(work());
        return processor_us() - begin;
    }

    Result<void> bare(std::size_t row) {
        if (row == read || row == record) TRY(bare_->read(as_bytes(text_), signed_bytes_));
        if (row == plate || row == record) TRY(bare_->picture(padded_[0]));
        if (row == overview || row == record) TRY(bare_->picture(padded_[1]));
        return {};
    }

    Result<void> open(std::size_t row, const SealedRecord& sealed) {
        if (row == read || row == record)
            if (!opener_->open_read(sealed.items[0].blob, record_.captured).payload)
                return fail(ErrorCode::internal, "bench: a sealed read does not open");
        for (std::size_t i = 1; i < sealed.items.size(); ++i)
            if (opener_->open_media(sealed.items[i].blob).authenticity != Authenticity::authentic)
                return fail(ErrorCode::internal, "bench: a sealed picture does not open");
        return {};
    }

    /// Sealed, bare and opened in turns, so that each has its share of what else the machine does; each some
    /// times in a row, so that none finds the caches as another left them.
    Result<void> measure_round(Table& table, bool counted) {
        for (std::size_t row = read; row < rows; ++row) {
            SealedRecord sealed;
            const auto do_seal = [&]() -> Result<void> {
                sealed = TRY(seal(only_[row]));
                return {};
            };
            std::array<double, in_a_row> sealed_us{};
            std::array<double, in_a_row> bare_us{};
            std::array<double, in_a_row> opened_us{};
            for (double& us : sealed_us)
                us = TRY(timed(do_seal));
            for (double& us : bare_us)
                us = TRY(timed([&] { return bare(row); }));
            for (double& us : opened_us)
                us = TRY(timed([&] { return open(row, sealed); }));
            if (!counted) continue;
            for (std::size_t i = 0; i < in_a_row; ++i) {
                table[row].sealed.push_back(sealed_us[i]);
                table[row].bare.push_back(bare_us[i]);
                table[row].opened.push_back(opened_us[i]);
            }
        }
        return {};
    }

    SealOptions options_;
    ThrowAwayKeys keys_;
    CaptureRecord record_;
    std::array<CaptureRecord, rows> only_;
    std::vector<Bytes> padded_;
    std::string text_;
    std::size_t signed_bytes_ = 0;
    ChainHead head_;
    std::unique_ptr<FileSigningKey> key_;
    std::vector<X509Ptr> certificates_;
    std::optional<Sealer> sealer_;
    std::optional<EnvelopeOpener> opener_;
    std::optional<BareOpenssl> bare_;
};

/// A picture is sealed with its read only: it takes what the two take longer than the read alone.
double sealed_us(const Table& table, std::size_t row, double share) {
    const double alone = row == plate || row == overview ? percentile(table[read].sealed, share) : 0;
    return percentile(table.at(row).sealed, share) - alone;
}

/// Of the least disturbed tenth: on a busy machine the medians of both tell as much of the others.
double ratio(const Table& table, std::size_t row) {
    return sealed_us(table, row, 0.1) / percentile(table.at(row).bare, 0.1);
}

void print_table(const Table& table, const SealOptions& options) {
    fmt::print("{} rounds, {} recipient(s) each, {}; us of processor time, medians\n", options.rounds,
               options.recipients, OpenSSL_version(OPENSSL_VERSION));
    fmt::print("{:<9}{:>8}{:>9}{:>7}{:>9}{:>9}{:>9}{:>9}{:>8}\n", "", "sealed", "bare", "ratio", "opened",
               "plain", "padded", "blob", "added");
    for (std::size_t row = read; row < rows; ++row) {
        const Figures& figures = table.at(row);
        fmt::print("{:<9}{:>8.0f}{:>9.0f}{:>7.2f}{:>9.0f}{:>9}{:>9}{:>9}{:>8}\n", row_names.at(row),
                   sealed_us(table, row, 0.5), median(figures.bare), ratio(table, row),
                   median(figures.opened), figures.bytes.plain, figures.bytes.padded, figures.bytes.blob,
                   figures.bytes.blob - figures.bytes.plain);
    }
}

Json times(const std::vector<double>& us) {
    return {{"p10", percentile(us, 0.1)}, {"median", median(us)}, {"p99", percentile(us, 0.99)}};
}

Json sealed_times(const Table& table, std::size_t row) {
    return {{"p10", sealed_us(table, row, 0.1)},
            {"median", sealed_us(table, row, 0.5)},
            {"p99", sealed_us(table, row, 0.99)}};
}

void print_json(const Table& table, const SealOptions& options) {
    Json out = {{"rounds", options.rounds},
                {"recipients", options.recipients},
                {"threads", 1},
                {"openssl", OpenSSL_version(OPENSSL_VERSION)}};
    for (std::size_t row = read; row < rows; ++row) {
        const Figures& figures = table.at(row);
        out[row_names.at(row)] = {{"sealed_us", sealed_times(table, row)},
                                  {"bare_us", times(figures.bare)},
                                  {"ratio", ratio(table, row)},
                                  {"opened_us", times(figures.opened)},
                                  {"plain_bytes", figures.bytes.plain},
                                  {"padded_bytes", figures.bytes.padded},
                                  {"blob_bytes", figures.bytes.blob}};
    }
    fmt::print("{}\n", out.dump(1));
}

}  // namespace

Result<void> run_seal(const SealOptions& options) {
    const auto bench = TRY(Bench::create(options));
    const Table table = TRY(bench->measure());
    options.json ? print_json(table, options) : print_table(table, options);
    return {};
}

}  // namespace portcullis::bench
