#include "pipeline/read_stage.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// A read stage alone: patches carry the index of their text.
class Bench {
  public:
    explicit Bench(std::vector<std::string> texts) {
        eyes_.read = [texts = std::move(texts)](const PlatePatch& patch) -> Result<Reading> {
            return toy_reading(texts[patch.image.pixels[0]]);
        };
    }

    /// Gives the job's number.
    std::uint64_t patch(PassageId passage, std::uint8_t text) {
        CHECK(patches_.send({++jobs_, passage, {{1, 1, {text}}, {}}, 1}));
        return jobs_;
    }
    void note(NoteKind kind, const Passage& passage, std::uint64_t look_of_job = 0) {
        auto look = std::make_shared<PlateLook>();
        look->plate = {1, 1, {1, 2, 3}};
        look->job = look_of_job;
        CHECK(notes_.send({kind, ++jobs_, passage, look}));
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
