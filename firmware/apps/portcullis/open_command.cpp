#include "apps/portcullis/open_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/common/store_source.hpp"
#include "apps/portcullis/open_command_source.hpp"
#include "apps/portcullis/opener_options.hpp"
#include "base/file.hpp"
#include "seal/opener.hpp"
#include "seal/self_test.hpp"
#include "seal/statement.hpp"

namespace portcullis {

namespace {

using Json = nlohmann::ordered_json;

constexpr unsigned opened_mode = 0600;  // what was sealed stays with who opened it

struct OpenOptions {
    std::filesystem::path blob;
    std::filesystem::path read;
    StorePlace place;
    std::string chain;
    OpenerOptions opener;
    std::filesystem::path output;
};

/// What is told of one blob.
struct Shown {
    Json json;
    bool good = false;
    Bytes content;  // for --output: a picture, or the signed text
};

Json describe(std::string_view item, const Verdict& verdict, const std::string& signer,
              const std::string& reason) {
    Json json;
    json["item"] = item;
    json["authenticity"] = to_string(verdict.authenticity);
    json["key_trust"] = to_string(verdict.key_trust);
    if (!signer.empty()) json["signer"] = signer;
    if (!reason.empty()) json["reason"] = reason;
    return json;
}

/// A canonical text for people: without its padding.
Json readable(const std::string& canonical) {
    Json json = Json::parse(canonical, nullptr, false);
    if (json.is_object()) json.erase("pad");
    return json;
}

template <class Payload>
Verdict judge_place(const Opened<Payload>& opened, const FoundBlob& found, const OpenOptions& options) {
    if (found.seq == 0) return opened.verdict;  // a loose file has no place
    return place_verdict(opened, {options.place.device, options.place.chain, found.seq, found.previous});
}

Result<Shown> show_read(const EnvelopeOpener& opener, const FoundBlob& found, const OpenOptions& options) {
    const OpenedRead read = opener.open_read(found.blob, found.received);
    const Verdict verdict = judge_place(read, found, options);
    std::string reason = read.reason;
    if (verdict.authenticity == Authenticity::misplaced) reason = "signed for another place in a chain";
    Shown shown{describe("read", verdict, read.signer_key_id, reason), verdict.good(), {}};
    if (!read.payload) return shown;
    const std::string text = TRY(encode_payload(*read.payload));
    const Json payload = readable(text);
    // By the names of `tail --json`; the payload behind them is what was signed, by its own.
    shown.json["text"] = payload["plate"];
    shown.json["published"] = published_text(read.payload->read.characters);
    shown.json["raw"] = payload["raw"];
    shown.json["jurisdiction"] = payload["jurisdiction"];
    shown.json["jurisdiction_confidence"] = payload["jconf"];
    shown.json["payload"] = payload;
    shown.content = to_bytes(text);
    return shown;
}

/// When it is no health record, nothing.
Result<std::optional<Shown>> show_health(const EnvelopeOpener& opener, const FoundBlob& found,
                                         const OpenOptions& options) {
    const OpenedHealth health = opener.open_health(found.blob, found.received);
    if (!health.payload) return std::optional<Shown>();
    const Verdict verdict = judge_place(health, found, options);
    const char* reason =
        verdict.authenticity == Authenticity::misplaced ? "signed for another place in a chain" : "";
    Shown shown{describe("health", verdict, health.signer_key_id, reason), verdict.good(), {}};
    const std::string text = TRY(encode_health(*health.payload));
    shown.json["payload"] = readable(text);
    shown.content = to_bytes(text);
    return std::optional(std::move(shown));
}

Result<Shown> show_picture(const EnvelopeOpener& opener, const FoundBlob& found, OpenedMedia media) {
    const std::string alone = "opened, but only the read that names it vouches for a picture; give --read";
    if (!found.read_blob) {
        Shown shown{{}, false, std::move(media.padded)};
        shown.json["item"] = "picture";
        shown.json["reason"] = alone;
        return shown;
    }
    const OpenedRead read = opener.open_read(*found.read_blob, found.received);
    Verdict verdict = read.verdict;
    MatchedMedia matched;
    if (read.payload) {
        const auto entry = std::ranges::find(read.payload->media, media.digest, &MediaEntry::sha256);
        // A loose file tells no seq of its own: its digest finds its entry.
        const Seq seq = found.seq != 0 || entry == read.payload->media.end() ? found.seq : entry->seq;
        matched = match_media(media, *read.payload, seq);
        verdict.authenticity = matched.authenticity;
    }
    const std::string reason = read.payload ? "" : "its read: " + read.reason;
    Shown shown{describe("picture", verdict, read.signer_key_id, reason), verdict.good(), {}};
    if (matched.entry) shown.json["role"] = to_string(matched.entry->role);
    shown.json["bytes"] = matched.jpeg.size();
    shown.content = std::move(matched.jpeg);
    return shown;
}

/// Checkpoints and tombstones are signed, not sealed.
Result<Shown> show_statement(const EnvelopeOpener& opener, const FoundBlob& found) {
    const SignedText text = TRY(verify_statement(found.blob, opener.trust(), found.received));
    const Verdict verdict{Authenticity::authentic, text.trust};
    Shown shown{describe("statement", verdict, text.signer_key_id, {}), verdict.good(), to_bytes(text.json)};
    shown.json["statement"] = readable(text.json);
    return shown;
}

bool is_jpeg(ByteView bytes) {
    return bytes.size() > 2 && bytes[0] == std::byte{0xff} && bytes[1] == std::byte{0xd8};
}

Result<Shown> show(const EnvelopeOpener& opener, const FoundBlob& found, const OpenOptions& options) {
    if (check_signed_profile(found.blob)) return show_statement(opener, found);
    OpenedMedia media = opener.open_media(found.blob);
    if (found.read_blob || is_jpeg(media.padded)) return show_picture(opener, found, std::move(media));
    OPENSSL_cleanse(media.padded.data(), media.padded.size());
    if (auto health = TRY(show_health(opener, found, options))) return std::move(*health);
    return show_read(opener, found, options);
}

Result<FoundBlob> find_blob(OpenOptions& options) {
    if (options.place.store.empty()) return find_in_files(options.blob, options.read, SystemClock().utc());
    options.place.chain = TRY(with_context(chain_from_string(options.chain), "--chain"));
    return find_in_store(options.place);
}

Result<bool> open_and_tell(OpenOptions& options) {
    TRY(envelope_self_test());
    const EnvelopeOpener opener = TRY(create_opener(options.opener));
    const FoundBlob found = TRY(find_blob(options));
    Shown shown = TRY(show(opener, found, options));
    const Cleanse cleanse(shown.content);
    if (!options.output.empty() && !shown.content.empty()) {
        TRY(write_file_atomically(options.output, shown.content, opened_mode));
        shown.json["written_to"] = options.output.string();
    }
    fmt::print("{}\n", shown.json.dump(2));
    return shown.good;
}

int run(OpenOptions& options) {
    const Result<bool> good = open_and_tell(options);
    if (good) return *good ? 0 : 1;
    fmt::print(stderr, "portcullis open: {}\n", good.error().message());
    return good.error().code() == ErrorCode::configuration ? 2 : 1;
}

void add_sources(CLI::App& command, OpenOptions& options) {
    auto* blob = command.add_option(
        "FILE", options.blob, "A sealed blob: a read, a picture, a health record, or a signed statement");
    command.add_option("--read", options.read, "Where FILE is a picture: the sealed read that names it")
        ->needs(blob);
    auto* store = command.add_option("--store", options.place.store,
                                     "Instead of FILE: " + std::string(store_option_text));
    auto* device = command.add_option("--device", options.place.device, "With --store: the device's name");
    auto* chain = command.add_option("--chain", options.chain, "With --store: the chain's id, 16 hex digits");
    auto* seq = command.add_option("--seq", options.place.seq, "With --store: which item of the chain");
    store->needs(device)->needs(chain)->needs(seq)->excludes(blob);
    for (auto* option : {device, chain, seq})
        option->needs(store);
    command.callback([blob, store] {
        if (blob->empty() && store->empty())
            throw CLI::RequiredError("FILE, or --store with --device, --chain and --seq");
    });
}

}  // namespace

std::function<int()> add_open_command(CLI::App& program) {
    auto options = std::make_shared<OpenOptions>();
    CLI::App* command =
        program.add_subcommand("open", "Open a sealed read, picture or health record and tell its verdict");
    command->footer(
        "Prints one JSON object: the verdict, why, and what was sealed. Plate text and pictures are personal "
        "data:\n"
        "what you open is yours to guard. Files are judged at the present time, items of a store at their "
        "receipt.\n"
        "Exit code: 0 the verdict is authentic and trusted, 1 anything else, 2 wrong usage or "
        "configuration.\n\n"
        "  portcullis open read.cms --key reader.key --certificate reader.crt \\\n"
        "      --device-ca device-chain.pem --signers devices/signers");
    add_sources(*command, *options);
    add_opener_options(*command, options->opener);
    command->add_option("--output", options->output,
                        "Write the picture (or the signed text) here, mode 0600");
    return [options] { return run(*options); };
}

}  // namespace portcullis
