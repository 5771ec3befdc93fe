// Keys, recipients, models and settings: what the reader meets at its start, and what comes through the
// inbox.
#include <doctest/doctest.h>

#include <fstream>

#include "config/reader_settings.hpp"
#include "integration/faults/fault_row.hpp"
#include "pipeline/model_eyes.hpp"
#include "support/inbox_device.hpp"

namespace portcullis::test {

namespace {

/// What refuses, and whether it does no more once it is mended.
template <class Attempt>
Seen refused(Attempt attempt, const std::function<void()>& mend) {
    const auto before = attempt();
    Seen seen{before ? "running" : "refused at the start", before ? "" : before.error().message(), false};
    mend();
    seen.recovered = attempt().has_value();
    return seen;
}

struct Wall : InboxDevice {
    void take(const RecipientSet& set) {
        REQUIRE(uplink.put(recipients_name, desk.sign(set)));
        intake.look({});
    }
    /// How many items a record has now; 0: none can be sealed.
    [[nodiscard]] std::size_t items() {
        intake.choose(ClockQuality::ntp);
        const auto sealed = sealer.seal(sample_record(), first_head(), {});
        return sealed ? sealed->items.size() : 0;
    }
};

Seen without_a_set_for(std::chrono::days days) {
    Wall wall;
    wall.take(wall.desk.set(1));
    const std::size_t whole = wall.items();
    const LogCatcher log;
    wall.clock.advance(days);
    const std::size_t left = wall.items();
    Seen seen{left == whole ? "flagged"
              : left > 0    ? "without pictures"
                            : "records nothing",
              log.text(), false};
    RecipientSet next = wall.desk.set(2);
    next.issued = wall.clock.utc();
    wall.take(next);
    seen.recovered = wall.items() == whole;
    return seen;
}

Seen rubbish_for_a_set() {
    Wall wall;
    wall.take(wall.desk.set(1));
    const std::size_t whole = wall.items();
    const LogCatcher log;
    REQUIRE(wall.uplink.put(recipients_name, to_bytes("not a set")));
    wall.intake.look({});
    Seen seen{wall.items() == whole ? "running" : "records nothing", log.text(), false};
    wall.take(wall.desk.set(2));
    seen.recovered = wall.recipients.in_use()->set.version == 2;
    return seen;
}

Seen no_set_yet() {
    const LogCatcher log;
    Wall wall;
    Seen seen{wall.items() == 0 ? "records nothing" : "running", log.text(), false};
    wall.take(wall.desk.set(1));
    seen.recovered = wall.items() > 0;
    return seen;
}

/// The detector's folder, whole or not; what else is missing is named in its turn.
Seen with_detector(const std::function<void(const std::filesystem::path& weights)>& harm) {
    const TempDir folder;
    const std::filesystem::path source = PORTCULLIS_SOURCE_DIR "/models";
    for (const char* name : {"plate-detector", "plate-fitter", "plate-network", "plate-network-second",
                             "plate-reader", "plate-formats"})
        std::filesystem::copy(source / name, folder.path() / name, std::filesystem::copy_options::recursive);
    const auto weights = folder.path() / "plate-detector" / "plate-detector.onnx.gz";
    harm(weights);
    return refused([&] { return load_eyes(folder.path()); },
                   [&] {
                       std::filesystem::copy_file(source / "plate-detector" / "plate-detector.onnx.gz",
                                                  weights, std::filesystem::copy_options::overwrite_existing);
                   });
}

Seen expired() {
    Road road;
    const KeyFiles old = road.pki.issue("old", "gate-1", {.until = now - day});
    const auto key = FileSigningKey::create(old.key, old.certificate);
    REQUIRE(key);
    const Sealer sealer = road.sealer_with(**key, "gate-1");
    const auto doubts = sealer.date_doubts(now);
    const bool seals = sealer.seal(sample_record(), first_head(), {}).has_value();
    return {seals ? "flagged" : "records nothing", doubts.empty() ? "" : doubts.front(),
            road.sealer_with(*road.key, "gate-1").date_doubts(now).empty()};
}

Seen bad_settings(const std::string& from, const std::string& to) {
    const TempDir folder;
    std::ifstream example(PORTCULLIS_SOURCE_DIR "/board/host/config/reader.toml");
    const std::string good{std::istreambuf_iterator<char>(example), {}};
    std::string bad = good;
    REQUIRE(bad.find(from) != std::string::npos);
    bad.replace(bad.find(from), from.size(), to);
    const auto file = folder.path() / "reader.toml";
    std::ofstream(file) << bad;
    return refused([&] { return load_reader_settings(file, "film.mp4"); },
                   [&] { std::ofstream(file) << good; });
}

const char* const mended = "starts when it is mended";

}  // namespace

FaultRows key_faults() {
    return {
        {"signing key", Fault::offline, "its file is missing", "refused at the start", "read.key", mended,
         [] {
             Road road;
             const auto place = road.pki.folder() / "read.key";
             return refused([&] { return FileSigningKey::create(place, road.device.certificate); },
                            [&] { std::filesystem::copy_file(road.device.key, place); });
         }},
        {"signing key", Fault::corrupt, "its file is rubbish", "refused at the start",
         "not an unencrypted PEM private key", mended,
         [] {
             Road road;
             const auto place = road.pki.folder() / "read.key";
             std::filesystem::copy_file(road.device.key, place);
             std::ofstream(place, std::ios::trunc) << "rubbish";
             return refused([&] { return FileSigningKey::create(place, road.device.certificate); },
                            [&] {
                                std::filesystem::copy_file(road.device.key, place,
                                                           std::filesystem::copy_options::overwrite_existing);
                            });
         }},
        {"signing key", Fault::error, "it and its certificate are of two pairs", "refused at the start",
         "belongs to another private key; name the key and certificate of one pair", mended,
         [] {
             Road road;
             const KeyFiles other = road.pki.device("gate-2");
             std::filesystem::path certificate = other.certificate;
             return refused([&] { return FileSigningKey::create(road.device.key, certificate); },
                            [&] { certificate = road.device.certificate; });
         }},
        {"signing key", Fault::error, "its certificate is expired", "flagged", "expired on",
         "reads go on, the collector judges them; a new certificate ends it", expired},
        {"recipients", Fault::offline, "a recipient's certificate is missing", "refused at the start",
         "nobody.crt", mended,
         [] {
             Road road;
             SealerSettings settings;
             settings.device = "gate-1";
             settings.fleet = "test";
             settings.boot = "boot-1";
             settings.plate_recipients = settings.overview_recipients = {road.reader.certificate};
             settings.read_recipients = {road.pki.folder() / "nobody.crt"};
             return refused([&] { return Sealer::create(settings, *road.key); },
                            [&] { settings.read_recipients = {road.reader.certificate}; });
         }},
        {"recipients", Fault::offline, "no signed set has come yet", "records nothing",
         "nothing is recorded until one comes", "records when the first set comes", no_set_yet},
        {"recipients", Fault::offline, "no new set for 8 days", "flagged", "no new set for 7 days",
         "whole when a new set comes", [] { return without_a_set_for(std::chrono::days(8)); }},
        {"recipients", Fault::offline, "no new set for 15 days", "without pictures",
         "no new recipient set for 14 days: no pictures are kept any more", "whole when a new set comes",
         [] { return without_a_set_for(std::chrono::days(15)); }},
        {"recipients", Fault::offline, "no new set for 22 days", "records nothing",
         "no new recipient set for 21 days: nothing is recorded any more", "whole when a new set comes",
         [] { return without_a_set_for(std::chrono::days(22)); }},
        {"recipients", Fault::corrupt, "rubbish in the inbox for a set", "running",
         "a recipient set in the inbox is not taken, going on with the one before",
         "the set in use stays; a good one is taken", rubbish_for_a_set},
        {"models", Fault::offline, "a model's weights are missing", "refused at the start",
         "plate-detector.onnx.gz", mended,
         [] { return with_detector([](const auto& weights) { std::filesystem::remove(weights); }); }},
        {"models", Fault::corrupt, "a model's weights are damaged", "refused at the start", "its SHA-256 is",
         mended,
         [] {
             return with_detector([](const auto& weights) {
                 std::filesystem::resize_file(weights, std::filesystem::file_size(weights) / 2);
             });
         }},
        {"settings", Fault::error, "a key that nobody knows", "refused at the start", "hang_z", mended,
         [] { return bad_settings("hang_s =", "hang_z ="); }},
        {"settings", Fault::error, "a value out of its range", "refused at the start", "supervision.cool_c",
         mended, [] { return bad_settings("cool_c = 78.0", "cool_c = 99.0"); }},
    };
}

}  // namespace portcullis::test
