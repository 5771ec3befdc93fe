#pragma once
// NetworkReader: one OCR pass over one plate patch with our own small convolutional network, run by XNNPACK
// on the CPU. Plates of one and of two rows are read as they are; see models/plate-network/README.md for how.
// Thread-bound: one reader a thread; each costs about 6 MB.
//
// Confidences are probabilities from the network's softmax: see plate_reader_decoder.hpp.

#include <filesystem>
#include <memory>

#include "base/result.hpp"
#include "core/plate.hpp"
#include "core/reading.hpp"
#include "vision/plate_reader_decoder.hpp"

namespace portcullis {

struct NetworkReaderSettings {
    std::filesystem::path model_dir;  // holds model.toml and the weights
};

struct NetworkTestimony {
    Testimony steps;
    std::vector<Jurisdiction> look;  // see Reading
};

class NetworkReader {
  public:
    /// Loads, checks and runs the network once. Errors: configuration (model.toml missing or wrong),
    /// not_found, exhausted, corrupt (weights of another digest, or such as cannot be run). Every message
    /// names the file and the cure.
    [[nodiscard]] static Result<NetworkReader> create(const NetworkReaderSettings& settings);

    NetworkReader(NetworkReader&&) noexcept;
    NetworkReader& operator=(NetworkReader&&) noexcept;
    ~NetworkReader();

    /// An unreadable patch gives a reading without characters. Errors: those of check_patch(), internal
    /// (XNNPACK or OpenCV fails).
    [[nodiscard]] Result<Reading> read(const PlatePatch& patch);

    /// What read() decodes, undecoded: to be weighed with others' testimonies. Errors: the same.
    [[nodiscard]] Result<NetworkTestimony> testify(const PlatePatch& patch);

  private:
    struct Network;
    explicit NetworkReader(std::unique_ptr<Network> network);
    std::unique_ptr<Network> network_;
};

}  // namespace portcullis
