#pragma once
// From a camera's memory to the planes that the road reads. Pure functions, reentrant.

#include "base/bytes.hpp"
#include "core/frame.hpp"
#include "drivers/camera/common/frame_source.hpp"

namespace portcullis::camera {

/// How many planes a format has in memory, each with a stride of its own.
[[nodiscard]] std::size_t planes_of(RawFormat format);
/// The least stride of a plane, and how many bytes a whole plane with this stride takes; its last line may
/// end with its pixels.
[[nodiscard]] std::size_t least_stride(RawFormat format, std::size_t plane, int width);
[[nodiscard]] std::size_t least_plane_bytes(const PictureLayout& layout, std::size_t plane);

/// Whether every plane is filled to its end. Errors (corrupt): says how many bytes came of how many.
[[nodiscard]] Result<void> check_filled(const PictureLayout& layout, const RawPicture& picture);

/// A view of what lies there: nv12, yuv420, grey, bgr24.
[[nodiscard]] FrameView view_in_place(const PictureLayout& layout, const RawPicture& picture);

/// YUYV (Y U Y V, 4:2:2; width even) as nv12: the luma as it is, each pair of lines' chroma averaged, rounded
/// up. to: nv12_bytes(layout) long.
[[nodiscard]] std::size_t nv12_bytes(const PictureLayout& layout);
[[nodiscard]] FrameView nv12_from_yuyv(const PictureLayout& layout, ByteView yuyv, Bytes& to);

/// The pixels of a view moved into `to`, tight_bytes(view) long, without gaps between lines.
[[nodiscard]] std::size_t tight_bytes(const FrameView& view);
[[nodiscard]] FrameView copied(const FrameView& view, Bytes& to);

}  // namespace portcullis::camera
