#include "apps/portcullis/bench_command.hpp"

#include <CLI/CLI.hpp>

#include "apps/portcullis/bench_accuracy.hpp"
#include "apps/portcullis/bench_collector.hpp"
#include "apps/portcullis/bench_crossings.hpp"
#include "apps/portcullis/bench_exposure.hpp"
#include "apps/portcullis/bench_index.hpp"
#include "apps/portcullis/bench_road.hpp"
#include "apps/portcullis/bench_seal.hpp"
#include "apps/portcullis/bench_speed.hpp"
#include "apps/portcullis/bench_spool.hpp"
#include "apps/portcullis/models_folder.hpp"
#include "base/log.hpp"
#include "record/size_bucket.hpp"
#include "seal/gate.hpp"
#include "wall/wall.hpp"

namespace portcullis {

namespace {

constexpr auto accuracy_footer =
    "Scenes and negatives go through detect, rectify and read; crops are read as patches. Columns:\n"
    "  texts      labelled plates whose text is known\n"
    "  found%     plates met by a read's quad, IoU of upright boxes >= 0.4 (not crops: they are plates "
    "already)\n"
    "  exact%     of texts: the most confident read that meets the plate is wholly right, A-Z and 0-9 "
    "compared\n"
    "  right%     the same with O taken as 0 and I as 1\n"
    "  false/pic  reads that touch no labelled plate (IoU < 0.1, centre outside), a scene or negative\n"
    "  ECE        expected calibration error of the answers' confidence: 10 bins of equal width, the mean "
    "of\n"
    "             |share right - mean confidence| weighted by the bins' answers (Naeini et al. 2015, Guo et "
    "al.\n"
    "             2017). Answers: the most confident read of each text, and each false read (wrong); right "
    "as\n"
    "             in right%\n"
    "  answered%  of texts: answered, right or wrong, at the lowest confidence threshold at which 99.5 % of "
    "the\n"
    "             answers, false reads among them, are right\n"
    "  ms         detect, rectify and read of a picture, without decoding; with --threads above 1 they "
    "disturb\n"
    "             each other\n"
    "A picture that cannot be read counts as one without a read and is told.\n"
    "\n"
    "--gallery holds READABLE PLATES with their texts: personal data. The folder must be new or empty and "
    "is\n"
    "closed to other users; keep it as you keep the photographs and delete it when you have looked. The "
    "same\n"
    "goes for --predictions.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto speed_footer =
    "PATH is a folder of JPEG and PNG pictures, one picture, or @FILE with one picture a line. Each is "
    "scaled\n"
    "to fit --size and padded, then detected, rectified and read on one thread. Three passes over the first\n"
    "picture warm up and are not counted. An unreadable picture ends the run.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto road_footer =
    "FILM goes round until --frames were taken, one after the other at --fps, as a camera gives them: what "
    "the\n"
    "road does not take in time is dropped and counted. Each record is sealed for one recipient, with plate\n"
    "picture and redacted overview, and appended to a spool beneath --folder, which goes at the end.\n"
    "  processor_percent    of one core, of this process; the film is decoded by another, as a camera would\n"
    "  frame_to_durable_ms  from the frame that decided on a record (its plate has been out of sight for "
    "long\n"
    "                       enough, or the vote is good) until the record is durable in the spool\n"
    "  right_percent        records whose text is one of the truth's, O as 0 and I as 1\n"
    "  resident_mb          memory after each tenth of the frames\n"
    "With --fast the film goes as fast as the road takes it, and nothing is dropped: for long runs.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto spool_footer =
    "Appends records as they are sealed to one recipient (a read of 2,886 bytes, a plate picture of 16,666, "
    "an\n"
    "overview of 33,050: the first size buckets; a checkpoint every 64 items) to a new spool beneath "
    "FOLDER,\n"
    "which should lie on the disk that the device will use; about 60 kB a record are taken there, and given\n"
    "back. Columns:\n"
    "  appends/s, p50, p99, max   of one append, durable (synchronous=FULL) when it returns\n"
    "  sealed B   bytes of a record's sealed items\n"
    "  wal B      written to the -wal file for a record; main B: to the spool's file when the -wal file is\n"
    "             worked off\n"
    "  amplif.    (wal B + main B) / sealed B\n"
    "  blocks     the same in whole blocks of 4 KiB, as the page cache hands them on: what wears the flash; "
    "what\n"
    "             the file system's journal and the flash's own housekeeping add comes on top\n"
    "  syncs      fdatasync calls for a record\n"
    "Tombstones are written and not signed.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto index_footer =
    "Fills a new index beneath FOLDER (about 400 bytes a row, given back) with made-up plates, evenly over "
    "the\nepochs, opens it anew and searches. Lines:\n"
    "  exact        a plate that passes twice an epoch of 100,000, over all epochs\n"
    "  look_alike   the same, folded\n"
    "  never_read   a plate that is in none: one look-up an epoch\n"
    "  part         ?A* in a window of at most 9,000 passages, each of which is opened\n"
    "  opened       rows that were opened for it; found: those that fit\n"
    "The audit log's two syncs and the socket come on top. A read entered by itself is what the opener does\n"
    "with each; many in one transaction, what a rebuild does.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto collector_footer =
    "Devices seal records beforehand. Then one ingest stores and receipts them, alone; then, of as many new\n"
    "ones, each worker does all: an ingest and an opener in one thread, as fast as they can. Without broker "
    "and\n"
    "sockets (tests/load/collector_load.py has them). Lines:\n"
    "  opening a read    what nobody can do without: ECDH, decryption, two digests and a signature checked\n"
    "  ingest alone      gate, chain, rows, commit and receipts\n"
    "  N ingest, opener  the same, and verdicts, index and the verdicts' rows; `came a second` of all "
    "workers\n"
    "us of a core are of the workers' threads; a server's processes come on top.\n"
    "A database at --server must be empty; what is written there stays.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto crossings_footer =
    "Makes up traffic and what two cameras read of it (bench_traffic.hpp says how), always the same for one\n"
    "--seed, and asks which passages are of one vehicle, stays of at most 24 hours. Lines: all matches; "
    "those "
    "of\n"
    "equal texts; of look-alikes; with an error more. Columns:\n"
    "  precision%   of the matches: both passages are of one stay\n"
    "  recall%      of the stays of which both passages were recorded and read, and which were short enough: "
    "\n"
    "               those that were matched rightly\n"
    "No index, no file: what opening the cells costs, `portcullis bench index` tells.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto exposure_footer =
    "Fills a new store beneath FOLDER (given back) with sealed passages of two pictures each, evenly over\n"
    "devices and days, opens it anew and answers: key, one day's key of reads is known; device, one device "
    "in\n"
    "other hands; account, somebody acted as an account; disk_copy, a copy of the opener's disk. The "
    "seconds\n"
    "hold table, JSON and page.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

constexpr auto seal_footer =
    "Keys are made for this run in the folder for temporary files (TMPDIR) and deleted at its end. Columns:\n"
    "  sealed   us of processor time from the plain item to its blob and link: text, signature, padding, "
    "encryption, digests\n"
    "  bare     us of the OpenSSL operations that the item cannot do without, same sizes, same run, in "
    "turns:\n"
    "           SHA-256 of what is sealed and of the blob; for a read one ECDSA P-256 signature; "
    "AES-256-GCM; for\n"
    "           each recipient a new P-256 key pair, ECDH, X9.63 KDF and AES-256 key wrap\n"
    "  ratio    sealed / bare, of the fastest tenth of each\n"
    "  opened   us from the blob to its verdict, the signing key's certificates judged before\n"
    "  plain    bytes before sealing: text of a read, JPEG of a picture\n"
    "  padded   bytes that are encrypted (a read's: with its signature)\n"
    "  blob     bytes as spooled and published\n"
    "A record is a read with a plate picture and an overview.\n"
    "\n"
    "Exit code: 0 measured, 1 failed, 2 wrong usage or configuration.";

int run(const std::function<Result<void>()>& measure) {
    const auto whole = [&]() -> Result<void> {
        if (const auto denied = deny_network(); !denied)
            log_warning("bench", "runs without its own wall: {}", denied.error().message());
        return measure();
    };
    const auto done = whole();
    if (done) return 0;
    fmt::print(stderr, "portcullis bench: {}\n", done.error().message());
    return done.error().code() == ErrorCode::configuration ? 2 : 1;
}

template <class Options>
int run_with_models(Options options, Result<void> (*measure)(const Options&)) {
    return run([&]() -> Result<void> {
        options.models = TRY(find_models(options.models));
        return measure(options);
    });
}

void add_common(CLI::App& command, bool& json, std::filesystem::path& models) {
    command.add_flag("--json", json, "Print JSON instead of a table");
    command.add_option("--models", models,
                       "Folder of the models (default: PORTCULLIS_MODELS, else the installed ones)");
}

void add_accuracy(CLI::App& bench, bench::AccuracyOptions& options) {
    CLI::App* command = bench.add_subcommand("accuracy", "Measure reads against labelled pictures");
    command->footer(accuracy_footer);
    command->add_option("--labels", options.labels, "CSV file of the labels")->required();
    command->add_option("--images", options.images, "Folder of the pictures (default: that of the labels)");
    command->add_option("--hint", options.hints, "Only rows of these split_hint values")->delimiter(',');
    command->add_option("--kind", options.kinds, "Only these of scene,crop,negative")
        ->delimiter(',')
        ->check(CLI::IsMember({"scene", "crop", "negative"}));
    command->add_option("--source", options.sources, "Only rows of these sources")->delimiter(',');
    command->add_option("--threads", options.threads, "Workers, each with its own models")
        ->check(CLI::Range(1, bench::max_threads))
        ->capture_default_str();
    command
        ->add_option("--sure-alone", options.opinion.sure_alone,
                     "Ask the second network below this confidence of the first; 0: never, 1: always")
        ->check(CLI::Range(0.0F, 1.0F))
        ->capture_default_str();
    command
        ->add_option("--sure", options.opinion.sure,
                     "Ask Tesseract too below this confidence of both; 0: never, 1: always")
        ->check(CLI::Range(0.0F, 1.0F))
        ->capture_default_str();
    command
        ->add_option("--least-confidence", options.opinion.least_confidence,
                     "A less sure reading is left empty")
        ->check(CLI::Range(0.0F, 1.0F))
        ->capture_default_str();
    command->add_option("--gallery", options.gallery,
                        "Write contact sheets of misses, misreads and false reads here: readable plates");
    command->add_option("--predictions", options.predictions,
                        "Write the reads as JSON lines, as replay --stills does: readable plates");
    add_common(*command, options.json, options.models);
}

void add_speed(CLI::App& bench, bench::SpeedOptions& options) {
    CLI::App* command = bench.add_subcommand("speed", "Measure the time of each step on one thread");
    command->footer(speed_footer);
    command->add_option("PATH", options.paths, "What to read; may be given several times")->required();
    command->add_option("--size", options.size, "Size of each frame")->capture_default_str();
    command->add_option("--repeat", options.repeat, "Passes over each picture")
        ->check(CLI::Range(1, bench::max_repeat))
        ->capture_default_str();
    add_common(*command, options.json, options.models);
}

void add_road(CLI::App& bench, bench::RoadOptions& options) {
    CLI::App* command =
        bench.add_subcommand("road", "Measure the whole road over a film: drops, load, delay, memory");
    command->footer(road_footer);
    command->add_option("FILM", options.film, "A film, or a folder of pictures")->required();
    command->add_option("--fps", options.frames_per_second, "Frames a second")
        ->check(CLI::Range(0.1, 1000.0))
        ->capture_default_str();
    command->add_option("--frames", options.frames, "How many in all")
        ->check(CLI::Range(std::uint64_t{1}, bench::max_frames))
        ->capture_default_str();
    command->add_flag("--fast", options.fast, "As fast as the road takes them, none dropped");
    command->add_option("--truth", options.truth, "CSV file of the film's texts (make_road.py writes it)");
    command->add_option("--folder", options.folder, "Where the spool is made")->capture_default_str();
    add_common(*command, options.json, options.models);
}

void add_spool(CLI::App& bench, bench::SpoolOptions& options) {
    CLI::App* command =
        bench.add_subcommand("spool", "Measure what durable appends cost in time and flash wear");
    command->footer(spool_footer);
    command->add_option("FOLDER", options.folder, "Where the spool is made (default: the current folder)");
    command->add_option("--records", options.records, "Records a line")
        ->check(CLI::Range(bench::min_records, bench::max_records))
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_index(CLI::App& bench, bench::IndexOptions& options) {
    CLI::App* command = bench.add_subcommand("index", "Measure searches of the opener's plate index");
    command->footer(index_footer);
    command->add_option("FOLDER", options.folder, "Where the index is made (default: the current folder)");
    command->add_option("--rows", options.rows, "Passages in all")
        ->check(CLI::Range(std::uint64_t{1000}, bench::max_index_rows))
        ->capture_default_str();
    command->add_option("--epochs", options.epochs, "Epochs that they are of")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{256}))
        ->capture_default_str();
    command->add_option("--searches", options.searches, "Searches a line")
        ->check(CLI::Range(1, bench::max_rounds))
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_collector(CLI::App& bench, bench::CollectorOptions& options) {
    CLI::App* command =
        bench.add_subcommand("collector", "Measure what ingest and opener take, against what opening costs");
    command->footer(collector_footer);
    command->add_option("FOLDER", options.folder,
                        "Where store and index are made (default: the current folder)");
    command->add_option("--server", options.server, "PostgreSQL instead of SQLite: the folder of its socket");
    command->add_option("--database", options.database, "An empty one there")->capture_default_str();
    command->add_option("--user", options.user, "Its owner there")->capture_default_str();
    command->add_option("--records", options.records, "Records of each run")
        ->check(CLI::Range(std::uint64_t{100}, bench::max_collector_records))
        ->capture_default_str();
    command->add_option("--devices", options.devices, "Devices that they are of")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}))
        ->capture_default_str();
    command->add_option("--workers", options.workers, "Workers that share the store")
        ->check(CLI::Range(1, bench::max_collector_workers))
        ->capture_default_str();
    command->add_option("--batch", options.batch, "Messages of a transaction")
        ->check(CLI::Range(std::size_t{1}, std::size_t{256}))
        ->capture_default_str();
    command->add_flag("--pictures", options.pictures, "Each record with a plate picture and an overview");
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_crossings(CLI::App& bench, bench::CrossingsOptions& options) {
    CLI::App* command =
        bench.add_subcommand("crossings", "Measure how well entry and exit of one vehicle are found");
    command->footer(crossings_footer);
    command->add_option("--vehicles", options.vehicles, "Vehicles a day")
        ->check(CLI::Range(std::uint64_t{1}, bench::max_crossing_vehicles))
        ->capture_default_str();
    command->add_option("--days", options.days, "Days")
        ->check(CLI::Range(std::uint64_t{1}, bench::max_crossing_days))
        ->capture_default_str();
    const auto share = [command](const char* name, double& percent, const char* what) {
        command->add_option(name, percent, what)->check(CLI::Range(0.0, 100.0))->capture_default_str();
    };
    share("--wrong", options.wrong_percent, "Percent of letters that are read as any other");
    share("--look-alike", options.look_alike_percent, "Percent of O0I1B8S5 that are read as the other one");
    share("--slipped", options.slipped_percent, "Percent of reads with a letter too few or too many");
    share("--unread", options.unread_percent, "Percent of passages without a text");
    share("--missed", options.missed_percent, "Percent of passages without a record");
    share("--twins", options.twins_percent, "Percent of vehicles with the text of another that is inside");
    command->add_option("--seed", options.seed, "Another one makes other traffic")->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_exposure(CLI::App& bench, bench::BenchExposureOptions& options) {
    CLI::App* command =
        bench.add_subcommand("exposure", "Measure the answer after a breach (`portcullis audit exposure`)");
    command->footer(exposure_footer);
    command->add_option("FOLDER", options.folder, "Where the store is made (default: the current folder)");
    command->add_option(
        "--store", options.settings,
        "A collector's settings (*.toml): their store, which must be empty, is filled instead");
    command->add_option("--passages", options.passages, "Passages in all, with two pictures each")
        ->check(CLI::Range(std::uint64_t{100}, bench::max_exposure_passages))
        ->capture_default_str();
    command->add_option("--devices", options.devices, "Devices that they come from")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command->add_option("--days", options.days, "Days, each with keys of its own")
        ->check(CLI::Range(1, 366))
        ->capture_default_str();
    command->add_option("--plate-bytes", options.plate_bytes, "Length of a plate picture")
        ->check(CLI::Range(1, static_cast<int>(max_picture_bytes)))
        ->capture_default_str();
    command->add_option("--overview-bytes", options.overview_bytes, "Length of an overview")
        ->check(CLI::Range(1, static_cast<int>(max_picture_bytes)))
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

void add_seal(CLI::App& bench, bench::SealOptions& options) {
    CLI::App* command = bench.add_subcommand(
        "seal", "Measure time and bytes of sealing, against the bare OpenSSL operations it needs");
    command->footer(seal_footer);
    command->add_option("--recipients", options.recipients, "Recipients of each item")
        ->check(CLI::Range(1, static_cast<int>(max_recipients)))
        ->capture_default_str();
    command->add_option("--rounds", options.rounds, "How often each is measured")
        ->check(CLI::Range(1, bench::max_rounds))
        ->capture_default_str();
    command->add_option("--plate-bytes", options.plate_bytes, "Length of the plate picture's JPEG")
        ->check(CLI::Range(1, static_cast<int>(max_picture_bytes)))
        ->capture_default_str();
    command->add_option("--overview-bytes", options.overview_bytes, "Length of the overview's JPEG")
        ->check(CLI::Range(1, static_cast<int>(max_picture_bytes)))
        ->capture_default_str();
    command->add_flag("--json", options.json, "Print JSON instead of a table");
}

}  // namespace

std::function<int()> add_bench_command(CLI::App& program) {
    auto accuracy = std::make_shared<bench::AccuracyOptions>();
    auto speed = std::make_shared<bench::SpeedOptions>();
    auto seal = std::make_shared<bench::SealOptions>();
    auto spool = std::make_shared<bench::SpoolOptions>();
    auto index = std::make_shared<bench::IndexOptions>();
    auto collector = std::make_shared<bench::CollectorOptions>();
    auto crossings = std::make_shared<bench::CrossingsOptions>();
    auto road = std::make_shared<bench::RoadOptions>();
    auto exposure = std::make_shared<bench::BenchExposureOptions>();
    CLI::App* command = program.add_subcommand("bench",
                                               "Measure the reader's accuracy and speed, the whole road, "
                                               "sealing, the spool, the collector, the plate "
                                               "index, crossings and the answer after a breach");
    command->require_subcommand(1);
    add_accuracy(*command, *accuracy);
    add_speed(*command, *speed);
    add_seal(*command, *seal);
    add_spool(*command, *spool);
    add_index(*command, *index);
    add_collector(*command, *collector);
    add_crossings(*command, *crossings);
    add_road(*command, *road);
    add_exposure(*command, *exposure);
    return [=] {
        if (command->got_subcommand("accuracy")) return run_with_models(*accuracy, bench::run_accuracy);
        if (command->got_subcommand("road")) return run_with_models(*road, bench::run_road);
        if (command->got_subcommand("speed")) return run_with_models(*speed, bench::run_speed);
        if (command->got_subcommand("index")) return run([&] { return bench::run_index(*index); });
        if (command->got_subcommand("collector"))
            return run([&] { return bench::run_collector(*collector); });
        if (command->got_subcommand("crossings"))
            return run([&] { return bench::run_crossings(*crossings); });
        if (command->got_subcommand("exposure")) return run([&] { return bench::run_exposure(*exposure); });
        if (command->got_subcommand("seal")) return run([&] { return bench::run_seal(*seal); });
        return run([&] { return bench::run_spool(*spool); });
    };
}

}  // namespace portcullis
