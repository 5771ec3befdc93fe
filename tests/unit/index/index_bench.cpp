#include "unit/index/index_bench.hpp"

namespace portcullis::test {

IndexedPassage passage_of(const std::string& text, Seq seq) {
    IndexedPassage passage;
    passage.device = "gate-1";
    passage.chain = must(chain_from_string("00112233445566ff"));
    passage.seq = seq;
    passage.captured = now;
    passage.text = text;
    passage.lane = "lane 2";
    passage.direction = Direction::approaching;
    return passage;
}

PlateIndex IndexBench::open(UtcTime when) const {
    return must(PlateIndex::open(path, when));
}

PlateIndex IndexBench::open_with(const std::vector<std::string>& epochs, UtcTime when) const {
    PlateIndex index = open(when);
    hold(index, epochs);
    return index;
}

PlateIndex IndexBench::attach_with(const std::vector<std::string>& epochs) const {
    PlateIndex index = must(PlateIndex::attach(path));
    hold(index, epochs);
    return index;
}

void IndexBench::hold(PlateIndex& index, const std::vector<std::string>& epochs) const {
    std::vector<std::string> ids;
    for (const std::string& epoch : epochs)
        ids.push_back(key_id(epoch));
    must_do(index.use_keys(std::move(ids), &secret));
    while (must(index.sweep())) {
    }
}

std::string IndexBench::key_id(const std::string& epoch) {
    return to_hex(sha256(as_bytes(epoch))).substr(0, 40);
}

Result<SecretKey> IndexBench::secret(const std::string& key_id, ByteView salt) {
    SecretKey key;
    key.bytes = sha256({as_bytes("secret of "), as_bytes(key_id), salt});
    return key;
}

PlateQuestion ask(const std::string& plate) {
    PlateQuestion question;
    question.plate = plate;
    return question;
}

std::vector<Seq> found(PlateIndex& index, PlateQuestion question) {
    question = must(checked(std::move(question)));
    const Findings findings = index.open_all(must(index.candidates(question)), question);
    CHECK(findings.damaged == 0);
    std::vector<Seq> seqs;
    for (const IndexedPassage& passage : findings.passages)
        seqs.push_back(passage.seq);
    return seqs;
}

std::vector<BareRow> bare_rows(const std::filesystem::path& path) {
    Database file = must(Database::open({.path = path, .create = false, .read_only = true}));
    auto select = must(file.prepare(
        "SELECT epoch.key, epoch.salt, source.device, seq, minute, exact, folded, cell FROM passage "
        "JOIN epoch ON epoch.id = passage.epoch JOIN source ON source.id = passage.source "
        "ORDER BY passage.id"));
    must_do(select.bind());
    const auto bytes = [&](int column) {
        return Bytes(select.blob(column).begin(), select.blob(column).end());
    };
    std::vector<BareRow> rows;
    while (must(select.step()))
        rows.push_back({std::string(select.text(0)), bytes(1), std::string(select.text(2)), select.count(3),
                        select.integer(4), bytes(5), bytes(6), bytes(7)});
    return rows;
}

}  // namespace portcullis::test
