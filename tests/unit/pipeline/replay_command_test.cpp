// The command as a person runs it. Its accuracy is measured elsewhere; here its contract with scripts.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "support/temp_dir.hpp"
#include "support/tool.hpp"
#include "unit/pipeline/toy_road.hpp"
#include "vision/jpeg.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

class Desk {
  public:
    Desk() {
        put("grey1.jpg", picture(320, 200, 90));
        put("grey2.jpg", picture(640, 400, 200));
    }
    void put(const std::string& name, ByteView bytes) const {
        std::filesystem::create_directories((folder_.path() / "in" / name).parent_path());
        REQUIRE(write_file_atomically(folder_.path() / "in" / name, bytes));
    }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

    [[nodiscard]] ToolRun replay(const std::string& arguments) const {
        return run_tool(folder_.path(), "replay " + arguments);
    }
    /// The lines of --predictions, parsed.
    [[nodiscard]] std::vector<nlohmann::json> lines(const std::string& name) const {
        std::vector<nlohmann::json> parsed;
        std::istringstream text(read_text_file(path(name), 1'000'000).value());
        for (std::string line; std::getline(text, line);)
            parsed.push_back(nlohmann::json::parse(line));
        return parsed;
    }

    static Bytes picture(int width, int height, std::uint8_t grey) {
        const GreyImage image{width, height,
                              std::vector<std::uint8_t>(
                                  static_cast<std::size_t>(width) * static_cast<std::size_t>(height), grey)};
        return encode_jpeg(image, {}).value();
    }

  private:
    TempDir folder_;
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("replay --stills writes one line a picture, in order, whatever the number of workers") {
    const Desk desk;
    desk.put("bad.jpg", to_bytes("no picture"));
    for (const char* threads : {"1", "3"}) {
        const ToolRun run =
            desk.replay(fmt::format("--stills --threads {} --predictions p.jsonl in", threads));
        CAPTURE(run.err);
        REQUIRE(run.code == 0);
        const auto lines = desk.lines("p.jsonl");
        REQUIRE(lines.size() == 3);
        CHECK(lines[0]["image"] == "bad.jpg");
        CHECK(lines[0]["reads"].empty());
        CHECK(lines[0].contains("error"));
        CHECK(lines[1]["image"] == "grey1.jpg");
        CHECK(lines[1]["ms"].get<double>() > 0);
        CHECK(lines[2]["image"] == "grey2.jpg");
        CHECK(holds(run.err, "skipped in/bad.jpg"));
        CHECK_FALSE(holds(run.err, "\r"));  // no progress bar where there is no terminal
    }
}

TEST_CASE("replay --patches reads the whole picture as a plate") {
    const Desk desk;
    REQUIRE(desk.replay("--patches --predictions p.jsonl in/grey1.jpg").code == 0);
    const auto lines = desk.lines("p.jsonl");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["image"] == "in/grey1.jpg");
    REQUIRE(lines[0]["reads"].size() == 1);
    CHECK(lines[0]["reads"][0]["quad"] == nlohmann::json::parse("[[0,0],[319,0],[319,199],[0,199]]"));
}

TEST_CASE("replay takes a list and annotates") {
    const Desk desk;
    desk.put("list.txt", to_bytes("grey1.jpg\ngrey2.jpg\n"));
    const ToolRun run = desk.replay("--stills --annotate seen --predictions - @in/list.txt");
    CAPTURE(run.err);
    REQUIRE(run.code == 0);
    CHECK(holds(run.out, "\"image\":\"grey1.jpg\""));
    CHECK(std::filesystem::exists(desk.path("seen/grey1.jpg")));
    CHECK(std::filesystem::exists(desk.path("seen/grey2.jpg")));
}

TEST_CASE("replay walks pictures as a film") {
    const Desk desk;
    const ToolRun run = desk.replay("--predictions p.jsonl in");
    CAPTURE(run.err);
    CHECK(run.code == 0);
    CHECK(holds(run.err, "2 frames, 0 broken, 0 passages"));
}

TEST_CASE("replay writes nothing but what it is asked for") {
    const Desk desk;
    REQUIRE(desk.replay("--stills in").code == 0);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::recursive_directory_iterator(desk.path(".")))
        ++files;
    CHECK(files == 5);  // in, two pictures, and the two files of the shell
}

TEST_CASE("each wrong use of replay ends with its exit code and its reason") {
    const Desk desk;
    desk.put("bad/zero.jpg", {});
    desk.put("bad/one.jpg", Desk::picture(1, 1, 9));
    desk.put("bad/wide.jpg", Desk::picture(12000, 16, 9));
    desk.put("bad/text.jpg", to_bytes("hello, I am a text"));
    std::filesystem::create_directories(desk.path("in/empty"));
    struct Row {
        const char* arguments;
        int code;
        const char* words;
    };
    for (const Row& row : {
             Row{"", 2, "PATH is required"},
             Row{"--bogus in", 2, "--bogus"},
             Row{"--threads 0 --stills in", 2, "--threads"},
             Row{"--annotate seen in", 2, "add --stills"},
             Row{"--stills --models /nonexistent in", 2, "no such model folder"},
             Row{"--stills in/empty", 1, "holds no .jpg"},
             Row{"in/empty", 1, "holds no .jpg"},
             Row{"--stills nowhere", 1, "nowhere: no such file or folder"},
             Row{"nowhere.mp4", 1, "nowhere.mp4: no such file or folder"},
             Row{"--stills in/bad/zero.jpg", 1, "0 bytes"},
             Row{"--stills in/bad/one.jpg", 1, "1 x 1 px is too small"},
             Row{"--stills in/bad/wide.jpg", 1, "12000 x 16 px is larger"},
             Row{"--stills in/bad/text.jpg", 1, "a text file"},
             Row{"--stills in/bad", 1, "not one picture could be read"},
             Row{"in/bad", 1, "not one picture could be read"},
             Row{"--stills --predictions /nonexistent/p in", 1, "cannot write /nonexistent/p"},
         }) {
        CAPTURE(std::string(row.arguments));
        const ToolRun run = desk.replay(row.arguments);
        CAPTURE(run.err);
        CHECK(run.code == row.code);
        CHECK(holds(run.err, row.words));
    }
}
