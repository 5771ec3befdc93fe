// `portcullis hotlist tokens` and `show-tokens`: what of a hotlist the devices are told.
#include <openssl/rand.h>

#include "apps/portcullis/hotlist_options.hpp"
#include "core/access_policy.hpp"
#include "wanted/wanted_gate.hpp"
#include "wanted/wanted_matcher.hpp"

namespace portcullis {

namespace {

Result<WantedGate> wanted_gate(const HotlistOptions& options) {
    return WantedGate::create({options.list.chain, options.list.certificate, options.list.fleet});
}

Result<std::optional<KnownWanted>> tokens_before(const HotlistOptions& options, const WantedGate& gate) {
    if (options.list.previous.empty()) return std::optional<KnownWanted>();
    const Bytes blob = TRY(read_file(options.list.previous, max_wanted_bytes));
    // It may be over: its version and key count all the same.
    return std::optional(TRY(with_context(gate.open(blob, std::nullopt, UtcTime()), "--previous")));
}

Result<WantedKey> random_key() {
    WantedKey key{};
    if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1)
        return fail(ErrorCode::internal, "OpenSSL gives no random bytes");
    return key;
}

std::vector<std::string> plates_of(const Hotlist& list, const HotlistOptions& options, UtcTime now) {
    std::vector<std::string> plates;
    for (const HotlistEntry& entry : list.entries) {
        const bool stays =
            std::ranges::find(options.never_leaving, entry.case_number) != options.never_leaving.end();
        if (!stays && now < end_of(entry.until)) plates.push_back(entry.plate);
    }
    return plates;
}

}  // namespace

Result<void> make_wanted_file(const HotlistOptions& options, UtcTime now) {
    const KnownHotlist list = TRY(open_hotlist_file(options, options.hotlist));
    const WantedGate gate = TRY(wanted_gate(options));
    const auto signer =
        TRY(FileSigningKey::create(options.list.key, options.list.certificate, CertificateUse::sign_policy));
    const std::optional<KnownWanted> before = TRY(tokens_before(options, gate));
    const WantedKey key = before && !options.fresh_key ? before->tokens.key : TRY(random_key());
    WantedTokens wanted = make_wanted(key, plates_of(list.list, options, now));
    wanted.fleet = options.list.fleet;
    wanted.version = before ? before->tokens.version + 1 : options.list.version;
    wanted.issued = std::chrono::floor<std::chrono::seconds>(now);
    wanted.until = wanted.issued + std::chrono::hours(options.hours);
    const Bytes blob = TRY(sign_wanted(*signer, wanted));
    std::optional<SignedVersion> in_use;
    if (before) in_use = SignedVersion{before->tokens.version, before->digest};
    // What would be refused is not handed out.
    const KnownWanted known = TRY(gate.open(blob, in_use, now));
    TRY(write_file_atomically(options.list.file, blob));
    std::cout << fmt::format(
        "tokens: {}\nversion: {}\nof hotlist version: {}\ncount: {} of {} bits\nuntil: {}\ndigest: {}\n"
        "publish it retained on {}\n",
        options.list.file.string(), wanted.version, list.list.version, wanted.tokens.size(), wanted.bits,
        to_iso8601(wanted.until), to_hex(known.digest), wanted_topic(wanted.fleet));
    return {};
}

Result<void> show_wanted_file(const HotlistOptions& options, UtcTime now) {
    const WantedGate gate = TRY(wanted_gate(options));
    const Bytes blob = TRY(read_file(options.list.file, max_wanted_bytes));
    const KnownWanted known = TRY(gate.open(blob, std::nullopt, UtcTime()));
    const nlohmann::ordered_json json{{"fleet", known.tokens.fleet},
                                      {"version", known.tokens.version},
                                      {"issued", to_iso8601(known.tokens.issued)},
                                      {"until", to_iso8601(known.tokens.until)},
                                      {"over", now >= known.tokens.until},
                                      {"tokens", known.tokens.tokens.size()},
                                      {"bits", known.tokens.bits},
                                      {"signer", known.signer},
                                      {"digest", to_hex(known.digest)}};
    std::cout << json.dump(2) << "\n";
    return {};
}

}  // namespace portcullis
