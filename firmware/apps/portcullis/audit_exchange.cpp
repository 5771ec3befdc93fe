#include "apps/portcullis/audit_exchange.hpp"

#include "base/file.hpp"

namespace portcullis {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_answer_bytes = std::size_t{128} << 20;
constexpr unsigned request_mode = 0640;  // for the folder's group, who carries it to the witness

Result<std::size_t> take_in(AuditLog& log, const WitnessKeys& keys, const fs::path& answer) {
    const std::string pem = TRY(read_text_file(answer, max_answer_bytes));
    const std::vector<Bytes> statements = TRY(statements_from_pem(pem));
    if (statements.empty())
        return fail(ErrorCode::corrupt, "{}: holds no statement of a witness", answer.string());
    return log.admit(statements, keys);
}

/// Others write in this folder: what is no plain file is not opened.
bool is_there(const fs::path& file) {
    std::error_code ignored;
    return fs::is_regular_file(fs::symlink_status(file, ignored));
}

}  // namespace

Result<WitnessExchange> exchange_with_witness(AuditLog& log, const WitnessKeys& keys,
                                              const fs::path& folder) {
    WitnessExchange done;
    std::error_code problem;
    const fs::path answer = folder / witness_answer_name;
    if (is_there(answer)) {
        auto taken = take_in(log, keys, answer);
        if (!taken) {
            fs::rename(answer, folder / refused_answer_name, problem);
            return fail(std::move(taken.error()));
        }
        done.taken_in = *taken;
        fs::remove(answer, problem);
    }
    const WitnessRequest request = TRY(log.request());
    done.waiting = request.texts.size();
    const fs::path file = folder / witness_request_name;
    if (done.waiting == 0)
        fs::remove(file, problem);
    else
        TRY(write_file_atomically(file, as_bytes(encode_request(request)), request_mode));
    if (problem) return fail(ErrorCode::io, "{}: {}", folder.string(), problem.message());
    return done;
}

}  // namespace portcullis
