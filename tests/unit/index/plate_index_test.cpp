// The index: what it finds, what it forgets, and what a copy of it is worth.
#include "index/plate_index.hpp"

#include <algorithm>
#include <fstream>
#include <set>

#include "base/file.hpp"
#include "support/disk_faults.hpp"
#include "unit/index/index_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using Seqs = std::vector<Seq>;

namespace {

constexpr std::size_t file_limit = std::size_t{64} << 20;

const std::string today = IndexBench::key_id("today");
const std::string tomorrow = IndexBench::key_id("tomorrow");

PlateQuestion like(const std::string& plate) {
    PlateQuestion question = ask(plate);
    question.look_alike = true;
    return question;
}

bool stands_in(const std::filesystem::path& file, ByteView bytes) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return false;
    const Bytes content = must(read_file(file, file_limit));
    return std::search(content.begin(), content.end(), bytes.begin(), bytes.end()) != content.end();
}

}  // namespace

TEST_CASE("a passage is found by its plate, and not by another's") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    CHECK(must(index.add(passage_of("AB12CDE", 1), today, now)));
    CHECK(must(index.add(passage_of("XY99ZZZ", 2), today, now)));
    CHECK(found(index, ask("ab12 cde")) == Seqs{1});
    CHECK(found(index, ask("XY99ZZZ")) == Seqs{2});
    CHECK(found(index, ask("AB12CDF")).empty());
    const PlateQuestion question = must(checked(ask("AB12CDE")));
    const Findings findings = index.open_all(must(index.candidates(question)), question);
    REQUIRE(findings.passages.size() == 1);
    CHECK(findings.passages[0] == passage_of("AB12CDE", 1));
}

TEST_CASE("look-alikes are found folded, where exact finds nothing") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    CHECK(must(index.add(passage_of("B0S1", 1), today, now)));
    CHECK(must(index.add(passage_of("8O5I", 2), today, now + std::chrono::seconds(1))));
    CHECK(found(index, ask("BOSI")).empty());
    CHECK(found(index, like("BOSI")).size() == 2);
    CHECK(found(index, ask("B0S1")) == Seqs{1});
    CHECK(found(index, like("QOSI")).empty());
}

TEST_CASE("time, device, lane and direction narrow a search, with a plate and without") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    IndexedPassage first = passage_of("AB12", 1);
    IndexedPassage later = passage_of("AB12", 2);
    later.captured += std::chrono::hours(2);
    later.lane = "lane 1";
    IndexedPassage elsewhere = passage_of("AB12", 3);
    elsewhere.device = "south-1";
    elsewhere.captured += std::chrono::hours(1);
    elsewhere.direction = Direction::receding;
    for (const IndexedPassage& passage : {first, later, elsewhere})
        CHECK(must(index.add(passage, today, now)));
    for (const std::string plate : {"AB12", "AB??", "A*", ""}) {
        CAPTURE(plate);
        CHECK(found(index, ask(plate)) == Seqs{2, 3, 1});
        PlateQuestion question = ask(plate);
        question.from = first.captured + microseconds(1);
        CHECK(found(index, question) == Seqs{2, 3});
        question.to = later.captured;
        CHECK(found(index, question) == Seqs{3});
        question = ask(plate);
        question.to = first.captured;
        CHECK(found(index, question).empty());
        question.to = first.captured + microseconds(1);
        CHECK(found(index, question) == Seqs{1});
        question = ask(plate);
        question.device = "gate-1";
        CHECK(found(index, question) == Seqs{2, 1});
        question.device = "gate-*";
        CHECK(found(index, question) == Seqs{2, 1});
        question.device = "south-*";
        CHECK(found(index, question) == Seqs{3});
        question = ask(plate);
        question.lane = "lane 1";
        CHECK(found(index, question) == Seqs{2});
        question.lane = "' OR 1=1 --";
        CHECK(found(index, question).empty());
        question = ask(plate);
        question.direction = Direction::receding;
        CHECK(found(index, question) == Seqs{3});
        question.direction = Direction::unknown;
        CHECK(found(index, question).empty());
    }
}

TEST_CASE("an unread passage is found by its time and place, and by no plate") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    CHECK(must(index.add(passage_of("", 1), today, now)));
    CHECK_FALSE(must(index.add(passage_of("", 1), today, now)));
    CHECK(must(index.add(passage_of("", 2), today, now)));
    CHECK(found(index, ask("")).size() == 2);
    CHECK(found(index, ask("*")).empty());
}

