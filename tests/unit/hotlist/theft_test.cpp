// Theft: the disk of the collector's host is copied while its opener holds a hotlist and has found hits.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "unit/hotlist/hotlist_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string wide(const std::string& text) {
    std::string both;
    for (const char sign : text)
        both += {sign, '\0'};
    return both;
}

std::string hex(const std::string& text) {
    return to_hex(as_bytes(text));
}

/// Of three alignments, without the letters that depend on what stands beside it.
std::vector<std::string> base64(const std::string& text) {
    constexpr std::string_view signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::vector<std::string> forms;
    for (std::size_t skip = 0; skip < 3; ++skip) {
        std::string form;
        for (std::size_t at = skip; at + 3 <= text.size(); at += 3) {
            std::uint32_t three = 0;
            for (std::size_t i = 0; i < 3; ++i)
                three = three << 8U | static_cast<unsigned char>(text[at + i]);
            for (int shift = 18; shift >= 0; shift -= 6)
                form += signs[three >> static_cast<unsigned>(shift) & 63U];
        }
        forms.push_back(form);
    }
    return forms;
}

/// Files of the folder that hold the text in some form; links aside.
std::vector<std::string> files_with(const std::filesystem::path& folder, const std::string& text) {
    std::vector<std::string> forms = base64(text);
    forms.insert(forms.end(), {text, wide(text), hex(text)});
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        if (std::ranges::any_of(forms,
                                [&](const std::string& form) { return content.find(form) != content.npos; }))
            found.push_back(entry.path().filename().string());
    }
    return found;
}

}  // namespace

TEST_CASE("theft: the disk of the collector's host is copied, and no file tells who is sought or was found") {
    HotlistBench bench;
    const Seq seq = bench.pass();
    bench.pass();
    static_cast<void>(bench.ask_hits(hits_of()));
    static_cast<void>(bench.ask_hits(bench.about(HotlistAct::confirm, seq)));
    bench.put(sample_hotlist(now, 8));
    bench.server.reload_hotlist();
    const std::filesystem::path disk = bench.road.pki.folder();  // as it stands, -wal files and all
    for (const char* file : {"north.hotlist", "hits.db", "audit.db"})
        REQUIRE(std::filesystem::exists(disk / file));
    for (const char* secret :
         {"A8I2CDE", "AB12CDE", "AB1ZCDE", "LA77TER", "ZZ11ZZZ", "stolen 20 Nov", "2026-201"}) {
        CAPTURE(secret);
        CHECK(files_with(disk, secret).empty());
    }
    // A control: what stands there is found, in each form.
    const auto plant = [&disk](const std::string& text) {
        std::ofstream(disk / "leak", std::ios::binary) << "x" << text << "y";
    };
    std::vector<std::string> forms = base64("A8I2CDE");
    forms.insert(forms.end(), {std::string("A8I2CDE"), wide("A8I2CDE"), hex("A8I2CDE")});
    for (const std::string& form : forms) {
        plant(form);
        CHECK(files_with(disk, "A8I2CDE") == std::vector<std::string>{"leak"});
    }
}

TEST_CASE("theft: with the key of a day the list of that day can be read, with every other key it cannot") {
    HotlistBench bench;
    bench.pass();
    const Bytes list = must(read_file(bench.list_path, max_hotlist_bytes));
    const std::vector<BookedHit> hits = must(must(HitBook::open(bench.hits_path)).rows());
    REQUIRE(hits.size() == 1);
    const auto opens = [&](const KeyFiles& files) {
        const RecipientKey key = must(load_recipient({files.key, files.certificate}));
        const bool read = open_envelope(key, list).has_value();
        CHECK(open_envelope(key, hits[0].sealed).has_value() == read);
        return read;
    };
    CHECK(opens(bench.road.reader));  // a control, and what README.md says: that key is all
    CHECK_FALSE(opens(bench.road.evidence));
    CHECK_FALSE(opens(bench.auditor));
}
