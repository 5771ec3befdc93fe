#include "record/wanted_codec.hpp"

#include <algorithm>
#include <functional>

#include "record/canonical_list.hpp"
#include "record/payload.hpp"

namespace portcullis {

namespace {

template <class... Args>
Failure wrong(fmt::format_string<Args...> format, Args&&... args) {
    return fail(ErrorCode::invalid_argument, "wanted tokens: {}",
                fmt::format(format, std::forward<Args>(args)...));
}

Result<void> check_wanted(const WantedTokens& wanted) {
    if (wanted.version == 0) return wrong("version: from 1");
    if (wanted.until <= wanted.issued || wanted.until > wanted.issued + max_wanted_life)
        return wrong("until: after t, by at most {} hours; issue them anew before", max_wanted_life.count());
    if (wanted.bits < min_wanted_bits || wanted.bits > max_wanted_bits)
        return wrong("bits: {} to {}: with more of them a token would tell its plate", min_wanted_bits,
                     max_wanted_bits);
    if (wanted.tokens.size() > max_wanted_tokens)
        return wrong("{} tokens, at most {}", wanted.tokens.size(), max_wanted_tokens);
    if (std::ranges::adjacent_find(wanted.tokens, std::greater_equal()) != wanted.tokens.end())
        return wrong("tokens: ascending, each once");
    if (!wanted.tokens.empty() && wanted.tokens.back() >> wanted.bits != 0)
        return wrong("tokens: of at most {} bits each", wanted.bits);
    return {};
}

}  // namespace

Result<std::string> encode_wanted(const WantedTokens& wanted) {
    TRY(check_wanted(wanted));
    CanonicalWriter out(max_wanted_text_bytes);
    out.literal(R"({"v":1,"kind":"wanted","fleet":)").text("fleet", wanted.fleet, max_name_bytes);
    out.literal(R"(,"version":)").integer("version", wanted.version);
    out.literal(R"(,"t":)").time("t", wanted.issued.time_since_epoch());
    out.literal(R"(,"until":)").time("until", wanted.until.time_since_epoch());
    out.literal(R"(,"key":)").hex(wanted.key).literal(R"(,"bits":)").integer("bits", wanted.bits);
    out.literal(R"(,"tokens":)");
    write_list(out, wanted.tokens, [&out](std::uint32_t token) { out.integer("tokens", token); });
    return std::move(out.literal("}")).finish();
}

Result<WantedTokens> parse_wanted(std::string_view json) {
    CanonicalReader in(json.substr(0, max_wanted_text_bytes));
    WantedTokens wanted;
    in.literal(R"({"v":1,"kind":"wanted","fleet":)");
    wanted.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"version":)");
    wanted.version = in.integer("version");
    in.literal(R"(,"t":)");
    wanted.issued = UtcTime(in.time("t"));
    in.literal(R"(,"until":)");
    wanted.until = UtcTime(in.time("until"));
    in.literal(R"(,"key":)");
    wanted.key = in.digest("key");
    in.literal(R"(,"bits":)");
    wanted.bits = static_cast<unsigned>(std::min<std::uint64_t>(in.integer("bits"), max_wanted_bits + 1));
    in.literal(R"(,"tokens":)");
    wanted.tokens = read_list<std::uint32_t>(in, "tokens", max_wanted_tokens, [&in] {
        const std::uint64_t token = in.integer("tokens");
        if (token >> max_wanted_bits != 0) in.fault("tokens");
        return static_cast<std::uint32_t>(token);
    });
    TRY(with_context(in.literal("}").done(), "wanted tokens"));
    return written_alike(std::move(wanted), json, "wanted tokens", &encode_wanted);
}

}  // namespace portcullis
