// portcullis-reader --check says what is wrong with a key, wherever it lives.
#include "base/file.hpp"
#include "key_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

struct Outcome {
    int code = -1;
    std::string words;
};

Outcome check(const KeyBench& bench, const std::string& source, const std::filesystem::path& certificate) {
    const auto settings = bench.folder() / "reader.toml";
    std::ofstream(settings) << "device = \"gate-1\"\nfleet = \"demo\"\nmodels = \"" PORTCULLIS_SOURCE_DIR
                            << "/models\"\n[input]\npath = \"" PORTCULLIS_SOURCE_DIR
                               "/tests/data/road.mp4\"\n"
                            << "[pictures]\nplate = false\noverview = \"none\"\n[keys]\nkey = \"" << source
                            << "\"\ncertificate = \"" << certificate.string()
                            << "\"\n[recipients]\nread = [\"pki/recipients/collector-read.crt\"]\n"
                            << "[receipts]\nca_chain = \"pki/service-chain.pem\"\n"
                            << "signers = \"pki/collector/receipt.crt\"\n"
                            << "[spool]\npath = \"spool.db\"\n";
    const auto log = bench.folder() / "check.log";
    std::filesystem::remove(log);
    Process reader({PORTCULLIS_BIN_DIR "/portcullis-reader", "--config", settings, "--check"}, log);
    const auto code = reader.wait(std::chrono::seconds(60));
    return {code.value_or(-1), reader.output()};
}

}  // namespace

TEST_CASE(
    "the reader, behind its own wall, takes a key from a file and from a token, and tells what is wrong") {
    {
        FileBench bench;
        const auto certificate = bench.certify();
        const Outcome good = check(bench, bench.source(), certificate);
        INFO(good.words);
        CHECK(good.code == 0);
        bench.take_away();
        const Outcome gone = check(bench, bench.source(), certificate);
        CHECK(gone.code == 2);
        CHECK(gone.words.find("file.key") != std::string::npos);
    }
    if (skip<TokenBench>()) return;
    TokenBench bench;
    const auto certificate = bench.certify();
    const Outcome good = check(bench, bench.source(), certificate);
    INFO(good.words);
    CHECK(good.code == 0);
    const Outcome wrong = check(bench, bench.uri("lane", "read", "wrong-pin"), certificate);
    CHECK(wrong.code == 2);
    CHECK(wrong.words.find("PIN") != std::string::npos);
    CHECK(wrong.words.find("654321") == std::string::npos);
    bench.take_away();
    const Outcome gone = check(bench, bench.source(), certificate);
    CHECK(gone.code == 2);
    CHECK(gone.words.find("is the token there") != std::string::npos);
}

TEST_CASE("the reader has no way to a TPM over a network, and says what to look at") {
    if (skip<TpmBench>()) return;
    const TpmBench bench;
    const Outcome outcome = check(bench, bench.source(), bench.certify());
    INFO(outcome.words);
    CHECK(outcome.code == 2);
    CHECK(outcome.words.find("/dev/tpmrm0") != std::string::npos);
}