TEST_CASE("a passage that is given twice is indexed once, two texts of one place are two") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    CHECK(must(index.add(passage_of("AB12"), today, now)));
    CHECK_FALSE(must(index.add(passage_of("AB12"), today, now)));
    PlateIndex other = bench.open_with({"today"});
    CHECK_FALSE(must(other.add(passage_of("AB12"), today, now)));
    // A device that was set back signs its places twice.
    CHECK(must(other.add(passage_of("CD34"), today, now)));
    CHECK_FALSE(must(index.add(passage_of("CD34"), today, now)));
    CHECK(must(index.rows()) == 2);
}

TEST_CASE("many passages of one plate are all found, whoever of two processes added them") {
    const IndexBench bench;
    PlateIndex opener = bench.open_with({"today"});
    PlateIndex rebuild = bench.attach_with({"today"});
    constexpr Seq passages = 300;
    for (Seq seq = 1; seq <= passages; ++seq)
        CHECK(must((seq % 3 == 0 ? rebuild : opener).add(passage_of("AB12", seq), today, now)));
    CHECK(opener.is_unsettled());
    CHECK_FALSE(rebuild.is_unsettled());
    CHECK(must(rebuild.holes()).size() == 1);  // that of the new file: an opener that runs is no crash
    CHECK(found(opener, ask("AB12")).size() == passages);
    CHECK(found(rebuild, like("A812")).size() == passages);
}

TEST_CASE("an epoch that another process brings in is found without a word to this one") {
    const IndexBench bench;
    PlateIndex opener = bench.open_with({"today", "tomorrow"});
    PlateIndex rebuild = bench.attach_with({"today", "tomorrow"});
    CHECK(
        must(rebuild.add_all(std::vector{passage_of("AB12", 1), passage_of("AB12", 2), passage_of("AB12", 2)},
                             tomorrow, now)) == 2);
    CHECK(found(opener, ask("AB12")).size() == 2);
    CHECK(must(opener.add(passage_of("AB12", 3), tomorrow, now)));
    CHECK(found(rebuild, ask("AB12")).size() == 3);
}

TEST_CASE("no two rows have anything in common that tells of the plate, within an epoch or across") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today", "tomorrow"});
    for (Seq seq = 1; seq <= 20; ++seq)
        CHECK(must(
            index.add(passage_of(seq % 5 == 0 ? "" : "BOSI123", seq), seq <= 10 ? today : tomorrow, now)));
    std::set<Bytes> tags;
    std::set<Bytes> cells;
    std::set<std::size_t> lengths;
    const std::vector<BareRow> rows = bare_rows(bench.path);
    REQUIRE(rows.size() == 20);
    for (const BareRow& row : rows) {
        tags.insert(row.exact);
        tags.insert(row.folded);
        cells.insert(row.cell);
        lengths.insert(row.cell.size());
        CHECK(row.exact.size() == tag_bytes);
        CHECK(row.folded.size() == tag_bytes);
    }
    CHECK(tags.size() == 40);
    CHECK(cells.size() == 20);
    CHECK(lengths.size() == 1);  // read and unread alike
    for (const std::string text : {"BOSI123", "8051123", "lane 2"})
        CHECK_FALSE(stands_in(bench.path, as_bytes(text)));
}

TEST_CASE("attack: a copy of the index and all keys but the epoch's own: guessing finds nothing") {
    const IndexBench bench;
    const std::vector<std::string> guesses = {"AB12CDE", "XY99ZZZ", "M1", "BOSI", "Q7"};
    PlateIndex index = bench.open_with({"today", "tomorrow"});
    Seq seq = 0;
    for (const std::string& plate : guesses)
        for (int times = 0; times < 3; ++times)
            CHECK(must(index.add(passage_of(plate, ++seq), today, now)));
    const std::vector<BareRow> rows = bare_rows(bench.path);
    REQUIRE(rows.size() == seq);
    // Each guess, each number, each key, each salt of the file: how many rows it would hit.
    const auto hits = [&](const std::vector<std::string>& epochs) {
        std::size_t hit = 0;
        for (const std::string& epoch : epochs) {
            const IndexKey key(must(IndexBench::secret(IndexBench::key_id(epoch), rows[0].salt)));
            for (const std::string& guess : guesses)
                for (std::uint64_t n = 0; n < 10; ++n)
                    for (const BareRow& row : rows) {
                        const Tag exact = key.tag(TagKind::exact, guess, n);
                        const Tag folded = key.tag(TagKind::folded, fold_look_alikes(guess), n);
                        hit += std::ranges::equal(row.exact, exact) ? 1 : 0;
                        hit += std::ranges::equal(row.folded, folded) ? 1 : 0;
                    }
        }
        return hit;
    };
    CHECK(hits({"yesterday", "tomorrow", "last week", "next week"}) == 0);
    CHECK(hits({"today"}) == 2 * rows.size());  // control: the epoch's own key finds each row
    PlateIndex thief = bench.open();
    must_do(thief.use_keys(
        {today}, [](const std::string&, ByteView salt) { return IndexBench::secret(tomorrow, salt); }));
    for (const std::string& guess : guesses)
        CHECK(found(thief, ask(guess)).empty());
    const PlateQuestion any = must(checked(ask("")));
    const Findings findings = thief.open_all(must(thief.candidates(any)), any);
    CHECK(findings.passages.empty());
    CHECK(findings.damaged == seq);
}

