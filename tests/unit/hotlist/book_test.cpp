// The hits that are kept.
#include "hotlist/hit_book.hpp"

#include <doctest/doctest.h>

#include "support/temp_dir.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

TEST_CASE("what was kept, and what was said of it, is there after the file was closed") {
    const TempDir folder;
    const std::filesystem::path path = folder.path() / "hits.db";
    const HitRuling ruling{HitState::rejected, "alice", now};
    {
        HitBook book = must(HitBook::open(path));
        CHECK(must(book.add(as_bytes("one"), "key-1")) == 1);
        CHECK(must(book.add(as_bytes("two"), "key-2")) == 2);
        CHECK(book.rule(2, ruling).has_value());
        CHECK(book.rule(3, ruling).error().code() == ErrorCode::not_found);
    }
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    HitBook book = must(HitBook::open(path));
    const std::vector<BookedHit> rows = must(book.rows());
    REQUIRE(rows.size() == 2);
    CHECK(as_text(rows[0].sealed) == "one");
    CHECK(rows[0].ruling == HitRuling{});
    CHECK(rows[1].key_id == "key-2");
    CHECK(rows[1].ruling == ruling);
}
