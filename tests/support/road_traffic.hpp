#pragma once
// RoadTraffic: what a detector would find on a road, drawn from geometry and chance, with the truth beside
// it. A pinhole camera hangs over up to three lanes; vehicles follow each other (Treiber, Hennecke, Helbing,
// Physical Review E 62, 2000), stop, change lanes and hide each other's plates; quads come with noise,
// misses, bursts of misses and false ones. The same seed and rules give the same road. Values but for
// RoadTraffic, which is thread-bound.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/passage.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"

namespace portcullis::test {

/// Looks along y, the road; x to the right, z up; tilted down.
struct RoadCamera {
    int width_px = 1280;
    int height_px = 720;
    double focal_px = 2400;
    double x_m = 0;
    double height_m = 5.5;
    double tilt_degrees = 15;
};

/// One kind of road. Shares and chances in [0, 1].
struct RoadRules {
    std::string name{};
    RoadCamera camera{};
    int lanes = 1;       // 3.5 m wide, the middle of all at x = 0
    int lanes_away = 0;  // of these, from the left, carry traffic away from the camera
    double frames_per_second = 25;
    double slowest_kmh = 30;
    double fastest_kmh = 60;
    double mean_gap_s = 2.5;       // between vehicles of one lane, beside what safety asks for
    double lorries = 0.08;         // share
    double stops = 0;              // share that stop for 3 to 40 s
    double lane_changes = 0;       // share
    double miss = 0.03;            // chance that a plate is not found
    double burst = 0.004;          // chance, each frame, that it is not found for 0.1 to 0.5 s
    double noise_widths = 0.015;   // standard deviation of each corner
    double misfit = 0.02;          // chance of a quad that takes in the frame or cuts a part
    double shake_px = 0.5;         // of the pole's sway, some 2 and 7 a second, and a fifth of it by chance
    double faint = 0.03;           // chance of a score below that of a likely plate
    double false_quads = 0.02;     // a frame
    double grilles = 0;            // share whose dark grille is taken for the plate in it, far away
    int lost_frames = 0;           // each plate is hidden for so many, once, at a shadow's edge
    double hard_letters = 0.015;   // share that are misread more often than not
    double letter_errors = 0.006;  // chance of each letter of a clear plate
    double dropped_frames = 0;     // share that never come
    double uneven_s = 0;           // standard deviation of the frames' times
};

struct VehicleTruth {
    std::string text;
    Direction direction = Direction::unknown;
    /// Frames in which the plate was wholly in the picture, at least clear_width_px wide and hidden by
    /// nothing.
    int clear_frames = 0;
};
inline constexpr double clear_width_px = 45;
/// A vehicle that shows its plate clearly in fewer frames need not be recorded.
inline constexpr int due_frames = 3;

/// What was found in a frame.
struct Glimpse {
    PlateCandidate candidate;
    std::optional<std::size_t> vehicle;  // index of its truth; none of a false quad
    double clarity = 1;                  // of the patch, in [0, 1]
    std::uint64_t chance = 0;            // of its reading
};

struct RoadFrame {
    std::uint64_t number = 0;
    BootTime time{};
    std::vector<Glimpse> glimpses;
};

class RoadTraffic {
  public:
    RoadTraffic(RoadRules rules, std::uint64_t seed);

    [[nodiscard]] RoadFrame next();
    [[nodiscard]] const std::vector<VehicleTruth>& vehicles() const { return truths_; }

    /// One OCR pass over what was seen; the same each time.
    [[nodiscard]] Reading read(const Glimpse& glimpse) const;

  private:
    struct Vehicle {
        std::size_t truth = 0;
        int lane = 0;
        double x = 0;
        double y = 0;       // of its plate
        double speed = 0;   // m/s
        double wanted = 0;  // m/s
        double length = 4.5;
        double width = 1.8;
        double height = 1.5;
        double plate_height = 0.6;
        double plate_width = 0.52;
        double plate_tall = 0.11;
        double yaw = 0;
        bool grille = false;
        double stop_s = 0;  // still to stand
        double stop_at = 0;
        double change_at = 0;  // y; 0: never
        int to_lane = 0;
        int shadow_left = -1;  // frames; -1: not yet met
        double lost_s = 0;     // of a burst
        std::string hard;      // what each letter is taken for; ' ': nothing special
    };

    [[nodiscard]] bool away(int lane) const { return lane < rules_.lanes_away; }
    [[nodiscard]] double lane_x(int lane) const;
    double uniform(double low, double high);
    double normal(double deviation);
    bool happens(double chance);
    [[nodiscard]] Vehicle make_vehicle(int lane);
    void spawn(double seconds);
    void drive(double seconds);
    [[nodiscard]] double gap_before(const Vehicle& vehicle, double& closing) const;
    void change_lane(Vehicle& vehicle, double seconds);
    [[nodiscard]] Point shake();
    [[nodiscard]] std::optional<Point> project(double x, double y, double z) const;
    [[nodiscard]] std::optional<Quad> plate_of(const Vehicle& vehicle) const;
    [[nodiscard]] bool is_hidden(const Vehicle& vehicle) const;
    void look_at(Vehicle& vehicle, Point shake, RoadFrame& frame);
    void add_false(RoadFrame& frame);

    RoadRules rules_;
    std::mt19937_64 chance_;
    double seconds_ = 0;
    std::uint64_t number_ = 0;
    std::vector<Vehicle> on_road_;
    std::vector<double> next_at_;  // of each lane
    std::vector<VehicleTruth> truths_;
    std::vector<std::string> hard_;  // of each vehicle
};

}  // namespace portcullis::test
