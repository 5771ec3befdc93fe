// The store's file: nothing readable in it, and it refuses what is not its own.
#include <doctest/doctest.h>

#include <fstream>

#include "base/file.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

bool holds(const std::filesystem::path& path, std::string_view needle) {
    const Bytes bytes = must(read_file(path, std::size_t{64} * 1024 * 1024));
    return as_text(bytes).find(needle) != std::string_view::npos;
}

std::vector<std::filesystem::path> files_of(const CollectorBench& bench) {
    std::vector<std::filesystem::path> all{bench.file};
    for (const char* suffix : {"-wal", "-shm"})
        if (std::filesystem::exists(bench.file.string() + suffix))
            all.emplace_back(bench.file.string() + suffix);
    return all;
}

}  // namespace

TEST_CASE("the store's files hold no plate text and no JPEG marker, also of what was condemned") {
    CollectorBench bench;
    TestDevice device(bench.road);
    std::vector<BrokerMessage> last;
    for (int i = 0; i < 5; ++i) {
        last = device.messages(device.seal());
        bench.deliver(last);
    }
    bench.deliver(with_property(last[0], "seq", "77"));
    bench.deliver(with_flipped_byte(device.messages(device.seal())[0]));
    bench.judge_all();
    bench.deliver(device.message(device.checkpoint()));
    const auto files = files_of(bench);
    CHECK(files.size() == 3);
    for (const auto& path : files) {
        CAPTURE(path.string());
        CHECK_FALSE(holds(path, "AB12CDE"));
        CHECK_FALSE(holds(path, "\xff\xd8\xff"));
        CHECK_FALSE(holds(path, "lane-1"));
    }
    // The search itself can find: a control.
    std::ofstream(bench.road.pki.folder() / "leak") << "..AB12CDE..";
    CHECK(holds(bench.road.pki.folder() / "leak", "AB12CDE"));
}

TEST_CASE("the store keeps exactly the bytes that came") {
    CollectorBench bench;
    TestDevice device(bench.road);
    const auto messages = device.messages(device.seal());
    bench.deliver(messages);
    for (Seq seq = 1; seq <= 3; ++seq) {
        const auto item = must(bench.store().items.find(bench.chain(device).id, seq));
        REQUIRE(item);
        CHECK(must(bench.store().items.blob(item->id)) == messages[seq - 1].payload);
    }
}

TEST_CASE("a file that is no store of ours is refused and left alone") {
    const TempDir folder;
    const auto path = folder.path() / "other.db";
    std::ofstream(path) << "this is not a database at all, but a letter of some length to somebody";
    const auto size = std::filesystem::file_size(path);
    CHECK_FALSE(Store::open({path, {}, true}));
    CHECK(std::filesystem::file_size(path) == size);
    CHECK(Store::open({folder.path() / "none.db", {}, false}).error().code() == ErrorCode::not_found);
    CHECK_FALSE(Store::open({folder.path() / "no" / "such" / "folder.db", {}, true}));
}