TEST_CASE("a new file has new salts: an older copy beside it links nothing") {
    const IndexBench before;
    const IndexBench after;
    for (const IndexBench* bench : {&before, &after}) {
        PlateIndex index = bench->open_with({"today"});
        CHECK(must(index.add(passage_of("AB12"), today, now)));
    }
    CHECK(bare_rows(before.path).at(0).exact != bare_rows(after.path).at(0).exact);
}

TEST_CASE("a destroyed epoch's rows are found by nothing, and gone from the file and its -wal") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today", "tomorrow"});
    std::vector<IndexedPassage> passages;
    constexpr Seq many = 2 * rows_a_sweep + 500;
    for (Seq seq = 1; seq <= many; ++seq)
        passages.push_back(passage_of("AB12", seq));
    CHECK(must(index.add_all(passages, today, now)) == many);
    CHECK(must(index.add(passage_of("AB12", many + 1), tomorrow, now)));
    const std::vector<BareRow> rows = bare_rows(bench.path);
    const std::filesystem::path wal = bench.path.string() + "-wal";
    const auto remains = [&](const BareRow& row) {
        return stands_in(bench.path, row.cell) || stands_in(wal, row.cell) ||
               stands_in(bench.path, row.exact) || stands_in(wal, row.exact) || stands_in(wal, row.folded) ||
               stands_in(bench.path, row.folded) || stands_in(bench.path, row.salt) ||
               stands_in(wal, row.salt);
    };
    CHECK(remains(rows.at(0)));
    must_do(index.use_keys({tomorrow}, &IndexBench::secret));
    CHECK(found(index, ask("AB12")) == Seqs{many + 1});  // at once, though the rows are still there
    CHECK(found(index, ask("")) == Seqs{many + 1});
    CHECK(must(index.rows()) == many + 1);
    CHECK(must(index.sweep()));
    CHECK(must(index.rows()) == many + 1 - rows_a_sweep);
    PlateIndex next = bench.open();  // a start in the midst of it goes on
    bench.hold(next, {"tomorrow"});
    CHECK_FALSE(must(index.sweep()));
    CHECK(must(index.rows()) == 1);
    for (const std::size_t i : {std::size_t{0}, std::size_t{250}, std::size_t{many - 1}})
        CHECK_FALSE(remains(rows.at(i)));
    CHECK(remains(rows.at(many)));  // control
    // Whoever had the secret and no copy finds nothing either.
    bench.hold(index, {"today", "tomorrow"});
    CHECK(found(index, ask("AB12")) == Seqs{many + 1});
}

TEST_CASE("an epoch whose key does not answer is told, and its rows stay") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    CHECK(must(index.add(passage_of("AB12"), today, now)));
    must_do(index.use_keys({today}, [](const std::string&, ByteView) -> Result<SecretKey> {
        return fail(ErrorCode::io, "the token is away");
    }));
    CHECK(index.locked_epochs() == 1);
    CHECK(found(index, ask("AB12")).empty());
    CHECK(found(index, ask("")).empty());
    CHECK(index.add(passage_of("AB12", 2), today, now).error().code() == ErrorCode::io);
    CHECK(must(index.rows()) == 1);
    bench.hold(index, {"today"});
    CHECK(index.locked_epochs() == 0);
    CHECK(found(index, ask("AB12")) == Seqs{1});
}

