// The witness: what he signs, what he refuses, and what the log takes from him.
#include "audit/witness.hpp"

#include "seal/statement.hpp"
#include "unit/audit/audit_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

std::string refusal(const AuditBench& bench, const WitnessRequest& request, const std::vector<Bytes>& kept) {
    const auto answer = witness(request, must(bench.keys().open_all(kept)), *bench.witness_key, now);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code() == ErrorCode::refused);
    return answer.error().message();
}

}  // namespace

TEST_CASE("the witness walks from what he signed last to the new head, and the log takes it in") {
    AuditBench bench;
    AuditLog log = bench.open();
    for (const std::uint64_t more : {1, 2000, 1, 500}) {
        bench.fill(log, more);
        bench.have_witnessed(log);
    }
    const AuditReport report = bench.check(bench.kept);
    CHECK(report.in_order());
    CHECK(report.statements == 4);
    CHECK(report.witnessed == 2502);
    CHECK(report.witnessed_at == now);
    // Nothing new: nothing is signed.
    CHECK(must(witness(must(log.request()), must(bench.keys().open_all(bench.kept)), *bench.witness_key, now))
              .empty());
}

TEST_CASE("an answer that got lost comes with the next one, and one that comes twice is taken once") {
    AuditBench bench;
    AuditLog log = bench.open();
    bench.fill(log, 5);
    bench.kept = must(witness(must(log.request()), {}, *bench.witness_key, now));  // lost on its way
    bench.fill(log, 5);
    const std::vector<Bytes> answer =
        must(witness(must(log.request()), must(bench.keys().open_all(bench.kept)), *bench.witness_key, now));
    REQUIRE(answer.size() == 2);
    CHECK(answer[0] == bench.kept[0]);
    CHECK(must(log.admit(answer, bench.keys())) == 2);
    CHECK(must(log.admit(answer, bench.keys())) == 0);
    CHECK(bench.check(answer).in_order());
}

TEST_CASE("attack: an audit log that was changed or set back since is signed by no witness") {
    AuditBench bench;
    AuditLog log = bench.open();
    bench.fill(log, 20);
    bench.have_witnessed(log);
    const WitnessRequest old = must(log.request());
    bench.fill(log, 20);
    bench.have_witnessed(log);
    // The copy of before, with the statement that it had.
    CHECK(refusal(bench, old, bench.kept).find("cut, or set back") != std::string::npos);
    bench.fill(log, 5);
    WitnessRequest request = must(log.request());
    request.texts[2] = sha256(as_bytes("another entry"));
    CHECK(refusal(bench, request, bench.kept).find("was changed") != std::string::npos);
    request = must(log.request());
    request.statements = 1;  // it claims to lack the second one, and other entries below it
    request.covered = 20;
    request.texts.insert(request.texts.begin(), 19, Digest{});
    CHECK(refusal(bench, request, bench.kept).find("was changed") != std::string::npos);
    request.covered = 10;
    CHECK(refusal(bench, request, bench.kept).find("not among") != std::string::npos);
    // The witness's own memory was lost, or is an old copy.
    CHECK(refusal(bench, must(log.request()), {}).find("not among") != std::string::npos);
    CHECK(refusal(bench, must(log.request()), {bench.kept[0]}).find("not among") != std::string::npos);
    CHECK(refusal(bench, must(log.request()), {bench.kept[1]}).find("does not follow") != std::string::npos);
}

TEST_CASE("attack: an answer of another key, of another log, or about other entries is not taken in") {
    AuditBench bench;
    AuditLog log = bench.open();
    bench.fill(log, 5);
    const KeyFiles other = bench.pki.issue("other", "witness-1", {.ca = "service-ca"});
    const auto foreign = must(witness(must(log.request()), {}, *bench.key(other), now));
    CHECK(log.admit(foreign, bench.keys()).error().code() == ErrorCode::refused);
    const auto answer = must(witness(must(log.request()), {}, *bench.witness_key, now));
    AuditLog second = must(AuditLog::open(bench.pki.folder() / "second.db"));
    bench.fill(second, 5);
    CHECK(second.admit(answer, bench.keys()).error().code() == ErrorCode::refused);
    tamper(bench.path, "UPDATE entry SET link = randomblob(32) WHERE number = 5");
    const auto refused = log.admit(answer, bench.keys());
    CHECK(refused.error().message().find("changed since") != std::string::npos);
    CHECK(must(log.statements()).empty());
    // A receipt or any other statement of the same key is none of these.
    const Bytes receipt = must(sign_statement(*bench.witness_key, R"({"v":1,"kind":"receipt"})"));
    CHECK_FALSE(bench.keys().open(receipt));
}

TEST_CASE("a request or an answer that is cut, changed or something else is refused with its line") {
    AuditBench bench;
    AuditLog log = bench.open();
    bench.fill(log, 3);
    const std::string text = encode_request(must(log.request()));
    CHECK(must(parse_request(text)).entries() == 3);
    for (std::size_t i = 0; i < text.size(); ++i)
        CHECK_FALSE(parse_request(text.substr(0, i)));
    CHECK(parse_request(text + "x\n").error().message().find("line 5") != std::string::npos);
    CHECK_FALSE(parse_request("a letter\n"));
    CHECK_FALSE(parse_request(text + text));
    const auto answer = must(witness(must(log.request()), {}, *bench.witness_key, now));
    const std::string pem = must(statements_to_pem(answer));
    CHECK(must(statements_from_pem(pem + pem)).size() == 2);
    CHECK(must(statements_from_pem("")).empty());
    CHECK(statements_from_pem(pem.substr(0, pem.size() / 2)).error().code() == ErrorCode::corrupt);
    CHECK_FALSE(statements_from_pem(must(statements_to_pem({to_bytes("x")})).replace(11, 3, "ABC")));
}
