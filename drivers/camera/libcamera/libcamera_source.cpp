#include "drivers/camera/libcamera/libcamera_source.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "drivers/camera/common/packed_pictures.hpp"
#include "drivers/camera/libcamera/control_list.hpp"
#include "drivers/camera/libcamera/stream_format.hpp"

namespace portcullis::libcamera_driver {

namespace {

constexpr milliseconds time_to_come_back{300};  // of one request

/// Pipelines stamp with CLOCK_MONOTONIC, or call it CLOCK_BOOTTIME; they differ only after a sleep, and a
/// stamp that is off counts for nothing (FrameClock).
std::optional<microseconds> age_of(std::uint64_t stamp_ns) {
    if (stamp_ns == 0) return std::nullopt;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto age = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) -
                     std::chrono::nanoseconds(static_cast<std::int64_t>(stamp_ns));
    return std::chrono::duration_cast<microseconds>(age);
}

Error failed(const std::string& name, std::string_view what, int error) {
    if (error == -EBUSY)
        return {ErrorCode::io,
                fmt::format("{}: {}: another program uses it; `fuser -v /dev/video*` names it", name, what)};
    return Error::from_errno(fmt::format("{}: {}", name, what), error < 0 ? -error : EIO);
}

}  // namespace

Result<std::shared_ptr<LibcameraSource>> LibcameraSource::start(OpenedCamera opened,
                                                                const LiveCameraSettings& settings) {
    std::shared_ptr<LibcameraSource> source(new LibcameraSource(std::move(opened)));
    TRY(source->configure(settings));
    // Asked for after the configuration: what a sensor offers depends on its mode.
    const auto controls = TRY(control_list(source->opened_.camera().controls(), settings, source->name_));
    TRY(source->make_requests());
    TRY(source->begin(controls));
    return source;
}

Result<void> LibcameraSource::configure(const LiveCameraSettings& settings) {
    libcamera::Camera& camera = opened_.camera();
    configuration_ = camera.generateConfiguration({libcamera::StreamRole::VideoRecording});
    if (!configuration_ || configuration_->empty())
        return fail(ErrorCode::unsupported, "{}: has no video stream; take another camera", name_);
    libcamera::StreamConfiguration& stream = configuration_->at(0);
    const libcamera::PixelFormat wanted = TRY(choose_format(stream.formats(), settings, name_));
    stream.pixelFormat = wanted;
    stream.size = {static_cast<unsigned>(settings.width), static_cast<unsigned>(settings.height)};
    stream.bufferCount = static_cast<unsigned>(settings.buffers);
    if (configuration_->validate() == libcamera::CameraConfiguration::Invalid)
        return fail(ErrorCode::configuration,
                    "{}: refuses {} in {} x {} px; write another size or camera.pixels", name_,
                    wanted.toString(), settings.width, settings.height);
    layout_ = TRY(layout_of(stream, wanted, settings, name_));
    if (const int error = camera.configure(configuration_.get()); error != 0)
        return fail(failed(name_, "cannot configure it", error));
    stream_ = stream.stream();
    return {};
}

Result<void> LibcameraSource::make_requests() {
    allocator_ = std::make_unique<libcamera::FrameBufferAllocator>(opened_.shared());
    if (const int count = allocator_->allocate(stream_); count < 0)
        return fail(failed(name_, "cannot get buffers", count));
    for (const auto& buffer : allocator_->buffers(stream_)) {
        auto mapped = MappedBuffer::map(*buffer);
        if (!mapped) return fail(std::move(mapped.error()).with(name_));
        auto request = opened_.camera().createRequest(buffers_.size());
        if (!request || request->addBuffer(stream_, buffer.get()) != 0)
            return fail(ErrorCode::internal, "{}: libcamera makes no request", name_);
        buffers_.push_back(std::move(*mapped));
        requests_.push_back(std::move(request));
    }
    if (requests_.size() < 2)
        return fail(ErrorCode::io, "{}: gives {} buffers; streaming needs two", name_, requests_.size());
    return {};
}

/// The controls go with the start, which some pipelines (UVC) do not look at, and with the first requests.
Result<void> LibcameraSource::begin(const libcamera::ControlList& controls) {
    libcamera::Camera& camera = opened_.camera();
    camera.requestCompleted.connect(this, &LibcameraSource::complete);
    camera.disconnected.connect(this, &LibcameraSource::lose);
    const std::lock_guard lock(queueing_);
    if (const int error = camera.start(&controls); error != 0)
        return fail(failed(name_, "cannot start it", error));
    running_ = true;
    nodes_ = DeviceNodes::open_now();
    for (const auto& request : requests_) {
        request->controls() = controls;
        if (const int error = queue(*request); error != 0)
            return fail(failed(name_, "cannot queue a request", error));
    }
    return {};
}

