#pragma once
// PostgresPipeline: statements go to the server one after the other without waiting; whoever needs an answer
// waits for all of them at once. So a transaction costs a round trip for each question, and none for a write.
// For the sources of this driver only. Thread-bound.

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace portcullis {

struct FreePostgres {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
};
using PostgresResult = std::unique_ptr<PGresult, FreePostgres>;

/// One text, prepared at the server under a name, for values of certain kinds.
struct PostgresPlan {
    std::string sql;  // with $1, $2 ..
    std::string name;
    std::uint64_t life = 0;  // of the connection that knows it; 0: none does
};

struct PostgresValues {
    std::vector<const char*> values;  // null: NULL
    std::vector<int> lengths;
    std::vector<Oid> kinds;  // 0: as the server thinks
};

class PostgresPipeline {
  public:
    /// Connected, and in pipeline mode. `life` tells it from those before.
    PostgresPipeline(std::unique_ptr<PGconn, FreePostgres> connection, std::uint64_t life)
        : connection_(std::move(connection)), life_(life) {}

    /// Prepares the plan first, if this connection does not know it.
    [[nodiscard]] Result<void> send(const std::shared_ptr<PostgresPlan>& plan, const PostgresValues& values);
    /// Waits for the answers to all that was sent; gives the last. The first error is the error of all, and
    /// undoes what was sent outside of a transaction. ends_here: nothing is in the pipeline afterwards, and
    /// outside of a transaction what was sent is kept.
    [[nodiscard]] Result<PostgresResult> collect(bool ends_here);
    /// SQL without parameters, one or more statements, when nothing is under way.
    [[nodiscard]] Result<PostgresResult> execute(const std::string& sql);

    /// Nothing was sent of which the answer is not known.
    [[nodiscard]] bool is_idle() const { return sent_.empty(); }
    [[nodiscard]] std::size_t under_way() const { return sent_.size(); }
    /// Not any more: make a new one.
    [[nodiscard]] bool is_broken() const { return PQstatus(connection_.get()) != CONNECTION_OK; }

  private:
    struct Sent {
        std::shared_ptr<PostgresPlan> prepares;  // null: runs
    };
    struct Answers {
        PostgresResult last;
        std::optional<Error> problem;
    };
    [[nodiscard]] Failure away() const;
    [[nodiscard]] Result<void> take(const Sent& sent, Answers& answers);
    [[nodiscard]] Result<void> end_pipeline();

    std::unique_ptr<PGconn, FreePostgres> connection_;
    std::uint64_t life_;
    std::vector<Sent> sent_;
};

}  // namespace portcullis
