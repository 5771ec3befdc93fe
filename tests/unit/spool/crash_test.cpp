// kill -9 at random moments: what append returned for is there afterwards, and no seq comes twice.
// PORTCULLIS_ROUNDS sets how many kills.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>

#include "base/unique_fd.hpp"
#include "support.hpp"
#include "support/rounds.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Confirmed {
    Seq last;
    Digest link;
};

/// Appends for ever and tells each confirmed head through the pipe.
[[noreturn]] void append_for_ever(const SpoolSettings& settings, int out) {
    auto spool = Spool::open(settings, any_maker());
    if (!spool) ::_exit(3);
    ChainHead head = spool->head();
    for (;;) {
        if (!spool->append(next_record(head, {{ItemKind::read, 700}, {ItemKind::plate, 9000}}))) ::_exit(4);
        const Confirmed confirmed{head.next_seq - 1, head.link};
        if (::write(out, &confirmed, sizeof confirmed) != sizeof confirmed) ::_exit(5);
    }
}

/// Runs the appender until it confirmed `enough` records, kills it, and gives the last confirmation.
Confirmed run_and_kill(const SpoolSettings& settings, int enough, unsigned more_us) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd in(ends[0]);
    UniqueFd out(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) append_for_ever(settings, out.get());
    out.reset();
    Confirmed last{};
    Confirmed next{};
    for (int i = 0; i < enough; ++i) {
        REQUIRE(::read(in.get(), &next, sizeof next) == sizeof next);
        last = next;
    }
    ::usleep(more_us);  // only spreads the moment of death; nothing is decided by it
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    while (::read(in.get(), &next, sizeof next) == sizeof next)
        last = next;
    return last;
}

/// A long run stays small: most of what has been looked at is given back, as after a receipt.
constexpr std::size_t most_items = 400;
Seq release_most(Spool& spool, const std::vector<SpooledItem>& items) {
    const SealedItem& upto = items[items.size() - 2].item;
    REQUIRE(spool.release(spool.head().chain, upto.seq, upto.link, {}));
    return items.back().item.seq;
}

}  // namespace

TEST_CASE("kill -9 at random moments loses no confirmed record and reuses no seq") {
    const TempDir dir;
    SpoolSettings settings = settings_in(dir);
    SUBCASE("with room") {}
    SUBCASE("while shedding") {
        settings.quota_bytes = 100'000;
    }
    std::mt19937 random(20260101);
    ChainId chain = open_spool(settings).head().chain;
    Seq first = 1;
    Seq confirmed_records = 0;
    const int kills = rounds_or(30);
    for (int round = 0; round < kills; ++round) {
        const Confirmed confirmed = run_and_kill(settings, 1 + static_cast<int>(random() % 8),
                                                 static_cast<unsigned>(random() % 3000));
        Spool spool = open_spool(settings);
        REQUIRE_FALSE(spool.set_aside());
        CHECK(spool.head().chain == chain);
        REQUIRE(spool.head().next_seq > confirmed.last);
        const auto items = all_of(spool);
        REQUIRE_FALSE(items.empty());
        CHECK(items.front().first == first);
        CHECK(items.back().item.link == spool.head().link);
        for (std::size_t i = 1; i < items.size(); ++i)
            REQUIRE(items[i].first ==
                    items[i - 1].item.seq + 1);  // a gap is declared, by whoever stands for it
        // At most the one record that was being appended is there beyond what was confirmed.
        CHECK(spool.head().next_seq - 1 - confirmed.last <= 2);
        const auto row = std::find_if(items.begin(), items.end(), [&](const SpooledItem& item) {
            return item.item.seq == confirmed.last;
        });
        REQUIRE(row != items.end());
        CHECK(row->item.link == confirmed.link);
        confirmed_records = confirmed.last;
        if (items.size() > most_items) first = release_most(spool, items);
    }
    MESSAGE(kills << " kills, " << confirmed_records << " seqs confirmed");
}

TEST_CASE("kill -9 of a reader that releases loses nothing that was not released") {
    const TempDir dir;
    const SpoolSettings settings = settings_in(dir);
    ChainHead head;
    std::vector<Digest> links;
    {
        // Closed before the fork: SQLite's locks may not be carried into a child.
        Spool reader = open_spool(settings);
        head = reader.head();
        for (int i = 0; i < 300; ++i) {
            REQUIRE(reader.append(next_read(head)));
            links.push_back(head.link);
        }
    }
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd in(ends[0]);
    UniqueFd out(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto releasing = Spool::open(settings, any_maker());
        if (!releasing) ::_exit(3);
        for (Seq upto = 1; upto <= links.size(); ++upto) {
            if (!releasing->release(head.chain, upto, links[upto - 1], {})) ::_exit(4);
            if (::write(out.get(), &upto, sizeof upto) != sizeof upto) ::_exit(5);
        }
        ::pause();
    }
    out.reset();
    Seq released = 0;
    for (int i = 0; i < 100; ++i)
        REQUIRE(::read(in.get(), &released, sizeof released) == sizeof released);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    Seq next = 0;
    while (::read(in.get(), &next, sizeof next) == sizeof next)
        released = next;
    Spool reader = open_spool(settings);
    const auto items = all_of(reader);
    const Seq first = items.empty() ? 301 : items.front().item.seq;
    CHECK(first >= released + 1);
    CHECK(first <= released + 2);
    CHECK(items.size() == 301 - first);
    CHECK(reader.stats().value().items == items.size());
    REQUIRE(reader.append(next_read(head)));
}
