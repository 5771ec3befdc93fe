#pragma once
// What libjpeg-turbo only warns of, judged. Reentrant.

namespace portcullis::camera {

/// libjpeg reports cut and damaged data as warnings and fills with grey: for us that is a broken picture, for
/// grey areas would be read as if the sensor had seen them. Stray bytes between markers are harmless, and
/// real cameras write them. handle: of turbojpeg, after a call that failed.
[[nodiscard]] bool is_harmless_warning(void* handle);

}  // namespace portcullis::camera
