// The real road film beside the labelled photographs, walked by the tool. Its plates are personal data: they
// stand in the folder's own list, not here.
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.hpp"
#include "support/temp_dir.hpp"
#include "support/tool.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::filesystem::path data_folder() {
    const char* const named = std::getenv("PORTCULLIS_DATA");  // NOLINT(concurrency-mt-unsafe): read only
    if (named != nullptr) return named;
    return std::filesystem::path(PORTCULLIS_SOURCE_DIR) / ".." / "shared" / "data";
}

/// The plates of the film whose text is certain: clip,source,licence,region,fps,width,height,text,certain,...
std::vector<std::string> certain_texts(const std::string& csv) {
    std::vector<std::string> texts;
    std::istringstream lines(csv);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::vector<std::string> row;
        for (std::string field; std::getline(fields, field, ',');)
            row.push_back(field);
        if (row.size() > 8 && row[8] == "yes") texts.push_back(row[7]);
    }
    return texts;
}

}  // namespace

TEST_CASE("each plate of the real road film whose text is certain is one passage with that text") {
    const auto folder = data_folder() / "clips";
    const auto film = folder / "nz-road-0001.mp4";
    const auto list = read_text_file(folder / "clips.csv", 1'000'000);
    if (!list || !std::filesystem::exists(film)) {
        std::puts("SKIPPED: no road film; name the folder of the photographs with PORTCULLIS_DATA");
        return;
    }
    const auto wanted = certain_texts(*list);
    REQUIRE(wanted.size() >= 4);
    const TempDir desk;
    const ToolRun run =
        run_tool(desk.path(), "replay --predictions p.jsonl " + std::filesystem::absolute(film).string());
    REQUIRE_MESSAGE(run.code == 0, run.err);
    std::map<std::string, int> passages;
    std::istringstream lines(read_text_file(desk.path() / "p.jsonl", 10'000'000).value());
    for (std::string line; std::getline(lines, line);)
        ++passages[nlohmann::json::parse(line)["text"].get<std::string>()];
    int right = 0;
    for (const std::string& text : wanted) {
        const bool once = passages[text] == 1;  // no text in a message
        right += once ? 1 : 0;
    }
    CHECK(right == static_cast<int>(wanted.size()));
}
