#include "spool/anchor.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>

#include "base/file.hpp"
#include "base/log.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view title = "portcullis anchor ";
constexpr std::string_view version = "1";
constexpr std::string_view nothing = "-";
constexpr mode_t owner_only = 0600;
constexpr mode_t owners_folder = 0700;

/// Takes "key value\n" lines in their order; after the first fault every value is empty.
class Lines {
  public:
    explicit Lines(std::string_view text) : text_(text) {}

    std::string_view value(std::string_view key) {
        const std::size_t end = text_.find('\n');
        const bool fits = end != std::string_view::npos && end > key.size() && text_.starts_with(key) &&
                          text_[key.size()] == ' ';
        if (!fits) return fault();
        const std::string_view found = text_.substr(key.size() + 1, end - key.size() - 1);
        text_.remove_prefix(end + 1);
        return found;
    }
    std::uint64_t number(std::string_view key) {
        const std::string_view digits = value(key);
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || end != digits.data() + digits.size()) fault();
        return number;
    }
    ChainId chain(std::string_view key) {
        const auto id = chain_from_string(value(key));
        if (!id) fault();
        return id ? *id : ChainId();
    }
    Digest digest(std::string_view key) {
        Digest digest{};
        const auto bytes = from_hex(value(key));
        if (!bytes || bytes->size() != digest.size())
            fault();
        else
            std::ranges::copy(*bytes, digest.begin());
        return digest;
    }
    std::optional<LifeReason> reason(std::string_view key) {
        const std::string_view word = value(key);
        const auto reason = life_reason_from_string(word);
        if (!reason && word != nothing) fault();
        return reason;
    }
    [[nodiscard]] bool done() const { return !failed_ && text_.empty(); }

  private:
    std::string_view fault() {
        failed_ = true;
        text_ = {};
        return {};
    }
    std::string_view text_;
    bool failed_ = false;
};

}  // namespace

std::string encode_anchor(const Anchor& anchor) {
    std::string text = fmt::format(
        "{}{}\ndevice {}\nboots {}\nchain {}\nnext_seq {}\nlink {}\nbegan {}\ntold {}\nfrom {}\n"
        "from_last {}\nfrom_link {}\nabout_to {}\nlost {}\ndropped {}\n",
        title, version, anchor.device, anchor.boots, to_string(anchor.head.chain), anchor.head.next_seq,
        to_hex(anchor.head.link), to_string(anchor.reason), anchor.told ? 1 : 0, to_string(anchor.previous),
        anchor.previous_last, to_hex(anchor.previous_link),
        anchor.about_to ? to_string(*anchor.about_to) : nothing, anchor.records_lost, anchor.frames_dropped);
    text += fmt::format("sha256 {}\n", to_hex(sha256(as_bytes(text))));
    return text;
}

Result<Anchor> parse_anchor(std::string_view text) {
    const std::string_view first = text.substr(0, text.find('\n'));
    if (first.starts_with(title) && first.substr(title.size()) != version &&
        first.size() <= title.size() + 9 && first.size() > title.size() &&
        first.substr(title.size()).find_first_not_of("0123456789") == std::string_view::npos)
        return fail(
            ErrorCode::unsupported,
            "this anchor was written by a newer Portcullis (version {}, this program knows {}); install "
            "that version again, or move the anchor away: the reader then says so in its chain",
            first.substr(title.size()), version);
    Lines in(text);
    Anchor anchor;
    static_cast<void>(in.value("portcullis anchor"));
    anchor.device = std::string(in.value("device"));
    anchor.boots = in.number("boots");
    anchor.head.chain = in.chain("chain");
    anchor.head.next_seq = in.number("next_seq");
    anchor.head.link = in.digest("link");
    anchor.reason = in.reason("began").value_or(LifeReason::made);
    anchor.told = in.number("told") != 0;
    anchor.previous = in.chain("from");
    anchor.previous_last = in.number("from_last");
    anchor.previous_link = in.digest("from_link");
    anchor.about_to = in.reason("about_to");
    anchor.records_lost = in.number("lost");
    anchor.frames_dropped = in.number("dropped");
    static_cast<void>(in.digest("sha256"));
    // The writer has the last word, its digest included.
    if (in.done() && is_device_name(anchor.device) && anchor.head.next_seq != 0 &&
        encode_anchor(anchor) == text)
        return anchor;
    return fail(ErrorCode::corrupt, "the anchor makes no sense; it is damaged");
}

Result<void> write_anchor_file(const fs::path& path, ByteView bytes) {
    return write_file_atomically(path, bytes, owner_only);
}

AnchorFile::AnchorFile(fs::path path, AnchorWriter writer)
    : path_(std::move(path)), writer_(writer ? std::move(writer) : AnchorWriter(write_anchor_file)) {
    if (!kept()) return;
    // A folder that cannot be made shows when the anchor is written.
    static_cast<void>(::mkdir(path_.parent_path().c_str(), owners_folder));
    // What a power cut left of a write: a name of the anchor's and six letters.
    const std::string begin = path_.filename().string() + ".";
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path_.parent_path(), ignored)) {
        const std::string name = entry.path().filename().string();
        constexpr std::size_t random_letters = 6;
        if (name.starts_with(begin) && name.size() == begin.size() + random_letters &&
            name != begin + "broken")
            fs::remove(entry.path(), ignored);
    }
}

Result<std::optional<Anchor>> AnchorFile::load(const std::string& device) {
    if (!kept()) return std::optional<Anchor>();
    const auto text = read_text_file(path_, max_anchor_bytes);
    if (!text && text.error().code() == ErrorCode::not_found) return std::optional<Anchor>();
    if (!text && text.error().code() == ErrorCode::denied) return fail(text.error());
    if (!text) return set_aside(text.error().message());
    auto anchor = parse_anchor(*text);
    if (!anchor && anchor.error().code() == ErrorCode::unsupported)
        return fail(std::move(anchor.error()).with(path_.string()));
    if (!anchor) return set_aside(anchor.error().message());
    if (anchor->device != device)
        return set_aside(fmt::format("it is of device '{}', the settings say '{}'", anchor->device, device));
    return std::optional<Anchor>(std::move(*anchor));
}

Result<std::optional<Anchor>> AnchorFile::set_aside(std::string_view why) {
    const fs::path broken = path_.string() + ".broken";
    std::error_code error;
    fs::rename(path_, broken, error);
    log_error("spool",
              "the anchor is no good and set aside; whether the spool is an older copy cannot be told this "
              "time: file={} why=\"{}\" cure=\"check the disk, and who may write its folder\"",
              (error ? path_ : broken).string(), why);
    return std::optional<Anchor>();
}

void AnchorFile::save(const Anchor& anchor) {
    if (!kept()) return;
    const std::string text = encode_anchor(anchor);
    const auto done = writer_(path_, as_bytes(text));
    if (!done && !std::exchange(failing_, true))
        log_error(
            "spool",
            "the anchor cannot be written; records go on, but an older copy of the spool would be noticed "
            "less exactly: {}",
            done.error().message());
    if (done && std::exchange(failing_, false)) log_info("spool", "the anchor can be written again");
}

}  // namespace portcullis
