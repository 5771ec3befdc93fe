// `portcullis hotlist sign` and `show`: where lists are written, and for those to whom they are sealed.
#include <openssl/x509.h>

#include <algorithm>

#include "apps/portcullis/hotlist_options.hpp"
#include "apps/portcullis/hotlist_source.hpp"
#include "core/access_policy.hpp"
#include "hotlist/hotlist_gate.hpp"
#include "record/recipient_set_codec.hpp"
#include "seal/certificate.hpp"
#include "seal/opener.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

constexpr unsigned private_mode = 0600;

struct HotlistReader {
    HotlistGate gate;
    RecipientKey key;

    [[nodiscard]] Result<KnownHotlist> open(ByteView sealed,
                                            const std::optional<SignedVersion>& in_use) const {
        return gate.open(
            sealed, [this](ByteView blob) { return open_envelope(key, blob); }, in_use);
    }
};

Result<HotlistReader> reader_for(const HotlistOptions& options, const std::string& fleet) {
    HotlistGate gate = TRY(HotlistGate::create({options.list.chain, options.list.certificate, fleet}));
    RecipientKey key = TRY(load_recipient({options.open_key, options.open_certificate}));
    return HotlistReader{std::move(gate), std::move(key)};
}

Result<std::optional<SignedVersion>> version_before(const HotlistOptions& options,
                                                    const HotlistReader& reader) {
    if (options.list.previous.empty()) return std::optional<SignedVersion>();
    const Bytes sealed = TRY(read_file(options.list.previous, max_hotlist_bytes));
    const KnownHotlist before = TRY(with_context(reader.open(sealed, std::nullopt), "--previous"));
    return std::optional(SignedVersion{before.list.version, before.digest});
}

/// Those who must read it, and who signs it: he has to know what the next one follows. Each once.
Result<std::vector<X509Ptr>> readers_of(const HotlistOptions& options) {
    std::vector<X509Ptr> readers;
    std::vector<std::filesystem::path> files = options.sealed_to;
    files.push_back(options.open_certificate);
    for (const std::filesystem::path& file : files) {
        X509Ptr reader = TRY(load_certificate(file));
        TRY(check_certificate(reader.get(), CertificateUse::receive, file.string()));
        const bool stands = std::ranges::any_of(
            readers, [&reader](const X509Ptr& other) { return X509_cmp(other.get(), reader.get()) == 0; });
        if (!stands) readers.push_back(std::move(reader));
    }
    return readers;
}

Json json_of(const HotlistEntry& entry, UtcTime now) {
    return {{"plate", entry.plate},
            {"jurisdiction", entry.jurisdiction},
            {"purpose", entry.purpose},
            {"case", entry.case_number},
            {"why", entry.why},
            {"by", entry.by},
            {"sites", entry.sites},
            {"until", to_string(entry.until)},
            {"in_force", now < end_of(entry.until)}};
}

}  // namespace

Result<void> sign_hotlist_file(const HotlistOptions& options, UtcTime now) {
    Hotlist list = TRY(load_hotlist_source(options.list.source));
    const HotlistReader reader = TRY(reader_for(options, list.fleet));
    const auto key =
        TRY(FileSigningKey::create(options.list.key, options.list.certificate, CertificateUse::sign_policy));
    const std::optional<SignedVersion> before = TRY(version_before(options, reader));
    list.version = before ? before->version + 1 : options.list.version;
    list.issued = std::chrono::floor<std::chrono::seconds>(now);
    const std::vector<X509Ptr> readers = TRY(readers_of(options));
    const Bytes sealed = TRY(with_context(sign_hotlist(*key, list, readers), options.list.source.string()));
    // What would be refused is not handed out.
    const KnownHotlist known = TRY(reader.open(sealed, before));
    TRY(write_file_atomically(options.list.file, sealed, private_mode));
    std::cout << fmt::format("hotlist: {}\nversion: {}\nentries: {}\nsealed to: {}\ndigest: {}\n",
                             options.list.file.string(), list.version, list.entries.size(), readers.size(),
                             to_hex(known.digest));
    return {};
}

Result<KnownHotlist> open_hotlist_file(const HotlistOptions& options, const std::filesystem::path& file) {
    const HotlistReader reader = TRY(reader_for(options, options.list.fleet));
    const Bytes sealed = TRY(read_file(file, max_hotlist_bytes));
    return reader.open(sealed, std::nullopt);
}

Result<void> show_hotlist_file(const HotlistOptions& options, UtcTime now) {
    const KnownHotlist known = TRY(open_hotlist_file(options, options.list.file));
    Json json{{"fleet", known.list.fleet},
              {"version", known.list.version},
              {"issued", to_iso8601(known.list.issued)},
              {"signer", known.signer},
              {"digest", to_hex(known.digest)},
              {"entries", Json::array()}};
    for (const HotlistEntry& entry : known.list.entries)
        json["entries"].push_back(json_of(entry, now));
    std::cout << json.dump(2) << "\n";
    return {};
}

}  // namespace portcullis
