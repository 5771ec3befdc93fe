#pragma once
// PictureFilm: pictures as a film. Thread-bound.

#include <vector>

#include "drivers/camera/replay/film.hpp"
#include "drivers/camera/replay/picture_list.hpp"

namespace portcullis::replay {

class PictureFilm final : public Film {
  public:
    explicit PictureFilm(std::vector<PictureEntry> entries) : entries_(std::move(entries)) {}
    [[nodiscard]] Result<std::optional<Picture>> next(const std::stop_token& stop) override;
    [[nodiscard]] Result<void> rewind() override;
    [[nodiscard]] std::optional<double> rate() const override { return std::nullopt; }

  private:
    std::vector<PictureEntry> entries_;
    std::size_t at_ = 0;
};

}  // namespace portcullis::replay
