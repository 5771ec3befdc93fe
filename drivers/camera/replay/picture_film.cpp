#include "drivers/camera/replay/picture_film.hpp"

namespace portcullis::replay {

Result<std::optional<Picture>> PictureFilm::next(const std::stop_token&) {
    if (at_ == entries_.size()) return std::optional<Picture>();
    return std::optional<Picture>(TRY(load_picture(entries_[at_++].path)));
}

Result<void> PictureFilm::rewind() {
    at_ = 0;
    return {};
}

}  // namespace portcullis::replay
