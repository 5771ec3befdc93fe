// The half of PlateIndex that looks for rows and opens them.
#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "index/plate_index.hpp"
#include "seal/openssl.hpp"

namespace portcullis {

namespace {

std::string rows_where(std::string_view condition) {
    return fmt::format(
        "SELECT passage.epoch, source.device, source.chain, passage.seq, passage.minute, passage.exact, "
        "passage.folded, passage.cell FROM passage JOIN source ON source.id = passage.source WHERE {}",
        condition);
}

struct Minutes {
    std::int64_t first = 0;
    std::int64_t last = std::numeric_limits<std::int64_t>::max();
    [[nodiscard]] bool hold(std::int64_t minute) const { return minute >= first && minute <= last; }
};

Minutes window_of(const PlateQuestion& question) {
    Minutes window;
    if (question.from) window.first = minute_of(*question.from);
    if (question.to) window.last = minute_of(*question.to);
    return window;
}

template <std::size_t size>
void copy_to(std::array<std::byte, size>& to, ByteView from) {
    std::ranges::copy(from.first(std::min(size, from.size())), to.begin());
}

/// Of rows_where. What is not of its length in a changed file does not open.
Candidate candidate_of(const Statement& row) {
    Candidate candidate;
    candidate.epoch = row.integer(0);
    candidate.place.device = row.text(1);
    copy_to(candidate.place.chain.bytes, row.blob(2));
    candidate.place.seq = row.count(3);
    candidate.place.minute = row.integer(4);
    copy_to(candidate.place.exact, row.blob(5));
    copy_to(candidate.place.folded, row.blob(6));
    candidate.cell.assign(row.blob(7).begin(), row.blob(7).end());
    return candidate;
}

/// To the microsecond, and what only the cell tells.
bool fits_all(const PlateQuestion& question, const IndexedPassage& passage) {
    return (!question.from || passage.captured >= *question.from) &&
           (!question.to || passage.captured < *question.to) &&
           (question.lane.empty() || passage.lane == question.lane) &&
           (!question.direction || passage.direction == *question.direction) && fits(question, passage.text);
}

bool concerns(const PlateQuestion& question, const Sees& sees, std::string_view device) {
    return fits_device(question, device) && (!sees || sees(device));
}

Failure too_many() {
    return fail(ErrorCode::exhausted,
                "more than {} passages would have to be opened; narrow the time, the device or the plate",
                max_candidates);
}

}  // namespace

Result<bool> PlateIndex::is_there(const IndexedPassage& passage, std::int64_t source) {
    auto select = TRY(database_->prepare(rows_where("passage.source = ? AND passage.seq = ?")));
    TRY(select.bind(source, passage.seq));
    while (TRY(select.step()))
        if (open_one(candidate_of(select)) == passage) return true;
    return false;
}

Result<std::vector<Candidate>> PlateIndex::candidates(const PlateQuestion& question, const Sees& sees) {
    if (TRY(database_->data_version()) != version_) static_cast<void>(TRY(load_epochs()));
    return question.is_partial() ? walk_window(question, sees) : look_up(question, sees);
}

/// Some HMACs an epoch: one more than it has rows of the plate.
Result<std::vector<Candidate>> PlateIndex::look_up(const PlateQuestion& question, const Sees& sees) {
    const Minutes window = window_of(question);
    const TagKind kind = question.look_alike ? TagKind::folded : TagKind::exact;
    auto select = TRY(
        database_->prepare(rows_where(kind == TagKind::exact ? "passage.epoch = ? AND passage.exact = ?"
                                                             : "passage.epoch = ? AND passage.folded = ?")));
    std::vector<Candidate> found;
    for (const auto& [key_id, epoch] : epochs_)
        for (std::uint64_t n = 0;; ++n) {
            TRY(select.bind(epoch.id, ByteView(epoch.key.tag(kind, question.plate, n))));
            if (!TRY(select.step())) break;
            if (!window.hold(select.integer(4)) || !concerns(question, sees, select.text(1))) continue;
            if (found.size() == max_candidates) return too_many();
            found.push_back(candidate_of(select));
        }
    return found;
}

/// By sources, not by time alone: a device that is asked for is found without walking past all others.
Result<std::vector<Candidate>> PlateIndex::walk_window(const PlateQuestion& question, const Sees& sees) {
    const Minutes window = window_of(question);
    auto sources = TRY(database_->prepare("SELECT id, device FROM source"));
    auto select = TRY(database_->prepare(rows_where(
        "passage.source = ? AND passage.minute BETWEEN ? AND ? ORDER BY passage.minute DESC LIMIT ?")));
    std::vector<Candidate> found;
    TRY(sources.bind());
    while (TRY(sources.step())) {
        if (!concerns(question, sees, sources.text(1))) continue;
        const std::uint64_t room = max_candidates - found.size() + 1;
        TRY(select.bind(sources.integer(0), window.first, window.last, room));
        std::uint64_t walked = 0;
        for (; TRY(select.step()); ++walked)
            if (epoch_with(select.integer(0)) != nullptr) found.push_back(candidate_of(select));
        if (walked == room) return too_many();
    }
    return found;
}

std::optional<IndexedPassage> PlateIndex::open_one(const Candidate& candidate) const {
    const Epoch* epoch = epoch_with(candidate.epoch);
    if (epoch == nullptr) return std::nullopt;
    Result<Bytes> plain = epoch->key.open(candidate.cell, bound_to(candidate.place, epoch->salt));
    if (!plain) return std::nullopt;
    const Cleanse cleanse(*plain);
    IndexedPassage passage;
    passage.device = candidate.place.device;
    passage.chain = candidate.place.chain;
    passage.seq = candidate.place.seq;
    if (!decode_cell(*plain, passage)) return std::nullopt;
    return passage;
}

Findings PlateIndex::open_all(std::span<const Candidate> candidates, const PlateQuestion& question) const {
    Findings findings;
    for (const Candidate& candidate : candidates) {
        auto passage = open_one(candidate);
        if (!passage)
            ++findings.damaged;
        else if (fits_all(question, *passage))
            findings.passages.push_back(std::move(*passage));
    }
    std::ranges::sort(findings.passages, [](const IndexedPassage& a, const IndexedPassage& b) {
        return std::tie(b.captured, a.device, a.seq) < std::tie(a.captured, b.device, b.seq);
    });
    return findings;
}

}  // namespace portcullis
