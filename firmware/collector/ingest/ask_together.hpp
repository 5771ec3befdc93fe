#pragma once
// One question for many rows. A server's answer costs a way there and back, and half of what a question costs
// is the question: a batch asks for its rows together, before it looks at them one by one. A file is asked
// row by row, which it answers fastest. Thread-bound, like the connection.

#include <algorithm>
#include <span>
#include <vector>

#include "ports/sql.hpp"

namespace portcullis {

/// To a server one question names so many; a shorter list repeats its last, so that there is one SQL text.
inline constexpr std::size_t keys_a_question = 32;

/// What stands for the "{}" of a question.
struct KeyList {
    std::string_view one;      // a key, as "?"
    std::string_view between;  // two of them, as ", "
};
inline constexpr KeyList in_list{"?", ", "};

/// values_of: a key's values, in order. `each` gets every row. Nothing is asked for no keys.
template <class Key, class ValuesOf, class Each>
[[nodiscard]] Result<void> ask_together(SqlConnection& database, std::string_view sql, const KeyList& list,
                                        std::span<const Key> keys, ValuesOf values_of, Each each) {
    if (keys.empty()) return {};
    const std::size_t together = database.is_server() ? keys_a_question : 1;
    std::string places;
    for (std::size_t i = 0; i < together; ++i)
        places.append(i == 0 ? std::string_view() : list.between).append(list.one);
    auto query = TRY(database.prepare(fmt::format(fmt::runtime(sql), places)));
    while (!keys.empty()) {
        const std::size_t now = std::min(keys.size(), together);
        std::vector<SqlValue> values;
        for (std::size_t i = 0; i < together; ++i)
            for (const SqlValue& value : values_of(keys[std::min(i, now - 1)]))
                values.push_back(value);
        TRY(query.bind_values(values));
        while (TRY(query.step()))
            each(query);
        keys = keys.subspan(now);
    }
    return {};
}

}  // namespace portcullis
