#include "pipeline/commit_stage.hpp"

#include <doctest/doctest.h>

#include "unit/pipeline/toy_road.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

/// Commits three passages to a sink that answers as `answer` says, and gives what became of them.
struct Outcome {
    std::string texts;
    std::uint64_t records = 0;
    std::uint64_t lost = 0;
    std::uint64_t retries = 0;
    bool trouble = false;
    bool fatal = false;
    int fatal_calls = 0;
    milliseconds waited{0};
};

Outcome commit_three(std::function<Result<void>(const CaptureRecord&, int attempt)> answer,
                     bool stopping = false) {
    PipelineSettings settings;
    CapturedChannel captured(8, Overflow::block);
    RoadCounters counters;
    ToySink sink;
    int attempt = 0;
    sink.answer = [&](const CaptureRecord& record) { return answer(record, attempt++); };
    Outcome outcome;
    std::stop_source stop;
    if (stopping) stop.request_stop();
    const Wait wait = [&](milliseconds time, const std::stop_token&) { outcome.waited += time; };
    CommitStage stage(settings, "m", sink.sink(), captured, counters, wait, stop.get_token());
    for (std::uint64_t id = 1; id <= 3; ++id) {
        Passage passage;
        passage.id = id;
        Read read;
        read.characters = toy_reading(toy_text(id)).characters;
        REQUIRE(captured.send({passage, read, nullptr}));
    }
    captured.close();
    stage.run([&] { ++outcome.fatal_calls; });
    outcome.texts = sink.texts();
    outcome.records = counters.records;
    outcome.lost = counters.records_lost;
    outcome.retries = counters.commit_retries;
    outcome.trouble = counters.spool_trouble;
    outcome.fatal = stage.fatal().has_value();
    return outcome;
}

}  // namespace

TEST_CASE("disk trouble is waited out: nothing is lost, nothing comes twice, the order stays") {
    for (const ErrorCode code :
         {ErrorCode::io, ErrorCode::exhausted, ErrorCode::timeout, ErrorCode::denied, ErrorCode::corrupt}) {
        const Outcome outcome = commit_three([code](const CaptureRecord&, int attempt) -> Result<void> {
            if (attempt >= 1 && attempt <= 4) return fail(code, "disk");
            return {};
        });
        CHECK(outcome.texts == "AB101 AB102 AB103 ");
        CHECK(outcome.retries == 4);
        CHECK(outcome.lost == 0);
        CHECK_FALSE(outcome.trouble);
        CHECK(outcome.waited == milliseconds(100 + 200 + 400 + 800));
    }
}

TEST_CASE("trouble that outlasts the patience loses the record, counted") {
    const Outcome outcome = commit_three([](const CaptureRecord& record, int) -> Result<void> {
        if (record.passage.id == 2) return fail(ErrorCode::io, "disk");
        return {};
    });
    CHECK(outcome.texts == "AB101 AB103 ");
    CHECK(outcome.records == 2);
    CHECK(outcome.lost == 1);
    CHECK(outcome.waited >= milliseconds(60'000));
    CHECK(outcome.waited <= milliseconds(65'000));
}

TEST_CASE("while stopping the patience is short") {
    const Outcome outcome = commit_three(
        [](const CaptureRecord&, int) -> Result<void> { return fail(ErrorCode::io, "disk"); }, true);
    CHECK(outcome.lost == 3);
    CHECK(outcome.waited <= 3 * milliseconds(4000));
}

TEST_CASE("a record that will never be taken is counted as lost at once, the others go on") {
    const Outcome outcome = commit_three([](const CaptureRecord& record, int) -> Result<void> {
        if (record.passage.id == 1) return fail(ErrorCode::refused, "too large");
        return {};
    });
    CHECK(outcome.texts == "AB102 AB103 ");
    CHECK(outcome.lost == 1);
    CHECK(outcome.retries == 0);
    CHECK_FALSE(outcome.fatal);
}

TEST_CASE("a sink that is gone ends the pipeline, and what was on its way is counted") {
    const Outcome outcome = commit_three([](const CaptureRecord& record, int) -> Result<void> {
        if (record.passage.id == 2) return fail(ErrorCode::closed, "the sink is gone");
        return {};
    });
    CHECK(outcome.fatal);
    CHECK(outcome.fatal_calls >= 1);
    CHECK(outcome.texts == "AB101 ");
    CHECK(outcome.lost == 2);
}

TEST_CASE("a checkpoint that fails degrades, and the records go on") {
    PipelineSettings settings;
    CapturedChannel captured(8, Overflow::block);
    RoadCounters counters;
    ToySink toy;
    RecordSink sink = toy.sink();
    sink.tick = []() -> Result<void> { return fail(ErrorCode::io, "disk"); };
    CommitStage stage(settings, "m", sink, captured, counters, no_wait, {});
    REQUIRE(captured.send({{}, {}, nullptr}));
    captured.close();
    stage.run([] {});
    CHECK(counters.records == 1);
    CHECK(counters.spool_trouble);
}

TEST_CASE("of a passage that may not leave nothing is built, and its own count tells of it") {
    PipelineSettings settings;
    CapturedChannel captured(8, Overflow::block);
    RoadCounters counters;
    ToySink toy;
    std::stop_source stop;
    RecordSink sink = toy.sink();
    sink.wants = [](const Read& read, ClockQuality) { return text_of(read.characters) == toy_text(2); };
    CommitStage stage(
        settings, "m", sink, captured, counters, [](milliseconds, const std::stop_token&) {},
        stop.get_token());
    for (std::uint64_t id = 1; id <= 3; ++id) {
        Read read;
        read.characters = toy_reading(toy_text(id)).characters;
        Passage passage;
        passage.id = id;
        REQUIRE(captured.send({passage, read, nullptr}));
    }
    captured.close();
    stage.run([] {});
    CHECK(toy.texts() == toy_text(2) + " ");
    CHECK(counters.records == 1);
    CHECK(counters.passages_unwanted == 2);
    CHECK(counters.records_lost == 0);
}
