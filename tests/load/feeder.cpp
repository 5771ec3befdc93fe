// load_feeder: devices that seal reads and send them to a collector's broker at a given rate, until each has
// its signed receipt. Plays reader and uplink in one thread, without a spool: what is measured stands at the
// other end. Prints one line of JSON. See collector_load.py, which starts all the rest.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "drivers/broker/paho/paho_broker.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "inbox/receipt_gate.hpp"
#include "seal/sealer.hpp"

using namespace portcullis;

namespace {

using Steady = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr auto nap = milliseconds(1);
constexpr auto connect_limit = std::chrono::seconds(30);
constexpr auto resend_after = std::chrono::seconds(5);  // as a patient uplink does
constexpr std::size_t resent_at_once = 64;
constexpr int checkpoint_every = 64;

struct Options {
    std::string uri;
    std::filesystem::path pki;
    std::vector<std::string> devices;
    double rate = 500;  // records a second, of all devices together
    int seconds = 10;
    int patience_s = 120;  // after the last one, for the receipts
    bool pictures = false;
};

CaptureRecord record_of(bool pictures, std::mt19937& random) {
    constexpr std::string_view letters = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789";
    CaptureRecord record;
    record.passage = {random(),
                      "lane-1",
                      Direction::approaching,
                      BootTime(microseconds(1'000'000)),
                      BootTime(microseconds(1'900'000)),
                      12};
    for (int i = 0; i < 7; ++i)
        record.read.characters.push_back(
            {letters[random() % letters.size()], 0.98F, {{'8', 0.01F}, {'0', 0.002F}}});
    record.read.raw = text_of(record.read.characters);
    record.read.confidence = 0.9F;
    record.read.readings = 9;
    record.quad = {{{{10.5F, 20.25F}, {110, 22}, {109, 48}, {9, 46}}}};
    record.captured = SystemClock().utc();
    record.captured_since_boot = SystemClock().since_boot();
    record.clock.quality = ClockQuality::ntp;
    record.firmware = "load";
    if (!pictures) return record;
    record.media.push_back({MediaRole::plate, Bytes(3000, std::byte{0xd8})});
    record.media.push_back({MediaRole::overview, Bytes(20'000, std::byte{0xd9})});
    return record;
}

/// As the uplink makes it.
BrokerMessage message_of(const std::string& device, const ChainId& chain, const SealedItem& item) {
    return {.topic = fmt::format("lpr/v1/dev/{}/{}", device, topic_leaf(item.kind)),
            .payload = item.blob,
            .content_type = "application/cms",
            .properties = {{"v", "1"},
                           {"chain", to_string(chain)},
                           {"seq", std::to_string(item.seq)},
                           {"kind", std::string(to_string(item.kind))}}};
}

struct Sums {
    std::uint64_t records = 0;
    std::uint64_t items = 0;
    std::uint64_t receipts = 0;
    std::uint64_t resent = 0;
    std::uint64_t lost = 0;            // without a receipt at the end
    std::uint64_t wrong_receipts = 0;  // refused, or with another link than ours
    std::vector<double> latency_ms;    // of each record, from when it was due to its receipt

    void add(const Sums& more) {
        records += more.records;
        items += more.items;
        receipts += more.receipts;
        resent += more.resent;
        lost += more.lost;
        wrong_receipts += more.wrong_receipts;
        latency_ms.insert(latency_ms.end(), more.latency_ms.begin(), more.latency_ms.end());
    }
};

/// One device: its keys, its chain, its line, and what has no receipt yet. Receipts come from the broker's
/// thread.
class Device {
  public:
    static Result<std::unique_ptr<Device>> create(const Options& options, const std::string& name) {
        const std::filesystem::path folder = options.pki / "devices" / name;
        auto key = TRY(FileSigningKey::create(folder / "read.key", folder / "read.crt"));
        SealerSettings settings;
        settings.device = name;
        settings.fleet = "load";
        settings.boot = "boot-1";
        settings.read_recipients = {options.pki / "recipients" / "collector-read.crt"};
        settings.plate_recipients =
            settings.overview_recipients = {options.pki / "recipients" / "collector-evidence.crt"};
        Sealer sealer = TRY(Sealer::create(std::move(settings), *key));
        TrustSettings trust;
        trust.ca_chain = options.pki / "service-chain.pem";
        trust.signers = options.pki / "collector" / "receipt.crt";
        trust.use = CertificateUse::sign_receipts;
        ReceiptGate gate(TRY(TrustStore::create(trust)), name);
        PahoSettings line;
        line.uri = options.uri;
        line.ca = options.pki / "service-chain.pem";
        line.certificate = folder / "identity.crt";
        line.key = folder / "identity.key";
        auto broker = TRY(PahoBroker::create(line));
        return std::unique_ptr<Device>(
            new Device(name, std::move(key), std::move(sealer), std::move(gate), std::move(broker)));
    }

    Result<void> start() {
        TRY(broker_->subscribe(fmt::format("lpr/v1/dev/{}/ack", name_)));
        return broker_->start(
            {.message = [this](const BrokerMessage& message) { take_receipt(message); },
             .accepted =
                 [this](std::uint64_t seq, const Result<void>& accepted) {
                     const std::lock_guard lock(mutex_);
                     if (!accepted) unsent_.push_back(seq);
                 },
             .state = [this](bool connected, const std::string&) { connected_ = connected; }});
    }
    void stop() { broker_->stop(); }
    [[nodiscard]] bool connected() const { return connected_; }

    Result<void> record(Steady::time_point due, bool pictures, std::mt19937& random) {
        const SealedRecord sealed = TRY(sealer_.seal(record_of(pictures, random), head_, {}));
        ++sums_.records;
        for (const SealedItem& item : sealed.items)
            add(item, item.kind == ItemKind::read ? due : Steady::time_point());
        if (sums_.records % checkpoint_every == 0) {
            const SealedItem checkpoint =
                TRY(sealer_.checkpoint(head_, checkpointed_ + 1, SystemClock().utc()));
            checkpointed_ = checkpoint.seq;
            add(checkpoint, {});
        }
        return {};
    }

    /// Hands to the library what it takes now. Not with our mutex held: the library calls us with its own.
    void send() {
        while (const auto next = next_unsent()) {
            if (!broker_->publish(next->first, next->second)) return;
            const std::lock_guard lock(mutex_);
            unsent_.pop_front();
            if (const auto item = waiting_.find(next->first); item != waiting_.end())
                item->second.sent = Steady::now();
        }
    }

    [[nodiscard]] std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return waiting_.size();
    }
    [[nodiscard]] Sums sums() const {
        const std::lock_guard lock(mutex_);
        Sums sums = sums_;
        sums.lost = waiting_.size();
        return sums;
    }

  private:
    struct Waiting {
        BrokerMessage message;
        Steady::time_point due;  // zero: not a read
        Steady::time_point sent;
        Digest link;
    };

    Device(std::string name, std::unique_ptr<FileSigningKey> key, Sealer sealer, ReceiptGate gate,
           std::unique_ptr<PahoBroker> broker)
        : name_(std::move(name)),
          key_(std::move(key)),
          sealer_(std::move(sealer)),
          gate_(std::move(gate)),
          broker_(std::move(broker)) {
        std::random_device chance;
        for (std::byte& byte : head_.chain.bytes)
            byte = static_cast<std::byte>(chance());
        head_.link = first_link(name_, head_.chain);
    }

    void add(const SealedItem& item, Steady::time_point due) {
        const std::lock_guard lock(mutex_);
        Waiting waiting{message_of(name_, head_.chain, item), due, {}, item.link};
        waiting_.emplace(item.seq, std::move(waiting));
        unsent_.push_back(item.seq);
        head_ = {head_.chain, item.seq + 1, item.link};
        ++sums_.items;
    }

    std::optional<std::pair<Seq, BrokerMessage>> next_unsent() {
        const std::lock_guard lock(mutex_);
        if (unsent_.empty()) send_again();
        while (!unsent_.empty() && !waiting_.contains(unsent_.front()))
            unsent_.pop_front();  // its receipt came meanwhile
        if (unsent_.empty()) return std::nullopt;
        return std::pair(unsent_.front(), waiting_.at(unsent_.front()).message);
    }

    /// The oldest first: what is missing among them holds up the receipts of all that follow.
    void send_again() {
        const Steady::time_point now = Steady::now();
        for (const auto& [seq, item] : waiting_) {
            if (item.sent == Steady::time_point() || now - item.sent < resend_after ||
                unsent_.size() == resent_at_once)
                return;
            unsent_.push_back(seq);
            ++sums_.resent;
        }
    }

    void take_receipt(const BrokerMessage& message) {
        const Steady::time_point now = Steady::now();
        const Result<Receipt> receipt = gate_.open(message.payload, SystemClock().utc());
        const std::lock_guard lock(mutex_);
        ++sums_.receipts;
        const auto upto = receipt ? waiting_.find(receipt->upto) : waiting_.end();
        const bool old = receipt && receipt->chain == head_.chain && receipt->upto < received_;
        const bool again = receipt && receipt->chain == head_.chain && receipt->upto == received_;
        if (old || again) return;
        if (upto == waiting_.end() || receipt->chain != head_.chain || receipt->link != upto->second.link) {
            ++sums_.wrong_receipts;
            return;
        }
        received_ = receipt->upto;
        for (auto item = waiting_.begin(); item != std::next(upto); ++item)
            if (item->second.due != Steady::time_point())
                sums_.latency_ms.push_back(
                    std::chrono::duration<double, std::milli>(now - item->second.due).count());
        waiting_.erase(waiting_.begin(), std::next(upto));
    }

    std::string name_;
    std::unique_ptr<FileSigningKey> key_;
    Sealer sealer_;
    ReceiptGate gate_;
    std::unique_ptr<PahoBroker> broker_;
    std::atomic<bool> connected_ = false;
    ChainHead head_{};
    Seq checkpointed_ = 0;
    mutable std::mutex mutex_;
    std::map<Seq, Waiting> waiting_;  // no receipt yet
    std::deque<Seq> unsent_;
    Seq received_ = 0;
    Sums sums_;
};

using Devices = std::vector<std::unique_ptr<Device>>;

Result<Devices> connect(const Options& options) {
    Devices devices;
    for (const std::string& name : options.devices)
        devices.push_back(TRY(Device::create(options, name)));
    for (const auto& device : devices)
        TRY(device->start());
    const auto end = Steady::now() + connect_limit;
    while (!std::ranges::all_of(devices, [](const auto& device) { return device->connected(); })) {
        if (Steady::now() > end)
            return fail(ErrorCode::closed, "not all devices could connect to {}", options.uri);
        std::this_thread::sleep_for(nap);
    }
    return devices;
}

/// A record is due every 1/rate seconds, whether those before it got through or not.
Result<void> feed(const Options& options, const Devices& devices) {
    std::mt19937 random(1);
    const auto records = static_cast<std::uint64_t>(options.rate * options.seconds);
    const Steady::time_point begin = Steady::now();
    for (std::uint64_t n = 0; n < records; ++n) {
        const auto due = begin + std::chrono::duration_cast<Steady::duration>(
                                     std::chrono::duration<double>(static_cast<double>(n) / options.rate));
        while (Steady::now() < due) {
            for (const auto& device : devices)
                device->send();
            std::this_thread::sleep_until(std::min(due, Steady::now() + nap));
        }
        Device& device = *devices[n % devices.size()];
        TRY(device.record(due, options.pictures, random));
        device.send();
    }
    return {};
}

void wait_for_receipts(const Options& options, const Devices& devices) {
    const auto end = Steady::now() + std::chrono::seconds(options.patience_s);
    while (std::ranges::any_of(devices, [](const auto& device) { return device->waiting() > 0; }) &&
           Steady::now() < end) {
        for (const auto& device : devices)
            device->send();
        std::this_thread::sleep_for(nap);
    }
}

Json json_of(const Options& options, Sums sums, double took_s) {
    std::ranges::sort(sums.latency_ms);
    const auto share = [&](double part) {
        return sums.latency_ms.empty() ? 0.0
                                       : sums.latency_ms[static_cast<std::size_t>(
                                             part * static_cast<double>(sums.latency_ms.size() - 1))];
    };
    return {{"records", sums.records},
            {"items", sums.items},
            {"records_per_s_wanted", options.rate},
            {"records_per_s", static_cast<double>(sums.records) / took_s},
            {"devices", options.devices.size()},
            {"receipts", sums.receipts},
            {"resent", sums.resent},
            {"lost", sums.lost},
            {"wrong_receipts", sums.wrong_receipts},
            {"due_to_receipt_ms", {{"p50", share(0.5)}, {"p99", share(0.99)}, {"max", share(1)}}}};
}

Result<bool> run(const Options& options) {
    const Devices devices = TRY(connect(options));
    const Steady::time_point begin = Steady::now();
    TRY(feed(options, devices));
    wait_for_receipts(options, devices);
    const std::chrono::duration<double> took = Steady::now() - begin;
    Sums sums;
    for (const auto& device : devices) {
        device->stop();
        sums.add(device->sums());
    }
    const bool whole = sums.lost == 0 && sums.wrong_receipts == 0;
    fmt::print("{}\n", json_of(options, std::move(sums), took.count()).dump());
    return whole;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App program("Seals reads as devices do, and sends them to a collector's broker at a given rate");
    program.add_option("--uri", options.uri, "The broker's listener for devices")->required();
    program.add_option("--pki", options.pki, "A folder of board/host/make-pki")->required();
    program.add_option("--device", options.devices, "A device of it; may be given several times")->required();
    program.add_option("--rate", options.rate, "Records a second, of all devices together");
    program.add_option("--seconds", options.seconds, "How long");
    program.add_option("--patience", options.patience_s, "Seconds for the last receipts");
    program.add_flag("--pictures", options.pictures, "Each record with both pictures");
    CLI11_PARSE(program, argc, argv);
    const auto whole = run(options);
    if (!whole) fmt::print(stderr, "load_feeder: {}\n", whole.error().message());
    return whole && *whole ? 0 : 1;
}
