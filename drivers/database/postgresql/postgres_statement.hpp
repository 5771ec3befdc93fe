#pragma once
// PostgresStatement: what a PostgresConnection makes of one SQL text. For the sources of this driver only.

#include <map>
#include <string>
#include <vector>

#include "drivers/database/postgresql/postgres_pipeline.hpp"
#include "ports/sql.hpp"

namespace portcullis {

/// What a statement needs of its connection.
class PostgresRoad {
  public:
    virtual ~PostgresRoad() = default;
    /// Sends; waits only when the pipeline is full or this is no transaction.
    [[nodiscard]] virtual Result<void> send(const std::shared_ptr<PostgresPlan>& plan,
                                            const PostgresValues& values) = 0;
    /// Sends, and waits for the answer.
    [[nodiscard]] virtual Result<PostgresResult> ask(const std::shared_ptr<PostgresPlan>& plan,
                                                     const PostgresValues& values) = 0;
    /// The one for this text and these kinds of values. The texts are ours, and few.
    [[nodiscard]] virtual std::shared_ptr<PostgresPlan> plan_for(const std::string& numbered,
                                                                 const std::vector<Oid>& kinds) = 0;
};

class PostgresStatement final : public PreparedSql {
  public:
    /// road: outlives it.
    PostgresStatement(std::string_view sql, PostgresRoad& road);

    [[nodiscard]] std::string_view sql() const override { return sql_; }
    void clear() override;
    [[nodiscard]] Result<void> begin(std::size_t parameters) override;
    [[nodiscard]] Result<void> set(int place, std::int64_t value) override;
    [[nodiscard]] Result<void> set(int place, std::string_view value) override;
    [[nodiscard]] Result<void> set(int place, ByteView value) override;
    [[nodiscard]] Result<void> set(int place, std::nullptr_t) override;
    [[nodiscard]] Result<bool> step() override;
    [[nodiscard]] Result<void> finish() override;
    [[nodiscard]] Result<std::uint64_t> finish_counted() override;
    void reset() override;
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] std::string_view text(int column) const override;
    [[nodiscard]] ByteView blob(int column) const override;
    [[nodiscard]] bool is_null(int column) const override;

  private:
    struct Parameter {
        Oid kind = 0;
        bool null = true;
        std::string bytes;  // as they are sent; keeps its room from one use to the next
    };
    [[nodiscard]] const std::shared_ptr<PostgresPlan>& plan();
    [[nodiscard]] PostgresValues values() const;
    [[nodiscard]] Parameter& parameter(int place, Oid kind);

    std::string sql_;
    std::string numbered_;
    PostgresRoad* road_;
    std::vector<Parameter> parameters_;
    std::map<std::vector<Oid>, std::shared_ptr<PostgresPlan>> plans_;  // by the kinds of their values
    PostgresResult rows_;                                              // null: not asked yet
    int row_ = -1;
};

}  // namespace portcullis
