#pragma once
// The only JSON that the house signs: fixed keys in fixed order, no blanks, one spelling for each value.
// Writer and reader walk the same shape; the reader accepts nothing that the writer would not write, so there
// is no general JSON parser behind a signature. Values, thread-bound.
//
// Texts are UTF-8 without control characters, '"' and '\': nothing ever needs an escape.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/sha256.hpp"
#include "core/ids.hpp"

namespace portcullis {

/// Integers stay exact in every JSON reader (I-JSON, RFC 7493).
inline constexpr std::uint64_t max_json_integer = (std::uint64_t{1} << 53) - 1;

/// Valid UTF-8, at most max_bytes, that needs no escape.
[[nodiscard]] bool is_plain_text(std::string_view text, std::size_t max_bytes);
/// text with everything that is not plain replaced by '_' and cut to max_bytes.
[[nodiscard]] std::string to_plain_text(std::string_view text, std::size_t max_bytes);

/// Appends to a text; the first bad value is kept as the error of finish().
class CanonicalWriter {
  public:
    explicit CanonicalWriter(std::size_t reserve_bytes) { text_.reserve(reserve_bytes); }

    CanonicalWriter& literal(std::string_view text);
    CanonicalWriter& text(std::string_view field, std::string_view value, std::size_t max_bytes);
    CanonicalWriter& hex(ByteView bytes);
    CanonicalWriter& blanks(std::size_t count);
    CanonicalWriter& integer(std::string_view field, std::uint64_t value);
    /// With a fixed number of decimals; low <= value <= high.
    CanonicalWriter& decimal(std::string_view field, float value, int decimals, float low, float high);
    CanonicalWriter& time(std::string_view field, microseconds since_epoch);
    void reject(std::string_view field, std::string_view rule);

    [[nodiscard]] std::size_t size() const { return text_.size(); }
    [[nodiscard]] Result<std::string> finish() &&;

  private:
    void digits(std::uint64_t value);

    std::string text_;
    std::string fault_;
};

/// Walks a text; after the first fault every further call yields an empty value and done() tells where.
class CanonicalReader {
  public:
    explicit CanonicalReader(std::string_view text) : text_(text) {}

    CanonicalReader& literal(std::string_view expected);
    [[nodiscard]] bool next_is(std::string_view expected) const;
    [[nodiscard]] std::string text(std::string_view field, std::size_t max_bytes);
    [[nodiscard]] std::uint64_t integer(std::string_view field);
    [[nodiscard]] float decimal(std::string_view field, int decimals);
    [[nodiscard]] microseconds time(std::string_view field);
    [[nodiscard]] Digest digest(std::string_view field);
    [[nodiscard]] ChainId chain(std::string_view field);
    /// Takes all blanks that come next.
    void skip_blanks();
    void fault(std::string_view field);

    [[nodiscard]] bool failed() const { return failed_; }
    /// Errors: refused (a fault, or bytes after the end).
    [[nodiscard]] Result<void> done();

  private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] bool take(char letter);
    [[nodiscard]] Bytes hex(std::string_view field, std::size_t bytes);

    std::string_view text_;
    std::size_t at_ = 0;
    std::string fault_;
    bool failed_ = false;
};

/// Reads an object key by key, each as ,"key":value behind a beginning of its own. Its faults name the key.
class ObjectReader {
  public:
    /// beginning: as {"v":1,"kind":"life". Of a text over max_bytes the rest is not looked at, and refused.
    ObjectReader(std::string_view json, std::size_t max_bytes, std::string_view beginning)
        : json_(json), in_(json.substr(0, max_bytes)) {
        in_.literal(beginning);
    }

    [[nodiscard]] bool has(std::string_view key) const;
    [[nodiscard]] std::string text(std::string_view key, std::size_t max_bytes);
    [[nodiscard]] std::uint64_t integer(std::string_view key, std::uint64_t most = max_json_integer);
    [[nodiscard]] bool flag(std::string_view key) { return integer(key, 1) == 1; }
    [[nodiscard]] float decimal(std::string_view key, int decimals);
    [[nodiscard]] std::optional<float> decimal_if_there(std::string_view key, int decimals);
    [[nodiscard]] microseconds time(std::string_view key);
    [[nodiscard]] Digest digest(std::string_view key);
    [[nodiscard]] ChainId chain(std::string_view key);
    /// One of a fixed list, of at most 16 bytes: from_string gives nothing for any other.
    template <class Word>
    [[nodiscard]] Word word(std::string_view key, std::optional<Word> (*from_string)(std::string_view)) {
        constexpr std::size_t max_word_bytes = 16;
        const auto word = from_string(text(key, max_word_bytes));
        if (!word) in_.fault(key);
        return word.value_or(Word{});
    }
    /// Any number of blanks between quotes.
    void blanks(std::string_view key);

    /// The object's end. The writer has the last word: ranges and second spellings. Errors: refused.
    template <class Value>
    [[nodiscard]] Result<Value> finish(const Value& value, Result<std::string> (*encode)(const Value&)) {
        TRY(in_.literal("}").done());
        const Result<std::string> again = encode(value);
        if (!again || *again != json_) return fail(ErrorCode::refused, "record: the text is not canonical");
        return value;
    }

  private:
    void key(std::string_view name);

    std::string_view json_;
    CanonicalReader in_;
};

}  // namespace portcullis