TEST_CASE("a search that would open too much is refused, and says how much is allowed") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    std::vector<IndexedPassage> passages;
    for (Seq seq = 1; seq <= max_candidates + 1; ++seq) {
        passages.push_back(passage_of(std::to_string(seq), seq));
        passages.back().captured += std::chrono::seconds(seq);
        if (seq % 2 == 0) passages.back().device = "gate-2";
    }
    REQUIRE(must(index.add_all(passages, today, now)) == passages.size());
    for (const char* plate : {"*7", "", "1?"}) {
        const auto refused = index.candidates(must(checked(ask(plate))));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == ErrorCode::exhausted);
        CHECK(refused.error().message().find(std::to_string(max_candidates)) != std::string::npos);
    }
    CHECK(found(index, ask("7")) == Seqs{7});  // a whole plate opens its own rows alone
    PlateQuestion question = ask("*77");
    question.device = "gate-1";
    CHECK(found(index, question).size() == 100);  // odd numbers up to 10,001 that end in 77
    question = ask("1000?");
    question.from = now + std::chrono::minutes(1);  // all but the first minute's
    CHECK(found(index, question) == Seqs{10'001, 10'000});
}

TEST_CASE("a row that somebody changed, or carried to another place, is told and not believed") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    for (Seq seq = 1; seq <= 3; ++seq)
        CHECK(must(index.add(passage_of("AB12", seq), today, now)));
    {
        Database file = must(Database::open({.path = bench.path}));
        must_do(file.execute("UPDATE passage SET seq = 9 WHERE seq = 1"));
        must_do(
            file.execute("UPDATE passage SET cell = (SELECT cell FROM passage WHERE seq = 3) WHERE seq = 2"));
        must_do(file.execute("UPDATE passage SET exact = x'00' WHERE seq = 3"));
    }
    const PlateQuestion any = must(checked(ask("")));
    const Findings findings = index.open_all(must(index.candidates(any)), any);
    CHECK(findings.damaged == 3);
    CHECK(findings.passages.empty());
}

TEST_CASE("what may be missing is told: before the file was made, after a crash, after a failure") {
    using std::chrono::minutes;
    const IndexBench bench;
    using Holes = std::vector<IndexHole>;
    {
        PlateIndex index = bench.open_with({"today"});
        CHECK(must(index.holes()) == Holes{{UtcTime(), now}});
        must_do(index.close_holes(now));
        CHECK(must(index.holes()).empty());
        CHECK(must(index.add(passage_of("AB12", 1), today, now + minutes(1))));
        CHECK(index.is_unsettled());
        must_do(index.settle(now + minutes(2)));
        CHECK_FALSE(index.is_unsettled());
    }
    {
        PlateIndex index = bench.open_with({"today"}, now + minutes(3));
        CHECK(must(index.holes()).empty());  // an orderly end
        CHECK(must(index.add(passage_of("AB12", 2), today, now + minutes(4))));
    }
    PlateIndex index = bench.open_with({"today"}, now + minutes(5));
    CHECK(must(index.holes()) == Holes{{now + minutes(3), now + minutes(5)}});
    must_do(index.close_holes(now + minutes(5)));
    CHECK_FALSE(index.add(passage_of(std::string(25, 'A'), 3), today, now + minutes(6)));
    CHECK(must(index.add(passage_of("AB12", 4), today, now + minutes(8))));
    CHECK(must(index.holes()) == Holes{{now + minutes(6), now + minutes(8)}});
    CHECK(found(index, ask("AB12")).size() == 3);
}

TEST_CASE("holes are bounded: the oldest become one") {
    const IndexBench bench;
    PlateIndex index = bench.open_with({"today"});
    Seq seq = 0;
    for (std::size_t i = 0; i < 2 * max_holes; ++i) {
        CHECK_FALSE(index.add(passage_of(std::string(25, 'A'), 1), today, now + std::chrono::minutes(2 * i)));
        CHECK(must(index.add(passage_of("AB", ++seq), today, now + std::chrono::minutes(2 * i + 1))));
    }
    const std::vector<IndexHole> holes = must(index.holes());
    REQUIRE(holes.size() == max_holes);
    CHECK(holes[0].first == UtcTime());
    CHECK(holes.back().last == now + std::chrono::minutes(4 * max_holes - 1));
}

