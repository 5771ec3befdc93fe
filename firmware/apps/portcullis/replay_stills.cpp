#include "apps/portcullis/replay_stills.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <optional>

#include "apps/portcullis/replay_annotate.hpp"
#include "apps/portcullis/replay_output.hpp"
#include "apps/portcullis/replay_progress.hpp"
#include "base/thread.hpp"
#include "drivers/camera/replay/picture.hpp"
#include "drivers/camera/replay/picture_list.hpp"
#include "pipeline/model_eyes.hpp"

namespace portcullis {

namespace {

using replay::PictureEntry;

/// How far the fastest worker may be ahead of the line that is written next: bounds what is held back.
constexpr std::size_t window = 256;

struct Outcome {
    std::string line;       // for --predictions
    std::string told;       // for stdout when there is no --predictions
    std::string complaint;  // for stderr; empty: the picture was read
    double ms = 0;
};

/// Takes outcomes in any order, gives them out in the pictures' order. Thread-safe.
class InOrder {
  public:
    InOrder(ReplayOutput& output, ReplayProgress& progress) : output_(output), progress_(progress) {}

    /// Waits while the picture is too far ahead. False when the output failed: stop working.
    bool put(std::size_t picture, Outcome outcome) {
        std::unique_lock lock(mutex_);
        moved_.wait(lock, [&] { return picture < next_ + window || error_; });
        held_[picture % window] = std::move(outcome);
        while (held_[next_ % window]) {
            emit(*std::exchange(held_[next_ % window], std::nullopt));
            ++next_;
        }
        moved_.notify_all();
        return !error_;
    }

    [[nodiscard]] const std::optional<Error>& error() const { return error_; }
    [[nodiscard]] std::size_t broken() const { return broken_; }
    [[nodiscard]] std::vector<double> times_ms() && { return std::move(times_ms_); }

  private:
    void emit(const Outcome& outcome) {
        if (error_) return;
        if (!outcome.complaint.empty()) {
            ++broken_;
            progress_.tell("portcullis replay: skipped " + outcome.complaint);
        } else {
            times_ms_.push_back(outcome.ms);
        }
        if (output_.active()) {
            if (auto done = output_.write(outcome.line); !done) error_ = std::move(done.error());
        } else if (!outcome.told.empty()) {
            fmt::print("{}\n", outcome.told);
        }
        progress_.show(next_ + 1);
    }

    ReplayOutput& output_;
    ReplayProgress& progress_;
    std::mutex mutex_;
    std::condition_variable moved_;
    std::array<std::optional<Outcome>, window> held_;
    std::size_t next_ = 0;
    std::size_t broken_ = 0;
    std::optional<Error> error_;
    std::vector<double> times_ms_;
};

std::string tell(const std::string& name, const StillResult& result) {
    std::string text = name + ":";
    for (const StillRead& read : result.reads)
        text += fmt::format(" {}", readable(read.read));
    return result.reads.empty() ? text + " no plate" : text;
}

Outcome failed(const PictureEntry& entry, const Error& error) {
    return {broken_line(entry.name, error.message()), {}, error.message(), 0};
}

Outcome read_one(const PictureEntry& entry, const StillReader& reader, const ReplayOptions& options,
                 ReplayAnnotator* annotator) {
    const auto picture = replay::load_picture(entry.path);
    if (!picture) return failed(entry, picture.error());
    auto result = options.patches ? reader.read_patch(picture->view) : reader.read(picture->view);
    if (!result) return failed(entry, std::move(result.error()).with(entry.path.string()));
    Outcome outcome{still_line(entry.name, *result), tell(entry.name, *result), {}, result->took.count()};
    if (annotator == nullptr) return outcome;
    if (auto drawn = annotator->write(entry.name, picture->view, *result); !drawn)
        return failed(entry, drawn.error());
    return outcome;
}

Result<std::vector<PictureEntry>> list_all(const ReplayOptions& options) {
    std::vector<PictureEntry> all;
    for (const std::string& path : options.paths) {
        auto some = TRY(replay::list_pictures(path, options.recurse));
        all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    return all;
}

std::string timing(std::vector<double> ms) {
    if (ms.empty()) return "nothing could be read";
    std::ranges::sort(ms);
    const auto at = [&](double share) {
        return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
    };
    return fmt::format("ms a picture: mean {:.1f}, median {:.1f}, p95 {:.1f}",
                       std::accumulate(ms.begin(), ms.end(), 0.0) / static_cast<double>(ms.size()), at(0.5),
                       at(0.95));
}

}  // namespace

Result<ReplayOutcome> replay_stills(const ReplayOptions& options) {
    const std::vector<PictureEntry> entries = TRY(list_all(options));
    const auto workers = std::min<std::size_t>(static_cast<std::size_t>(options.threads), entries.size());
    std::vector<StillReader> readers;
    for (std::size_t i = 0; i < workers; ++i)
        readers.emplace_back(TRY(load_eyes(options.models)));
    std::optional<ReplayAnnotator> annotator;
    if (!options.annotate.empty()) annotator.emplace(TRY(ReplayAnnotator::create(options.annotate, entries)));
    ReplayOutput output = TRY(ReplayOutput::create(options.predictions));
    ReplayProgress progress(entries.size(), "pictures");
    InOrder in_order(output, progress);
    std::atomic<std::size_t> next = 0;
    {
        std::vector<std::jthread> threads;
        for (const StillReader& reader : readers)
            threads.push_back(start_thread("replay", [&](const std::stop_token&) {
                for (std::size_t i = next++; i < entries.size(); i = next++)
                    if (!in_order.put(
                            i, read_one(entries[i], reader, options, annotator ? &*annotator : nullptr)))
                        return;
            }));
    }
    if (in_order.error()) return fail(*in_order.error());
    TRY(output.finish());
    const ReplayOutcome outcome{entries.size(), in_order.broken()};
    progress.tell(fmt::format("{} pictures, {} skipped; {}", outcome.looked_at, outcome.broken,
                              timing(std::move(in_order).times_ms())));
    return outcome;
}

}  // namespace portcullis
