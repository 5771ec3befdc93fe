#include "vision/packed_weights.hpp"

#include <zlib.h>

#include <algorithm>

namespace portcullis {

namespace {

constexpr int gzip_only = 16 + MAX_WBITS;  // zlib's way to ask for gzip's header and checksum
constexpr std::size_t chunk_bytes = std::size_t{256} * 1024;

/// zlib's state, ended in every case.
class Inflater {
  public:
    Inflater() : ready_(inflateInit2(&stream_, gzip_only) == Z_OK) {}
    ~Inflater() {
        if (ready_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    Inflater(Inflater&&) = delete;
    Inflater& operator=(Inflater&&) = delete;

    [[nodiscard]] Result<Bytes> all_of(const Bytes& packed, std::size_t max_bytes) {
        if (!ready_) return fail(ErrorCode::exhausted, "zlib cannot start: out of memory");
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
        stream_.avail_in = static_cast<uInt>(packed.size());
        Bytes plain;
        int state = Z_OK;
        while (state == Z_OK) {
            const std::size_t before = plain.size();
            const std::size_t room = std::min(chunk_bytes, max_bytes + 1 - before);
            plain.resize(before + room);
            stream_.next_out = reinterpret_cast<Bytef*>(plain.data() + before);
            stream_.avail_out = static_cast<uInt>(room);
            state = inflate(&stream_, Z_NO_FLUSH);
            plain.resize(before + room - stream_.avail_out);
            if (plain.size() > max_bytes)
                return fail(ErrorCode::exhausted, "more than {} bytes are packed in it", max_bytes);
        }
        if (state != Z_STREAM_END || stream_.avail_in != 0)
            return fail(ErrorCode::corrupt, "it is no whole gzip file");
        return plain;
    }

  private:
    z_stream stream_{};
    bool ready_ = false;
};

}  // namespace

bool is_packed(const std::filesystem::path& file) {
    return file.extension() == ".gz";
}

Result<Bytes> unpack(const Bytes& packed, std::size_t max_bytes) {
    return Inflater().all_of(packed, max_bytes);
}

}  // namespace portcullis