TEST_CASE("the file is the owner's alone, another program's and a newer one's are refused") {
    const IndexBench bench;
    { const PlateIndex index = bench.open(); }
    const auto mode = std::filesystem::status(bench.path).permissions();
    CHECK((mode & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    {
        Database file = must(Database::open({.path = bench.path}));
        must_do(file.execute("PRAGMA user_version = 99"));
    }
    CHECK(PlateIndex::open(bench.path, now).error().code() == ErrorCode::unsupported);
    CHECK(PlateIndex::attach(bench.path).error().code() == ErrorCode::unsupported);
    CHECK(PlateIndex::attach(bench.folder.path() / "none.db").error().code() == ErrorCode::not_found);
    std::ofstream(bench.path) << std::string(8192, 'x');
    CHECK(PlateIndex::open(bench.path, now).error().code() == ErrorCode::corrupt);
}

namespace {

constexpr int checkpoint_pages = 10;
constexpr Seq script_passages = 12;

/// Adds, settling after each fourth.
void run_script(PlateIndex& index, FaultVfs& disk, std::set<Seq>& added, std::set<Seq>& settled) {
    for (Seq seq = 1; seq <= script_passages && !disk.dead(); ++seq) {
        const UtcTime when = now + std::chrono::seconds(seq);
        if (index.add(passage_of("AB12", seq), today, when)) added.insert(seq);
        if (seq % 4 == 0 && index.settle(when)) settled = added;
    }
}

}  // namespace

TEST_CASE("a power cut in any call: what was settled is found, what is missing lies in a hole that is told") {
    std::mt19937 random(20261127);
    const std::uint64_t stride = rounds_or(1) > 1 ? 1 : 7;
    std::size_t lost = 0;
    for (const auto unsynced :
         {FaultVfs::Unsynced::lost, FaultVfs::Unsynced::torn, FaultVfs::Unsynced::kept}) {
        bool ended = false;
        for (std::uint64_t call = 1; !ended; call += stride) {
            CAPTURE(call);
            REQUIRE(call < 4000);
            const IndexBench bench;
            FaultVfs disk(checkpoint_pages);
            REQUIRE(std::ofstream(bench.path).is_open());
            std::set<Seq> added;
            std::set<Seq> settled;
            disk.cut_power_at(call);
            if (auto index = PlateIndex::open(bench.path, now); index && index->close_holes(now)) {
                if (index->use_keys({today}, &IndexBench::secret)) run_script(*index, disk, added, settled);
                ended = !disk.dead();
            }
            disk.cut_power();
            disk.restore_power(unsynced, random);
            PlateIndex index = bench.open_with({"today"}, now + std::chrono::hours(1));
            const Seqs there = found(index, ask("AB12"));
            const std::vector<IndexHole> holes = must(index.holes());
            for (const Seq seq : added) {
                if (std::ranges::find(there, seq) != there.end()) continue;
                ++lost;
                REQUIRE_FALSE(settled.contains(seq));
                const UtcTime when = now + std::chrono::seconds(seq);
                REQUIRE(std::ranges::any_of(
                    holes, [&](const IndexHole& hole) { return hole.first <= when && when <= hole.last; }));
            }
            for (Seq seq = 1; seq <= script_passages; ++seq)  // as a rebuild does
                static_cast<void>(must(index.add(passage_of("AB12", seq), today, now)));
            REQUIRE(found(index, ask("AB12")).size() == script_passages);
        }
    }
    CHECK(lost > 0);  // else nothing was shown
}

TEST_CASE(
    "whichever call to the disk fails, a passage is indexed once or an error, and the next try succeeds") {
    const std::uint64_t stride = rounds_or(1) > 1 ? 1 : 5;
    CHECK(
        fail_each_call(checkpoint_pages, stride, [](FaultVfs& disk) {
            constexpr int tries = 2;
            const IndexBench bench;
            REQUIRE(std::ofstream(bench.path).is_open());
            PlateIndex index = try_on(disk, tries, [&] { return PlateIndex::open(bench.path, now); });
            const auto done = [](const Result<void>& outcome) -> Result<bool> {
                if (!outcome) return fail(outcome.error());
                return true;
            };
            try_on(disk, tries, [&] { return done(index.use_keys({today, tomorrow}, &IndexBench::secret)); });
            for (Seq seq = 1; seq <= 6; ++seq)
                try_on(disk, tries, [&] {
                    return index.add(passage_of("AB12", seq), seq % 2 == 0 ? today : tomorrow, now);
                });
            try_on(disk, tries, [&] { return done(index.settle(now)); });
            const PlateQuestion question = ask("AB12");
            const auto rows = try_on(disk, tries, [&] { return index.candidates(question); });
            CHECK(index.open_all(rows, question).passages.size() == 6);
            try_on(disk, tries, [&] { return done(index.use_keys({today}, &IndexBench::secret)); });
            CHECK_FALSE(try_on(disk, tries, [&] { return index.sweep(); }));
            disk.mend();
            CHECK(found(index, ask("AB12")) == Seqs{2, 4, 6});
            CHECK(must(index.rows()) == 3);
        }) > 10);
}
