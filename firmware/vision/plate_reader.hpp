#pragma once
// PlateReader: one OCR pass over one plate patch with Tesseract's LSTM engine and our own plate model. It
// owns one engine, without dictionary, layout analysis or inversion. Thread-bound: one reader a thread; each
// costs about 10 MB. It limits OpenMP to the calling thread.
//
// Confidences are probabilities from the network's softmax, not Tesseract's ratings: see
// plate_reader_decoder.hpp.

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"

namespace portcullis {

struct PlateReaderSettings {
    std::filesystem::path model_dir;  // holds model.toml and the weights
    float least_confidence = 0.02F;   // a reading below it counts as unreadable and comes back empty; [0, 1]
};

class PlateReader {
  public:
    /// Errors: invalid_argument (settings), those of load_plate_reader_model(), corrupt (Tesseract refuses
    /// the weights).
    [[nodiscard]] static Result<PlateReader> create(const PlateReaderSettings& settings);

    PlateReader(PlateReader&&) noexcept;
    PlateReader& operator=(PlateReader&&) noexcept;
    ~PlateReader();

    /// An unreadable patch gives a reading without characters. A patch that may hold two rows and is seen by
    /// the network as such is read row by row. Errors: invalid_argument (a picture whose pixels are not width
    /// x height, or beyond 16,384 px a side), internal (the engine fails).
    [[nodiscard]] Result<Reading> read(const PlatePatch& patch);

  private:
    class Engine;
    PlateReader(std::unique_ptr<Engine> engine, float least_confidence);

    std::unique_ptr<Engine> engine_;
    float least_confidence_;
};

}  // namespace portcullis
