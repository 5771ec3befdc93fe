// Power cuts and failing calls: what append returned for is there, whole and once; what it did not return for
// is there or not, and never breaks the chain.
#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <random>

#include "support/disk_faults.hpp"
#include "support/rounds.hpp"
#include "unit/audit/audit_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;
using Unsynced = FaultVfs::Unsynced;

namespace {

constexpr int checkpoint_pages = 10;
constexpr int batches = 8;
constexpr int tries = 2;

std::vector<Access> batch_of(Seq first) {
    return {sample_access(first), sample_access(first + 1), sample_access(first + 2)};
}

/// What was promised is there, in order; at most one further batch, whole.
std::uint64_t check_log(AuditLog& log, std::uint64_t promised) {
    const std::vector<AuditRow> rows = must(log.rows(0, 1000));
    REQUIRE(rows.size() >= promised);
    REQUIRE((rows.size() == promised || rows.size() == promised + 3));
    Digest link = first_audit_link(log.id());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        link = next_audit_link(link, rows[i].number, sha256(as_bytes(rows[i].text)));
        REQUIRE(rows[i].number == i + 1);
        REQUIRE(std::ranges::equal(rows[i].link, link));
        REQUIRE(must(parse_audit_entry(rows[i].text)).access.seq == i + 1);
    }
    return rows.size();
}

}  // namespace

TEST_CASE("a power cut in any call loses no access that may have been opened, and breaks no link") {
    std::mt19937 random(20261126);
    const std::uint64_t stride = rounds_or(1) > 1 ? 1 : 7;
    for (const Unsynced unsynced : {Unsynced::lost, Unsynced::torn, Unsynced::kept}) {
        bool ended = false;
        for (std::uint64_t call = 1; !ended; call += stride) {
            CAPTURE(call);
            REQUIRE(call < 2000);
            const TempDir dir;
            const auto path = dir.path() / "audit.db";
            FaultVfs disk(checkpoint_pages);
            REQUIRE(std::ofstream(path).is_open());
            std::uint64_t promised = 0;
            disk.cut_power_at(call);
            if (auto log = AuditLog::open(path); log) {
                for (int i = 0; i < batches && !disk.dead(); ++i)
                    if (log->append(batch_of(promised + 1), now)) promised += 3;
                ended = !disk.dead();
            }
            disk.cut_power();
            disk.restore_power(unsynced, random);
            AuditLog log = must(AuditLog::open(path));
            const std::uint64_t there = check_log(log, promised);
            must_do(log.append(batch_of(there + 1), now));
            check_log(log, there + 3);
        }
    }
}

TEST_CASE(
    "whichever call to the disk fails, an access has its entry or an error, and the next try succeeds") {
    const std::uint64_t stride = rounds_or(1) > 1 ? 1 : 5;
    CHECK(fail_each_call(checkpoint_pages, stride, [](FaultVfs& disk) {
              const TempDir dir;
              const auto path = dir.path() / "audit.db";
              REQUIRE(std::ofstream(path).is_open());
              AuditLog log = try_on(disk, tries, [&] { return AuditLog::open(path); });
              for (std::uint64_t done = 0; done < 3 * batches; done += 3) {
                  const auto append = [&]() -> Result<bool> {
                      const Result<void> written = log.append(batch_of(done + 1), now);
                      if (!written) return fail(written.error());
                      return true;
                  };
                  try_on(disk, tries, append);
              }
              disk.mend();
              CHECK(check_log(log, 3 * batches) == 3 * batches);
          }) > 10);
}