int LibcameraSource::queue(libcamera::Request& request) {
    {
        const std::lock_guard lock(mutex_);
        ++away_;
    }
    const int error = opened_.camera().queueRequest(&request);
    if (error == 0) return 0;
    const std::lock_guard lock(mutex_);
    --away_;
    return error;
}

void LibcameraSource::complete(libcamera::Request* request) {
    {
        const std::lock_guard lock(mutex_);
        done_.push_back(request);
        --away_;
    }
    changed_.notify_one();
}

void LibcameraSource::lose() {
    {
        const std::lock_guard lock(mutex_);
        lost_ = true;
    }
    changed_.notify_one();
}

bool LibcameraSource::lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
}

libcamera::Request* LibcameraSource::next_done(milliseconds patience) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [this] { return lost_ || !done_.empty(); });
    if (done_.empty()) return nullptr;
    libcamera::Request* request = done_.front();
    done_.pop_front();
    return request;
}

Result<std::optional<camera::RawPicture>> LibcameraSource::wait(milliseconds patience) {
    const libcamera::Request* request = next_done(patience);
    if (request == nullptr) {
        if (lost() || nodes_.gone()) return fail(ErrorCode::io, "the camera was unplugged");
        return std::optional<camera::RawPicture>();
    }
    const libcamera::FrameBuffer* buffer = request->findBuffer(stream_);
    const bool whole = request->status() == libcamera::Request::RequestComplete && buffer != nullptr &&
                       buffer->metadata().status == libcamera::FrameMetadata::FrameSuccess;
    if (!whole) {
        // What was under way when it was unplugged comes back damaged; asked for again it would, without end.
        if (lost() || nodes_.gone()) return fail(ErrorCode::io, "the camera was unplugged");
        give_back(request->cookie());
        return fail(ErrorCode::corrupt, "the driver calls a picture damaged");
    }
    buffers_[request->cookie()].begin_reading();
    return std::optional(picture_of(*request));
}

/// What the driver says that it filled counts as far as the planes go. Formats of several planes may come in
/// one, one behind the other.
camera::RawPicture LibcameraSource::picture_of(const libcamera::Request& request) const {
    const libcamera::FrameMetadata& metadata = request.findBuffer(stream_)->metadata();
    const MappedBuffer& mapped = buffers_[request.cookie()];
    camera::RawPicture picture;
    picture.buffer = request.cookie();
    picture.sequence = metadata.sequence;
    picture.age = age_of(metadata.timestamp);
    auto&& filled = metadata.planes();
    for (std::size_t i = 0; i < std::min<std::size_t>(mapped.planes(), filled.size()); ++i)
        picture.planes[i] =
            mapped.plane(i).first(std::min<std::size_t>(filled[i].bytesused, mapped.plane(i).size()));
    if (mapped.planes() > 1) return picture;
    ByteView rest = picture.planes[0];
    for (std::size_t i = 0; i + 1 < camera::planes_of(layout_.format); ++i) {
        const std::size_t lines =
            static_cast<std::size_t>(i == 0 ? layout_.height : (layout_.height + 1) / 2);
        rest = rest.subspan(std::min(rest.size(), layout_.strides[i] * lines));
        picture.planes[i + 1] = rest;
    }
    return picture;
}

void LibcameraSource::give_back(std::size_t buffer) {
    buffers_[buffer].end_reading();
    const std::lock_guard lock(queueing_);
    if (!running_) return;
    requests_[buffer]->reuse(libcamera::Request::ReuseBuffers);
    // A failure is that of the whole camera: it falls silent, and wait() tells it.
    static_cast<void>(queue(*requests_[buffer]));
}

/// Of a camera that is gone the requests come back with an error each, one after the other, if at all.
/// False: some did not, and libcamera's thread is at rest.
bool LibcameraSource::all_came_back() {
    std::unique_lock lock(mutex_);
    for (std::size_t before = away_ + 1; away_ > 0 && away_ < before;) {
        before = away_;
        changed_.wait_for(lock, time_to_come_back, [&] { return away_ < before; });
    }
    return away_ == 0;
}

/// libcamera 0.0.3 aborts the process when it stops a camera that is gone, nobody told it, and requests are
/// still away (assertion "queuedRequests_.empty()"): then the stream ends with the camera's objects, once
/// libcamera's thread has nothing of them in its hands.
void LibcameraSource::end_stream() {
    const std::lock_guard lock(queueing_);
    if (!std::exchange(running_, false)) return;
    if (lost() || !nodes_.gone() || all_came_back()) opened_.camera().stop();
}

void LibcameraSource::stop() {
    end_stream();
    if (!opened_.shared()) return;
    opened_.camera().requestCompleted.disconnect(this);
    opened_.camera().disconnected.disconnect(this);
    {
        const std::lock_guard lock(mutex_);
        done_.clear();
    }
    requests_.clear();
    allocator_.reset();  // frees the buffers; what is mapped keeps its own hold
    configuration_.reset();
    opened_.close();
}

}  // namespace portcullis::libcamera_driver
