// `portcullis verify` as a person runs it: what its exit code says, and that it only reads.
#include "apps/portcullis/verify_command.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "support/command_run.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t file_limit = std::size_t{64} << 20;

Outcome verify(const std::filesystem::path& store, std::vector<std::string> more = {}) {
    more.insert(more.begin(), store.string());
    return run_command(&add_verify_command, "verify", more);
}

/// What stands in the store's folder, by name.
std::map<std::string, Digest> contents(const std::filesystem::path& folder) {
    std::map<std::string, Digest> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file())
            all[entry.path().filename().string()] = sha256(must(read_file(entry.path(), file_limit)));
    return all;
}

/// A store with one whole chain, in a folder of its own.
struct Shelf {
    CollectorBench bench;
    TestDevice device{bench.road};
    std::filesystem::path folder = bench.road.pki.folder() / "store of 50% #1?";
    std::filesystem::path store = folder / "store.db";

    Shelf() {
        std::filesystem::create_directory(folder);
        bench.ingest.reset();
        bench.settings.path = store;
        bench.restart();
        bench.deliver(device.messages(device.seal()));
        bench.deliver(device.message(device.checkpoint()));
        bench.judge_all();
    }
};

/// For its life this process may write nothing in the folder, root or not.
class NoWriting {
  public:
    explicit NoWriting(std::filesystem::path folder) : folder_(std::move(folder)) {
        using std::filesystem::perms;
        constexpr perms readable = perms::owner_read | perms::group_read | perms::others_read;
        constexpr perms executable = perms::owner_exec | perms::group_exec | perms::others_exec;
        std::filesystem::permissions(folder_.parent_path(), perms::owner_all | executable);
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            std::filesystem::permissions(entry.path(), readable);
        std::filesystem::permissions(folder_, readable | executable);
        if (root_) REQUIRE(::seteuid(nobody) == 0);
    }
    ~NoWriting() {
        if (root_) CHECK(::seteuid(0) == 0);
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    }
    NoWriting(const NoWriting&) = delete;
    NoWriting& operator=(const NoWriting&) = delete;

  private:
    static constexpr uid_t nobody = 65534;
    std::filesystem::path folder_;
    bool root_ = ::geteuid() == 0;
};

}  // namespace

TEST_CASE("verify's exit code: 0 in order, 1 doubt, 2 wrong usage, 3 the store cannot be read") {
    Shelf shelf;
    const Outcome good = verify(shelf.store);
    CHECK_MESSAGE(good.code == 0, good.out);
    CHECK(good.out.find("Everything is in order.") != std::string::npos);
    CHECK(verify(shelf.store, {"--chains"}).code == 2);
    CHECK(verify(shelf.store, {"--chains", "0"}).code == 3);
    const Outcome missing = verify(shelf.folder / "other.db");
    CHECK(missing.code == 3);
    CHECK(missing.out.find("other.db is not there") != std::string::npos);
    must_do(write_file_atomically(shelf.folder / "letter.db", as_bytes("not a database, but a letter")));
    CHECK(verify(shelf.folder / "letter.db").code == 3);
    shelf.bench.deliver(with_property(shelf.device.messages(shelf.device.seal())[0], "seq", "99"));
    shelf.bench.judge_all();
    const Outcome doubt = verify(shelf.store, {"--json"});
    CHECK(doubt.code == 1);
    CHECK(nlohmann::json::parse(doubt.out)["in_order"] == false);
    CHECK(help_of(add_verify_command, "verify").find("3 the store cannot be read") != std::string::npos);
}

TEST_CASE(
    "verify writes nothing: neither the store nor what stands beside it, whether a collector runs or not") {
    Shelf shelf;
    SUBCASE("it runs") {
        CHECK(contents(shelf.folder).size() == 3);
    }
    SUBCASE("it was stopped") {
        shelf.bench.ingest.reset();
        CHECK(contents(shelf.folder).size() == 1);
    }
    SUBCASE("it was killed, and this is a copy") {
        const auto copy = shelf.bench.road.pki.folder() / "copy";
        std::filesystem::copy(shelf.folder, copy);
        shelf.folder = copy;
        shelf.store = copy / "store.db";
        CHECK(contents(shelf.folder).size() == 3);
    }
    const auto before = contents(shelf.folder);
    const Outcome seen = verify(shelf.store);
    CHECK_MESSAGE(seen.code == 0, seen.out);
    CHECK(contents(shelf.folder) == before);
    const NoWriting reader(shelf.folder);
    const Outcome again = verify(shelf.store);
    CHECK_MESSAGE(again.code == 0, again.out);
}
