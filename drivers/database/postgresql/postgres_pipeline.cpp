#include "drivers/database/postgresql/postgres_pipeline.hpp"

#include "drivers/database/postgresql/postgres_error.hpp"

namespace portcullis {

namespace {

constexpr int binary = 1;

}  // namespace

Failure PostgresPipeline::away() const {
    return fail(postgres_away(connection_.get()));
}

Result<void> PostgresPipeline::send(const std::shared_ptr<PostgresPlan>& plan, const PostgresValues& values) {
    const auto count = static_cast<int>(values.values.size());
    if (plan->life != life_) {
        if (PQsendPrepare(connection_.get(), plan->name.c_str(), plan->sql.c_str(), count,
                          values.kinds.data()) != 1)
            return away();
        plan->life = life_;
        sent_.push_back({plan});
    }
    const std::vector<int> formats(values.values.size(), binary);
    if (PQsendQueryPrepared(connection_.get(), plan->name.c_str(), count, values.values.data(),
                            values.lengths.data(), formats.data(), binary) != 1)
        return away();
    sent_.push_back({});
    return {};
}

/// The answer to one that was sent: results, then a null.
Result<void> PostgresPipeline::take(const Sent& sent, Answers& answers) {
    PostgresResult answer(PQgetResult(connection_.get()));
    if (answer == nullptr) return away();
    const ExecStatusType status = PQresultStatus(answer.get());
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good && sent.prepares != nullptr) sent.prepares->life = 0;
    // What was sent behind a mistake is PGRES_PIPELINE_ABORTED.
    if (!good && !answers.problem)
        answers.problem = is_broken() ? postgres_away(connection_.get()) : postgres_error(answer.get());
    answers.last = std::move(answer);
    while (!is_broken() && PostgresResult(PQgetResult(connection_.get())) != nullptr) {
    }
    return {};
}

Result<void> PostgresPipeline::end_pipeline() {
    const PostgresResult end(PQgetResult(connection_.get()));
    if (end == nullptr || PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) return away();
    return {};
}

Result<PostgresResult> PostgresPipeline::collect(bool ends_here) {
    const std::vector<Sent> sent = std::exchange(sent_, {});
    if (ends_here ? PQpipelineSync(connection_.get()) != 1
                  : PQsendFlushRequest(connection_.get()) != 1 || PQflush(connection_.get()) != 0)
        return away();
    Answers answers;
    for (const Sent& one : sent) {
        TRY(take(one, answers));
        if (is_broken()) return away();
    }
    if (answers.problem && !ends_here && PQpipelineSync(connection_.get()) != 1) return away();
    if (answers.problem || ends_here) TRY(end_pipeline());
    if (answers.problem) return fail(std::move(*answers.problem));
    return std::move(answers.last);
}

Result<PostgresResult> PostgresPipeline::execute(const std::string& sql) {
    if (PQexitPipelineMode(connection_.get()) != 1) return away();
    PostgresResult answer(PQexec(connection_.get(), sql.c_str()));
    const ExecStatusType status = PQresultStatus(answer.get());
    if (is_broken()) return away();
    if (PQenterPipelineMode(connection_.get()) != 1) return away();
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return fail(postgres_error(answer.get()));
    return answer;
}

}  // namespace portcullis
