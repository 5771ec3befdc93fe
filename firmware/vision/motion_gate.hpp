#pragma once
// MotionGate: whether a frame shows anything that the last searched one did not, so that the detector, some
// 20 ms a frame, is spared an empty road. It compares the mean brightness of small cells (LumaGrid), after
// the change of the whole picture's mean is taken off: noise of a sensor averages out, a step of the exposure
// is no motion. Thread-bound. No allocation but for the first frame of a size and format.
//
// Motion is: a plate-sized thing (40 x 12 px in frames up to 2559 px; in proportion in larger ones) whose
// mean differs from what was there by twice the threshold, wherever it stands. A change that moves the
// mean of no cell waits for max_still. A false "moved" costs one search; so does a lamp that is switched on,
// for its frame is then what later ones are compared with.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "core/frame.hpp"
#include "core/geometry.hpp"
#include "vision/luma_grid.hpp"

namespace portcullis {

struct GateSettings {
    /// Grey levels by which a cell's mean must change. Noise of 10 grey levels a pixel, as of a sensor at
    /// night, moves one of the 7200 means of a 1280 x 720 px frame by about 7.
    float threshold_grey = 8;
    /// After so long a frame is searched in any case: what fades in slowly is found no later.
    milliseconds max_still{1000};
};

class MotionGate {
  public:
    /// roi: the polygon in the frame's pixels in which motion counts; no points: everywhere. A plate counts
    /// where its centre is, so the cells beside the polygon count too.
    explicit MotionGate(GateSettings settings, std::vector<Point> roi = {})
        : settings_(settings), roi_(std::move(roi)) {}

    /// True when this frame need not be searched. False for the first frame, for the first of another size
    /// or format, for one of less than 32 cells (too coarse to tell) and for one that is none, whose error is
    /// the detector's to tell. now is the frame's sensor time.
    [[nodiscard]] bool still(const FrameView& view, BootTime now);
    /// The frame that still() was last asked about was searched: later ones are compared with it.
    void searched();

  private:
    [[nodiscard]] bool unchanged() const;
    void choose_cells();
    [[nodiscard]] bool touches_roi(const Box& cell) const;

    GateSettings settings_;
    std::vector<Point> roi_;
    LumaGrid grid_;
    bool measured_ = false;  // grid_ holds the frame last asked about
    BootTime asked_at_{};
    std::vector<float> reference_;      // means of the last searched frame; empty: none of this kind
    BootTime searched_at_{};            // when that was
    std::vector<std::uint8_t> counts_;  // of each cell: whether it lies in the ROI or beside it
};

}  // namespace portcullis
