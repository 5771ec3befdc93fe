#include "apps/portcullis/bench_accuracy.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "apps/portcullis/bench_gallery.hpp"
#include "apps/portcullis/bench_report.hpp"
#include "apps/portcullis/replay_output.hpp"
#include "apps/portcullis/replay_progress.hpp"
#include "base/thread.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "pipeline/model_eyes.hpp"

namespace portcullis::bench {

namespace {

namespace fs = std::filesystem;

bool chosen(const std::vector<std::string>& words, const std::string& word) {
    return words.empty() || std::ranges::find(words, word) != words.end();
}

Result<std::vector<LabelledPicture>> choose_pictures(const AccuracyOptions& options) {
    auto pictures = TRY(load_labels(options.labels));
    std::erase_if(pictures, [&](const LabelledPicture& picture) {
        return !chosen(options.hints, picture.hint) || !chosen(options.kinds, to_string(picture.kind)) ||
               !chosen(options.sources, picture.source);
    });
    if (pictures.empty())
        return fail(ErrorCode::not_found,
                    "{}: no picture of the asked --hint, --kind and --source; widen them",
                    options.labels.string());
    return pictures;
}

/// In the picture folder as the label writes it, else by its file name alone.
fs::path path_of(const AccuracyOptions& options, const std::string& image) {
    const fs::path folder = options.images.empty() ? options.labels.parent_path() : options.images;
    std::error_code ignored;
    if (fs::exists(folder / image, ignored)) return folder / image;
    const fs::path flat = folder / fs::path(image).filename();
    return fs::exists(flat, ignored) ? flat : folder / image;
}

Result<StillResult> read_one(const StillReader& reader, const fs::path& path, Kind kind) {
    const auto picture = TRY(replay::load_picture(path));
    return with_context(kind == Kind::crop ? reader.read_patch(picture.view) : reader.read(picture.view),
                        path.string());
}

using Results = std::vector<std::optional<StillResult>>;

/// Empty where the picture cannot be read; that is told.
Results read_all(const AccuracyOptions& options, const std::vector<LabelledPicture>& pictures,
                 const std::vector<StillReader>& readers) {
    Results results(pictures.size());
    ReplayProgress progress(pictures.size(), "pictures");
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    threads.reserve(readers.size());
    for (const StillReader& reader : readers)
        threads.push_back(start_thread("bench", [&](const std::stop_token&) {
            for (std::size_t i = next++; i < pictures.size(); i = next++) {
                auto result = read_one(reader, path_of(options, pictures[i].image), pictures[i].kind);
                if (result)
                    results[i] = std::move(*result);
                else
                    progress.tell("portcullis bench: no read of " + result.error().message());
                progress.show(i + 1);
            }
        }));
    threads.clear();
    return results;
}

std::vector<ScoredRead> scored(const std::optional<StillResult>& result) {
    std::vector<ScoredRead> reads;
    if (!result) return reads;
    for (const StillRead& read : result->reads)
        reads.push_back({comparable(text_of(read.read.characters)), read.read.confidence, read.quad});
    return reads;
}

Result<void> write_predictions(const std::string& file, const std::vector<LabelledPicture>& pictures,
                               const Results& results) {
    ReplayOutput output = TRY(ReplayOutput::create(file));
    for (std::size_t i = 0; i < pictures.size(); ++i)
        TRY(output.write(results[i] ? still_line(pictures[i].image, *results[i])
                                    : broken_line(pictures[i].image, "not readable")));
    return output.finish();
}

void collect_faults(std::vector<GalleryFault>& faults, const fs::path& path, const LabelledPicture& picture,
                    const PictureScore& score, const std::vector<ScoredRead>& reads) {
    for (const Fault& fault : score.faults) {
        GalleryFault shown{
            path, picture.image, picture.source, picture.kind, fault.cause, fault.confidence, {}, {}, {}, {}};
        if (fault.plate) {
            shown.label_quad = picture.plates[*fault.plate].quad;
            shown.label_text = picture.plates[*fault.plate].text;
        }
        if (fault.read) {
            shown.read_quad = reads[*fault.read].quad;
            shown.read_text = reads[*fault.read].text;
        }
        faults.push_back(std::move(shown));
    }
}

}  // namespace

Result<void> run_accuracy(const AccuracyOptions& options) {
    const auto pictures = TRY(choose_pictures(options));
    if (!options.gallery.empty()) TRY(prepare_gallery(options.gallery));
    std::vector<StillReader> readers;
    std::string model;
    for (int i = 0; i < options.threads; ++i) {
        Eyes eyes = TRY(load_eyes(options.models, options.opinion));
        model = eyes.model;
        readers.emplace_back(std::move(eyes));
    }
    const Results results = read_all(options, pictures, readers);
    if (std::ranges::none_of(results, [](const auto& result) { return result.has_value(); }))
        return fail(ErrorCode::not_found, "not one picture could be read; name their folder with --images");
    Report report;
    std::vector<GalleryFault> faults;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto reads = scored(results[i]);
        const PictureScore score = score_picture(pictures[i], reads);
        report.add(pictures[i], score, results[i] ? std::optional(results[i]->took.count()) : std::nullopt);
        if (results[i])
            collect_faults(faults, path_of(options, pictures[i].image), pictures[i], score, reads);
    }
    // Before the gallery, whose pictures would count as the reader's memory.
    fmt::print("{}", options.json ? json(report, model) : table(report));
    if (!options.predictions.empty()) TRY(write_predictions(options.predictions, pictures, results));
    if (!options.gallery.empty()) TRY(write_gallery(options.gallery, std::move(faults)));
    return {};
}

}  // namespace portcullis::bench
