#pragma once
// What `portcullis bench` was asked for. Values.

#include <filesystem>
#include <string>
#include <vector>

#include "vision/second_opinion.hpp"

namespace portcullis::bench {

inline constexpr int max_threads = 64;
inline constexpr int max_repeat = 1000;
inline constexpr int min_records = 100;
inline constexpr int max_records = 1'000'000;
inline constexpr int max_rounds = 1'000'000;
inline constexpr std::uint64_t max_frames = 1'000'000'000;
inline constexpr int min_bench_side_px = 64;
inline constexpr int max_bench_side_px = 10'000;

struct AccuracyOptions {
    std::filesystem::path labels;
    std::filesystem::path images;    // empty: the labels' own folder
    std::vector<std::string> hints;  // empty: all; so the next two
    std::vector<std::string> kinds;
    std::vector<std::string> sources;
    int threads = 1;
    SecondOpinionSettings opinion;
    bool json = false;
    std::string predictions;  // empty: none
    std::filesystem::path gallery;
    std::filesystem::path models;
};

struct RoadOptions {
    std::string film;
    double frames_per_second = 30;
    std::uint64_t frames = 1800;  // in all; the film begins anew until so many were taken
    bool fast = false;            // as fast as the road takes them, none dropped
    std::filesystem::path truth;  // empty: reads are not judged
    std::filesystem::path folder = ".";
    std::uint64_t quota_bytes = std::uint64_t{64} << 20;  // of the spool
    bool json = false;
    std::filesystem::path models;
};

struct SealOptions {
    int recipients = 1;  // of each item
    int rounds = 1000;
    int plate_bytes = 3'000;      // of the JPEG, before it is padded
    int overview_bytes = 20'000;  // the same
    bool json = false;
};

struct SpeedOptions {
    std::vector<std::string> paths;
    std::string size = "1280x720";
    int repeat = 1;
    bool json = false;
    std::filesystem::path models;
};

struct SpoolOptions {
    std::filesystem::path folder = ".";
    int records = 2000;
    bool json = false;
};

struct IndexOptions {
    std::filesystem::path folder = ".";
    std::uint64_t rows = 10'000'000;
    std::uint64_t epochs = 90;
    int searches = 100;  // of each kind
    bool json = false;
};
inline constexpr std::uint64_t max_index_rows = 100'000'000;

struct CollectorOptions {
    std::filesystem::path folder = ".";
    std::string server;  // the folder of a PostgreSQL server's socket; empty: SQLite
    std::string database = "bench";
    std::string user = "portcullis";
    std::uint64_t records = 10'000;  // of each of the two runs
    std::size_t devices = 16;
    int workers = 1;
    std::size_t batch = 64;  // messages of a transaction
    bool pictures = false;   // each record with both
    bool json = false;
};
inline constexpr std::uint64_t max_collector_records = 1'000'000;
inline constexpr int max_collector_workers = 16;

/// What cameras make of the traffic; the model stands in bench_traffic.hpp.
struct CrossingsOptions {
    std::uint64_t vehicles = 10'000;  // a day
    std::uint64_t days = 30;
    double wrong_percent = 0.5;     // of letters: read as any other
    double look_alike_percent = 2;  // of O0I1B8S5: read as the other of the two
    double slipped_percent = 0.3;   // of reads: a letter is left out, or one too many
    double unread_percent = 1;      // of passages: no text
    double missed_percent = 1.5;    // of passages: no record
    double twins_percent = 0.02;    // of vehicles: another one bears the same text
    std::uint64_t seed = 20'261'126;
    bool json = false;
};
inline constexpr std::uint64_t max_crossing_vehicles = 100'000;
inline constexpr std::uint64_t max_crossing_days = 366;

struct BenchExposureOptions {
    std::filesystem::path folder = ".";
    std::filesystem::path settings = {};  // a collector's, whose store is filled; empty: a file of its own
    std::uint64_t passages = 1'000'000;
    std::uint64_t devices = 100;
    std::uint64_t days = 30;
    int plate_bytes = 3'000;  // of the pictures, before they are sealed
    int overview_bytes = 20'000;
    bool json = false;
};
inline constexpr std::uint64_t max_exposure_passages = 100'000'000;

}  // namespace portcullis::bench
