#include "pipeline/read_stage.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A read stage alone: patches carry the index of their text.
class Bench {
  public:
    explicit Bench(std::vector<std::string> texts, float confidence = 0.9F) {
        eyes_.read = [texts = std::move(texts), confidence](const PlatePatch& patch) -> Result<Reading> {
            return toy_reading(texts[patch.image.pixels[0]], confidence);
        };
    }

    /// Gives the job's number.
    std::uint64_t patch(PassageId passage, std::uint8_t text) {
        CHECK(patches_.send({++jobs_, passage, {{1, 1, {text}}, {}}, 1}));
        return jobs_;
    }
    void note(NoteKind kind, const Passage& passage, std::uint64_t look_of_job = 0,
              std::vector<PassageId> heirs = {}) {
        auto look = std::make_shared<PlateLook>();
        look->plate = {1, 1, {1, 2, 3}};
        look->job = look_of_job;
        CHECK(notes_.send({kind,
                           ++jobs_,
                           passage,
                           look,
                           {},
                           std::move(heirs),
                           std::max(passage.entered.width(), passage.left.width())}));
        CHECK(patches_.send({jobs_, 0, {}, 0}));
    }
    std::vector<Captured> run() {
        patches_.close();
        ReadStage(settings_, eyes_, patches_, notes_, captured_, counters_).run();
        captured_.close();
        std::vector<Captured> all;
        while (auto captured = captured_.receive())
            all.push_back(std::move(*captured));
        return all;
    }
    [[nodiscard]] const RoadCounters& counters() const { return counters_; }

  private:
    PipelineSettings settings_;
    Eyes eyes_;
    PatchChannel patches_{64, Overflow::block};
    NoteChannel notes_{64, Overflow::block};
    CapturedChannel captured_{64, Overflow::block};
    RoadCounters counters_;
    std::uint64_t jobs_ = 0;
};

Passage passage(PassageId id, int first_s, int last_s, float enters_px, float leaves_px) {
    Passage passage;
    passage.id = id;
    passage.direction = Direction::approaching;
    passage.frames = 10;
    passage.first_seen = BootTime(std::chrono::seconds(first_s));
    passage.last_seen = BootTime(std::chrono::seconds(last_s));
    passage.entered = {0, 0, enters_px, enters_px / 4};
    passage.left = {0, 0, leaves_px, leaves_px / 4};
    return passage;
}

}  // namespace

TEST_CASE("a picture whose own text contradicts the read is withheld, and the record stands") {
    struct Row {
        const char* what;
        std::uint8_t look_text;
        bool withheld;
    };
    for (const Row& row : {Row{"the same", 0, false}, Row{"one letter differs", 1, false},
                           Row{"another vehicle's", 2, true}, Row{"nothing readable", 3, true}}) {
        CAPTURE(std::string(row.what));
        Bench bench({"AB123", "AB128", "XYZ789", ""});
        bench.patch(1, 0);
        bench.patch(1, 0);
        bench.patch(1, 0);
        const std::uint64_t job = bench.patch(1, row.look_text);
        bench.note(NoteKind::closed, passage(1, 100, 102, 40, 100), job);
        const auto captured = bench.run();
        REQUIRE(captured.size() == 1);
        CHECK(text_of(captured[0].read.characters) == "AB123");
        REQUIRE(captured[0].look);
        CHECK((captured[0].look->plate.width == 0) == row.withheld);
        CHECK(bench.counters().pictures_withheld == (row.withheld ? 1 : 0));
    }
}

TEST_CASE("a picture whose patch came when the vote was settled is read before it is shown") {
    for (const bool other : {false, true}) {
        CAPTURE(other);
        Bench bench({"AB123", "XYZ789"}, 0.995F);
        for (int i = 0; i < 6; ++i)
            bench.patch(1, 0);
        const std::uint64_t job = bench.patch(1, other ? 1 : 0);
        bench.note(NoteKind::closed, passage(1, 100, 102, 40, 100), job);
        const auto captured = bench.run();
        REQUIRE(captured.size() == 1);
        CHECK(bench.counters().patches_spared > 0);
        CHECK(text_of(captured[0].read.characters) == "AB123");
        CHECK((captured[0].look->plate.width == 0) == other);
    }
}

TEST_CASE("a glimpse is recorded when two of its patches say the same, else it was a reflection") {
    struct Row {
        const char* what;
        std::vector<std::uint8_t> texts;
        std::size_t records;
    };
    for (const Row& row :
         {Row{"both agree", {0, 0}, 1}, Row{"they differ", {0, 1}, 0}, Row{"one is unreadable", {0, 2}, 0},
          Row{"one patch", {0}, 0}, Row{"two of three", {0, 2, 0}, 1}, Row{"none is readable", {2, 2}, 0}}) {
        CAPTURE(std::string(row.what));
        Bench bench({"AB123", "XYZ789", ""});
        for (const std::uint8_t text : row.texts)
            bench.patch(1, text);
        bench.note(NoteKind::glimpse, passage(1, 100, 101, 40, 60));
        CHECK(bench.run().size() == row.records);
    }
}

