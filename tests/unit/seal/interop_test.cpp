// What we seal, others open: the openssl command (OpenSSL's own CMS), a script in Python
// (python3-cryptography) and one in JavaScript (WebCrypto, as in a browser). Three sizes, one to eight
// recipients, each recipient's key; and no other key.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "base/file.hpp"
#include "record/size_bucket.hpp"
#include "seal/encrypt.hpp"
#include "unit/seal/test_pki.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

constexpr std::size_t max_audience = 8;
constexpr std::array<std::size_t, 3> sizes{300, 6'144, 153'600};

const std::filesystem::path scripts = std::filesystem::path(PORTCULLIS_SOURCE_DIR) / "tests/data/seal";

bool run(const std::string& command) {
    return std::system((command + " 2>/dev/null").c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread
}

struct Script {
    std::string command;
    std::string probe;
    std::string cure;
};

const Script python{"/usr/bin/python3 " + (scripts / "open_vector.py").string(),
                    "/usr/bin/python3 -c 'import cryptography'", "apt-get install python3-cryptography"};
const Script node{"node " + (scripts / "open_vector.mjs").string(),
                  "node -e 'process.exit(require(\"crypto\").webcrypto ? 0 : 1)'",
                  "apt-get install nodejs (15 or later)"};

bool is_there(const Script& script) {
    if (run(script.probe + " >/dev/null")) return true;
    MESSAGE("SKIPPED: the opener's interpreter is missing; " << script.cure);
    return false;
}

Bytes content_of_size(std::size_t bytes) {
    Bytes content(bytes);
    for (std::size_t i = 0; i < bytes; ++i)
        content[i] = static_cast<std::byte>((i * 167 + bytes) & 0xff);
    return content;
}

void write(const std::filesystem::path& path, ByteView bytes) {
    REQUIRE(write_file_atomically(path, bytes));
}

/// Each size sealed to the first 1, 2 .. 8 of eight recipients, in files.
struct Sealed {
    struct File {
        std::filesystem::path path;
        std::size_t bytes;
        std::size_t audience;
    };

    TestPki pki;
    std::vector<KeyFiles> recipients;
    KeyFiles stranger = pki.recipient("stranger");
    std::vector<File> files;

    Sealed() {
        std::vector<X509Ptr> certificates;
        for (std::size_t i = 1; i <= max_audience; ++i) {
            recipients.push_back(pki.recipient(fmt::format("recipient-{}", i)));
            certificates.push_back(must(load_certificate(recipients.back().certificate)));
            for (const std::size_t bytes : sizes) {
                files.push_back({pki.folder() / fmt::format("{}-{}.cms", bytes, i), bytes, i});
                write(files.back().path, must(encrypt(content_of_size(bytes), certificates)));
            }
        }
    }
    [[nodiscard]] std::filesystem::path out() const { return pki.folder() / "out"; }
};

/// The key of one file and the certificate of another say whose blob is tried with whose key.
bool openssl_opens(const Sealed& sealed, const Sealed::File& file, const std::filesystem::path& key,
                   const std::filesystem::path& certificate) {
    const std::filesystem::path out = sealed.out();
    std::filesystem::remove(out);
    const std::string recipient =
        certificate.empty() ? std::string() : fmt::format(" -recip {}", certificate.string());
    return run("openssl cms -decrypt -binary -inform DER -in " + file.path.string() + " -inkey " +
               key.string() + recipient + " -out " + out.string()) &&
           must(read_file(out, max_blob_bytes)) == content_of_size(file.bytes);
}

/// What the script says of each file: "NAME<tab>AUTHENTICITY...".
std::map<std::string, std::string> judged(const Script& script, const std::string& arguments,
                                          const std::filesystem::path& out) {
    std::filesystem::create_directories(out);
    const std::filesystem::path report = out / "report";
    run(script.command + " " + arguments + " --out " + out.string() + " >" + report.string());
    std::istringstream lines(must(read_text_file(report, max_pem_bytes)));
    std::map<std::string, std::string> verdicts;
    for (std::string line; std::getline(lines, line);)
        verdicts[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
    return verdicts;
}

std::string names(const Sealed& sealed, std::size_t least_audience) {
    std::string all;
    for (const Sealed::File& file : sealed.files)
        if (file.audience >= least_audience) all += fmt::format(" {}", file.path.string());
    return all;
}

std::string recipient(const std::filesystem::path& key, const std::filesystem::path& certificate) {
    return fmt::format(" --recipient {} {}", key.string(), certificate.string());
}

void every_recipient_opens(const Script& script) {
    if (!is_there(script)) return;
    const Sealed sealed;
    for (std::size_t i = 0; i < max_audience; ++i) {
        const KeyFiles& own = sealed.recipients[i];
        const auto verdicts = judged(
            script, recipient(own.key, own.certificate) + " --picture" + names(sealed, i + 1), sealed.out());
        for (const Sealed::File& file : sealed.files) {
            if (file.audience <= i) continue;
            const std::string name = file.path.filename().string();
            CAPTURE(name);
            CAPTURE(i);
            REQUIRE(verdicts.contains(name));
            CHECK(verdicts.at(name).starts_with("authentic"));
            CHECK(must(read_file(sealed.out() / (name + ".opened"), max_blob_bytes)) ==
                  content_of_size(file.bytes));
        }
    }
}

void no_other_key_opens(const Script& script) {
    if (!is_there(script)) return;
    const Sealed sealed;
    const KeyFiles& ours = sealed.recipients[0];
    // A key that nobody sealed to, and one that stands under the name of a recipient.
    const std::array tries{std::pair{recipient(sealed.stranger.key, sealed.stranger.certificate), "unopened"},
                           std::pair{recipient(sealed.stranger.key, ours.certificate), "damaged"}};
    for (const auto& [keys, expected] : tries) {
        const auto verdicts = judged(script, keys + " --picture" + names(sealed, 1), sealed.out());
        CHECK(verdicts.size() == sealed.files.size());
        for (const auto& [name, verdict] : verdicts) {
            CAPTURE(name);
            CHECK(verdict.starts_with(expected));
            CHECK_FALSE(std::filesystem::exists(sealed.out() / (name + ".opened")));
        }
    }
}

void a_record_opens(const Script& script) {
    if (!is_there(script)) return;
    const Road road;
    const SealedRecord sealed = road.seal(sample_record(), first_head());
    const std::filesystem::path folder = road.pki.folder();
    for (std::size_t i = 0; i < sealed.items.size(); ++i)
        write(folder / fmt::format("item-{}", i), sealed.items[i].blob);
    const auto item = [&](int i) { return fmt::format(" {}/item-{}", folder.string(), i); };
    const std::string keys = recipient(road.reader.key, road.reader.certificate) +
                             recipient(road.evidence.key, road.evidence.certificate);
    const auto judge = [&](const KeyFiles& signer) {
        return judged(script,
                      keys + " --signer " + signer.certificate.string() +
                          (&script == &python ? " --ca " + (folder / "device-ca.crt").string() : "") +
                          " --read" + item(0) + " --picture" + item(1) + item(2),
                      folder / "out");
    };
    auto verdicts = judge(road.device);
    CHECK(verdicts.at("item-0").starts_with(&script == &python ? "authentic trusted" : "authentic"));
    CHECK(verdicts.at("item-1").starts_with("authentic"));
    CHECK(verdicts.at("item-2").starts_with("authentic"));
    const std::string text = must(read_text_file(folder / "out/item-0.opened", max_payload_bytes));
    CHECK(text_of(must(parse_payload(text)).read.characters) == "AB12CDE");
    Bytes overview = sample_record().media[1].jpeg;
    overview.resize(bucket_bytes(MediaRole::overview, overview.size()));
    CHECK(must(read_file(folder / "out/item-2.opened", max_blob_bytes)) == overview);

    verdicts = judge(road.pki.device("gate-2"));
    CHECK(verdicts.at("item-0").starts_with("forged"));
    CHECK(verdicts.at("item-1").starts_with("authentic"));
}

}  // namespace

TEST_CASE("the openssl command opens 300 B, 6 KB and 150 KB with the key of each of 1 to 8 recipients") {
    if (!run("openssl version >/dev/null")) {
        MESSAGE("SKIPPED: the openssl command is missing; apt-get install openssl");
        return;
    }
    const Sealed sealed;
    for (const Sealed::File& file : sealed.files) {
        CAPTURE(file.path.filename());
        for (std::size_t i = 0; i < file.audience; ++i)
            CHECK(openssl_opens(sealed, file, sealed.recipients[i].key, sealed.recipients[i].certificate));
    }
}

TEST_CASE("attack: the openssl command with a key that is none of the recipients'") {
    if (!run("openssl version >/dev/null")) {
        MESSAGE("SKIPPED: the openssl command is missing; apt-get install openssl");
        return;
    }
    const Sealed sealed;
    for (const Sealed::File& file : sealed.files) {
        CAPTURE(file.path.filename());
        CHECK_FALSE(openssl_opens(sealed, file, sealed.stranger.key, sealed.stranger.certificate));
        CHECK_FALSE(openssl_opens(sealed, file, sealed.stranger.key, sealed.recipients[0].certificate));
        CHECK_FALSE(openssl_opens(sealed, file, sealed.stranger.key, {}));  // tried on each recipient's block
    }
}

TEST_CASE("an opener in Python opens 300 B, 6 KB and 150 KB with the key of each of 1 to 8 recipients") {
    every_recipient_opens(python);
}

TEST_CASE("attack: an opener in Python with a key that is none of the recipients'") {
    no_other_key_opens(python);
}

TEST_CASE("an opener in Python opens a freshly sealed record and verifies its signature") {
    a_record_opens(python);
}

TEST_CASE("WebCrypto in node opens 300 B, 6 KB and 150 KB with the key of each of 1 to 8 recipients") {
    every_recipient_opens(node);
}

TEST_CASE("attack: WebCrypto in node with a key that is none of the recipients'") {
    no_other_key_opens(node);
}

TEST_CASE("WebCrypto in node opens a freshly sealed record and verifies its signature") {
    a_record_opens(node);
}
