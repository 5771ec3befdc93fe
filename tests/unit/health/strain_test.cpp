#include "health/strain.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "health/rate_governor.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using std::chrono::seconds;

namespace {

/// A machine made of files.
struct Machine {
    test::TempDir folder;
    StrainPlaces places;

    Machine() {
        places.thermal = folder.path() / "thermal";
        places.memory_pressure = {folder.path() / "own.pressure", folder.path() / "all.pressure"};
        places.memory_group = folder.path() / "group";
        std::filesystem::create_directories(places.memory_group);
        std::filesystem::create_directories(places.thermal);
    }
    void write(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories((folder.path() / file).parent_path());
        std::ofstream(folder.path() / file) << text;
    }
    void zone(int number, const std::string& type, const std::string& temp) const {
        const std::string zone = "thermal/thermal_zone" + std::to_string(number);
        write(zone + "/type", type + "\n");
        write(zone + "/temp", temp + "\n");
    }
    [[nodiscard]] Strain strain() const { return measure_strain(places); }
};

struct Road {
    RateGovernor governor{RateSettings{}};
    BootTime now{seconds(1)};

    int after(seconds time, const Strain& strain) {
        for (seconds gone{0}; gone < time; ++gone) {
            now += seconds(1);
            governor.look(strain, now);
        }
        return governor.step();
    }
};

Strain at(double celsius) {
    Strain strain;
    strain.celsius = celsius;
    strain.zone = "cpu-thermal";
    return strain;
}

Strain stalled(double percent) {
    Strain strain;
    strain.memory_stall_percent = percent;
    return strain;
}

}  // namespace

TEST_CASE("the hottest zone counts, and sensors that are absurd or broken do not") {
    const Machine machine;
    machine.zone(0, "cpu-thermal", "61250");
    machine.zone(1, "ddr-thermal", "70500");
    machine.zone(2, "broken", "2147483647");
    machine.zone(3, "silent", "");
    machine.zone(4, "words", "hot");
    machine.write("thermal/cooling_device0/temp", "99000\n");
    const Strain strain = machine.strain();
    REQUIRE(strain.celsius);
    CHECK(*strain.celsius == doctest::Approx(70.5));
    CHECK(strain.zone == "ddr-thermal");
}

TEST_CASE("a machine that tells nothing is under no strain") {
    const Machine machine;
    StrainPlaces nowhere;
    nowhere.thermal = machine.folder.path() / "not there";
    nowhere.memory_pressure = {machine.folder.path() / "nor this"};
    for (const Strain& strain : {measure_strain(nowhere), machine.strain(), measure_strain({"", {}, ""})}) {
        CHECK_FALSE(strain.celsius);
        CHECK_FALSE(strain.memory_stall_percent);
        CHECK_FALSE(strain.memory_share_percent);
    }
}

TEST_CASE("the control group's own pressure goes before the machine's, memory.high before none") {
    const Machine machine;
    const std::string rest =
        " avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    machine.write("all.pressure", "some avg10=42.50" + rest);
    CHECK(*machine.strain().memory_stall_percent == doctest::Approx(42.5));
    machine.write("own.pressure", "some avg10=1.25" + rest);
    CHECK(*machine.strain().memory_stall_percent == doctest::Approx(1.25));
    machine.write("own.pressure", "nothing of the kind");
    CHECK(*machine.strain().memory_stall_percent == doctest::Approx(42.5));
    machine.write("group/memory.current", "96000000\n");
    machine.write("group/memory.high", "max\n");
    CHECK_FALSE(machine.strain().memory_share_percent);
    machine.write("group/memory.high", "100000000\n");
    CHECK(*machine.strain().memory_share_percent == doctest::Approx(96));
}

TEST_CASE("this machine's own places can be looked at") {
    const Strain strain = measure_strain(usual_strain_places());
    if (strain.celsius) CHECK(*strain.celsius > -60);
    if (strain.memory_stall_percent) CHECK(*strain.memory_stall_percent >= 0);
}

TEST_CASE("heat that lasts takes the rate down step by step, and no further than the last") {
    Road road;
    CHECK(road.after(seconds(10), at(84.9)) == 0);
    CHECK(road.after(seconds(10), at(85)) == 0);
    CHECK(road.after(seconds(1), at(85)) == 1);
    CHECK(road.governor.reason() == RateReason::heat);
    CHECK(road.governor.trouble() == " degraded=heat step=1");
    CHECK(road.after(seconds(10), at(90)) == 2);
    CHECK(road.after(seconds(10), at(90)) == 3);
    CHECK(road.after(seconds(1000), at(120)) == 3);
}

TEST_CASE("the rate comes back a step a minute when it is cool, and waits between the two limits") {
    Road road;
    CHECK(road.after(seconds(1000), at(90)) == 3);
    CHECK(road.after(seconds(100'000), at(80)) == 3);
    CHECK(road.after(seconds(60), at(77)) == 3);
    CHECK(road.after(seconds(1), at(77)) == 2);
    CHECK(road.after(seconds(59), at(77)) == 2);
    CHECK(road.after(seconds(1), at(79)) == 2);  // and from the start
    CHECK(road.after(seconds(60), at(77)) == 2);
    CHECK(road.after(seconds(1), at(77)) == 1);
    CHECK(road.after(seconds(60), at(20)) == 0);
    CHECK(road.governor.reason() == RateReason::none);
    CHECK(road.governor.trouble().empty());
}

TEST_CASE("a moment of heat changes nothing, and no sensor at all is no heat") {
    Road road;
    for (int i = 0; i < 100; ++i) {
        CHECK(road.after(seconds(9), at(99)) == 0);
        CHECK(road.after(seconds(1), at(70)) == 0);
    }
    CHECK(road.after(seconds(1000), Strain{}) == 0);
    CHECK(road.after(seconds(11), at(99)) == 1);
    CHECK(road.after(seconds(61), Strain{}) == 0);
}

TEST_CASE("want of memory lowers the rate by stalls and by the share of memory.high") {
    Road road;
    CHECK(road.after(seconds(11), stalled(20)) == 1);
    CHECK(road.governor.trouble() == " degraded=memory step=1");
    Strain full;
    full.memory_share_percent = 95;
    CHECK(road.after(seconds(11), full) == 2);
    full.memory_share_percent = 90;
    CHECK(road.after(seconds(1000), full) == 2);
    full.memory_share_percent = 84;
    CHECK(road.after(seconds(121), full) == 0);
}
