#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>

#include "integration/faults/fault_row.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace portcullis::test {

LogCatcher::LogCatcher()
    : file_(::memfd_create("log", MFD_CLOEXEC)), stderr_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    REQUIRE(::dup2(file_.get(), STDERR_FILENO) == STDERR_FILENO);
}

LogCatcher::~LogCatcher() {
    ::dup2(stderr_.get(), STDERR_FILENO);
}

std::string LogCatcher::text() const {
    std::string text(static_cast<std::size_t>(::lseek(file_.get(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(file_.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
}

}  // namespace portcullis::test

namespace {

FaultRows all_rows() {
    FaultRows rows;
    for (const auto& part :
         {camera_faults(), road_faults(), spool_faults(), key_faults(), uplink_faults(), machine_faults()})
        rows.insert(rows.end(), part.begin(), part.end());
    return rows;
}

std::string for_people(const FaultRow& row) {
    return fmt::format("| {} | {}: {} | {} | `{}` | {} |", row.where, to_string(row.kind), row.fault,
                       row.expected, row.says, row.recovery);
}

/// The lines of the README's table, without its head.
std::vector<std::string> table_of_the_readme() {
    std::ifstream file(PORTCULLIS_SOURCE_DIR "/firmware/health/README.md");
    std::vector<std::string> lines;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("| where | fault | state |")) inside = true;
        if (inside && !line.starts_with('|')) break;
        if (inside && !line.starts_with("| where |") && !line.starts_with("|---")) lines.push_back(line);
    }
    return lines;
}

void check(const FaultRow& row) {
    INFO(std::string(row.where), ": ", std::string(row.fault));
    const Seen seen = row.provoke();
    CHECK(seen.state == row.expected);
    CHECK(seen.recovered);
    const bool said = seen.said.find(row.says) != std::string::npos;
    if (!said) MESSAGE("said: ", seen.said);
    CHECK(said);
}

void check_all(const FaultRows& rows) {
    for (const FaultRow& row : rows)
        check(row);
}

}  // namespace

TEST_CASE("the fault table: cameras") {
    check_all(camera_faults());
}

TEST_CASE("the fault table: the road's stages") {
    check_all(road_faults());
}

TEST_CASE("the fault table: spool and disk") {
    check_all(spool_faults());
}

TEST_CASE("the fault table: keys, recipients, models, settings") {
    check_all(key_faults());
}

TEST_CASE("the fault table: broker, inbox, receipts") {
    check_all(uplink_faults());
}

TEST_CASE("the fault table: the machine and what stands beside the camera") {
    check_all(machine_faults());
}

TEST_CASE("the fault table stands in the README of health, row by row") {
    std::vector<std::string> rows;
    for (const FaultRow& row : all_rows())
        rows.push_back(for_people(row));
    const std::vector<std::string> written = table_of_the_readme();
    for (const std::string& row : rows) {
        const bool stands = std::ranges::find(written, row) != written.end();
        if (!stands) MESSAGE("write into firmware/health/README.md:\n", row);
        CHECK(stands);
    }
    CHECK(written.size() == rows.size());
}

TEST_CASE("the fault table has at least forty rows, of every kind, none twice") {
    const FaultRows rows = all_rows();
    CHECK(rows.size() >= 40);
    std::set<std::string> names;
    std::set<Fault> kinds;
    for (const FaultRow& row : rows) {
        names.insert(std::string(row.where) + row.fault);
        kinds.insert(row.kind);
    }
    CHECK(names.size() == rows.size());
    CHECK(kinds.size() == 6);
}
