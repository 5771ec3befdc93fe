#include "drivers/camera/replay/picture_list.hpp"

#include <algorithm>
#include <array>

#include "base/file.hpp"

namespace portcullis::replay {

namespace fs = std::filesystem;

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && is_digit(text[length]))
        ++length;
    std::string_view digits = text.substr(0, length);
    text.remove_prefix(length);
    while (digits.size() > 1 && digits.front() == '0')
        digits.remove_prefix(1);
    return digits;
}

bool is_hidden(const fs::path& path) {
    return path.filename().string().starts_with('.');
}

Failure too_many(const std::string& where) {
    return fail(ErrorCode::exhausted, "{}: more than {} pictures; split it", where, max_pictures);
}

/// Iterator is directory_iterator or its recursive sister: both throw nothing when given an error_code.
template <class Iterator>
Result<std::vector<PictureEntry>> walk(const fs::path& folder) {
    std::vector<PictureEntry> entries;
    std::error_code error;
    Iterator at(folder, fs::directory_options::skip_permission_denied, error);
    for (; !error && at != Iterator(); at.increment(error)) {
        std::error_code gone;
        if (is_hidden(at->path()) || !has_picture_name(at->path()) || !at->is_regular_file(gone)) continue;
        if (entries.size() == max_pictures) return too_many(folder.string());
        entries.push_back({at->path(), at->path().lexically_relative(folder).string()});
    }
    if (error) return fail(ErrorCode::io, "cannot list folder {}: {}", folder.string(), error.message());
    return entries;
}

Result<std::vector<PictureEntry>> list_folder(const fs::path& folder, bool recurse) {
    auto entries = recurse ? TRY(walk<fs::recursive_directory_iterator>(folder))
                           : TRY(walk<fs::directory_iterator>(folder));
                           if (entries.empty())
                               return fail(ErrorCode::not_found,
                                           "folder {} holds no .jpg, .jpeg or .png file{}", folder.string(),
                                           recurse ? "" : " (its subfolders were not looked into)");
                           std::ranges::sort(entries, [](const auto& a, const auto& b) {
                               return natural_less(a.name, b.name);
                           });
                           return entries;
}

fs::path resolve(const std::string& line, const fs::path& list) {
    std::error_code ignored;
    fs::path path(line);
    if (path.is_relative() && !fs::exists(path, ignored)) {
        fs::path beside = list.parent_path() / path;
        if (fs::exists(beside, ignored)) return beside;
    }
    return path;
}

Result<std::vector<PictureEntry>> list_from_file(const fs::path& list) {
    const std::string text = TRY(read_text_file(list, max_list_file_bytes));
    std::vector<PictureEntry> entries;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty() || line.starts_with('#')) continue;
        if (entries.size() == max_pictures) return too_many(list.string());
        entries.push_back({resolve(line, list), line});
    }
    if (entries.empty()) return fail(ErrorCode::not_found, "list {} names no picture", list.string());
    return entries;
}

}  // namespace

bool has_picture_name(const fs::path& path) {
    constexpr std::array<std::string_view, 3> known = {".jpg", ".jpeg", ".png"};
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return std::ranges::find(known, extension) != known.end();
}

bool natural_less(std::string_view a, std::string_view b) {
    const std::string_view whole_a = a;
    const std::string_view whole_b = b;
    while (!a.empty() && !b.empty()) {
        if (is_digit(a.front()) && is_digit(b.front())) {
            const std::string_view left = take_digits(a);
            const std::string_view right = take_digits(b);
            if (left.size() != right.size()) return left.size() < right.size();
            if (left != right) return left < right;
            continue;
        }
        if (a.front() != b.front()) return a.front() < b.front();
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    if (a.empty() != b.empty()) return a.empty();
    return whole_a < whole_b;  // 01.jpg and 1.jpg: a total order all the same
}

Result<std::vector<PictureEntry>> list_pictures(const std::string& argument, bool recurse) {
    if (argument.starts_with('@')) return list_from_file(argument.substr(1));
    std::error_code error;
    const fs::file_status status = fs::status(argument, error);
    if (!fs::exists(status)) return fail(ErrorCode::not_found, "{}: no such file or folder", argument);
    if (fs::is_directory(status)) return list_folder(argument, recurse);
    return std::vector<PictureEntry>{{argument, argument}};
}

}  // namespace portcullis::replay