TEST_CASE(
    "a vehicle that was lost from sight and goes on farther is one record, one that drove round is two") {
    Bench bench({"AB123"});
    bench.patch(1, 0);
    bench.note(NoteKind::closed, passage(1, 100, 103, 40, 60));
    bench.patch(2, 0);
    bench.note(NoteKind::closed, passage(2, 120, 123, 62, 110));
    bench.patch(3, 0);
    bench.note(NoteKind::closed, passage(3, 150, 153, 40, 110));
    const auto captured = bench.run();
    REQUIRE(captured.size() == 2);
    CHECK(captured[0].passage.id == 1);
    CHECK(captured[1].passage.id == 3);
    CHECK(bench.counters().passages == 2);
    CHECK(bench.counters().passages_rejoined == 1);
}

TEST_CASE("passages without a text are never taken for one") {
    Bench bench({""});
    for (const PassageId id : {PassageId{1}, PassageId{2}}) {
        bench.patch(id, 0);
        bench.note(NoteKind::closed,
                   passage(id, 100 + 10 * static_cast<int>(id), 103 + 10 * static_cast<int>(id), 60, 62));
    }
    CHECK(bench.run().size() == 2);
}

namespace {

/// A plate at x = 300 that comes down the picture: y is four times its width, which grows as it does at
/// constant speed.
Passage coming(PassageId id, double first_s, double last_s) {
    const auto at = [](double seconds) {
        const auto width = static_cast<float>(400 / (110 - seconds));
        return Box{300 - width / 2, 4 * width - width / 8, 300 + width / 2, 4 * width + width / 8};
    };
    Passage passage;
    passage.id = id;
    passage.direction = Direction::approaching;
    passage.frames = 10;
    passage.first_seen = BootTime(microseconds(static_cast<std::int64_t>(first_s * 1e6)));
    passage.last_seen = BootTime(microseconds(static_cast<std::int64_t>(last_s * 1e6)));
    passage.entered = at(first_s);
    passage.left = at(last_s);
    return passage;
}

}  // namespace

TEST_CASE(
    "a plate too far to be read and lost for a moment is one record with the one that goes on, the readable "
    "one") {
    Bench bench({"", "AB123"});
    bench.patch(1, 0);
    bench.note(NoteKind::closed, coming(1, 100, 102), 0, {2});
    bench.patch(2, 1);
    bench.note(NoteKind::closed, coming(2, 102.6, 105));
    const auto captured = bench.run();
    REQUIRE(captured.size() == 1);
    CHECK(captured[0].passage.id == 2);
    CHECK(captured[0].passage.first_seen == coming(1, 100, 102).first_seen);
    CHECK(captured[0].passage.frames == 20);
    CHECK(text_of(captured[0].read.characters) == "AB123");
    CHECK(bench.counters().passages == 1);
    CHECK(bench.counters().passages_rejoined == 1);
}

TEST_CASE("the readable one may have been reported first, and may be misread by a letter") {
    for (const char* far : {"", "B123", "AB128"}) {
        CAPTURE(std::string(far));
        Bench bench({far, "AB123"});
        bench.patch(2, 1);
        bench.note(NoteKind::closed, coming(2, 102.6, 105));
        bench.patch(1, 0);
        bench.note(NoteKind::closed, coming(1, 100, 102));
        const auto captured = bench.run();
        REQUIRE(captured.size() == 1);
        CHECK(captured[0].passage.id == 2);
    }
}

TEST_CASE("an unread passage gets its own record when none of those that came after went on with it") {
    struct Row {
        const char* what;
        NoteKind kind;
        Passage other;
        std::size_t records;
    };
    Passage beside = coming(2, 102.6, 105);
    for (Box* box : {&beside.entered, &beside.left}) {
        box->left += 200;
        box->right += 200;
    }
    const Passage behind = [] {
        Passage late = coming(2, 100.5, 103);
        late.first_seen += std::chrono::seconds(2);
        late.last_seen += std::chrono::seconds(2);
        return late;
    }();
    for (const Row& row : {Row{"in the next lane", NoteKind::closed, beside, 2},
                           Row{"it follows two seconds behind", NoteKind::closed, behind, 2},
                           Row{"a reflection", NoteKind::flicker, coming(2, 102.6, 105), 1}}) {
        CAPTURE(std::string(row.what));
        Bench bench({"", "AB123"});
        bench.patch(1, 0);
        bench.note(NoteKind::closed, coming(1, 100, 102), 0, {2});
        bench.patch(2, 1);
        bench.note(row.kind, row.other);
        const auto captured = bench.run();
        REQUIRE(captured.size() == row.records);
        CHECK(captured.back().passage.id == 1);
        CHECK(captured.back().read.characters.empty());
    }
}

TEST_CASE("an unread plate makes a record when it was wide enough to be due, a read one always") {
    for (const float wide : {39.0F, 41.0F}) {
        CAPTURE(wide);
        Bench bench({""});
        bench.patch(1, 0);
        bench.note(NoteKind::closed, passage(1, 100, 102, wide - 5, wide));
        CHECK(bench.run().size() == (wide > 40 ? 1 : 0));
        CHECK(bench.counters().passages_too_far == (wide > 40 ? 0 : 1));
    }
    Bench read({"AB123"});
    read.patch(1, 0);
    read.note(NoteKind::closed, passage(1, 100, 102, 20, 25));
    CHECK(read.run().size() == 1);
}

TEST_CASE("nothing that waits is lost at the end of the road, and only few wait") {
    Bench bench({""});
    constexpr PassageId count = 20;
    for (PassageId id = 1; id <= count; ++id) {
        bench.patch(id, 0);
        bench.note(NoteKind::closed, coming(id, 100, 102), 0, {99});
    }
    CHECK(bench.run().size() == count);
}
