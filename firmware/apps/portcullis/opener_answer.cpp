#include "apps/portcullis/opener_answer.hpp"

#include <iostream>

#include "apps/portcullis/viewer_socket.hpp"
#include "collector/link/opener_question.hpp"

namespace portcullis {

Result<Packet> ask_opener(const std::filesystem::path& socket, const Packet& question) {
    return ask_opener(TRY(connect_to_opener(socket)), question);
}

std::string second_of(UtcTime time) {
    constexpr std::size_t to_seconds = 19;
    return to_iso8601(time).substr(0, to_seconds) + "Z";
}

void print_index_doubts(std::string_view command, std::uint64_t damaged, std::uint64_t locked,
                        const std::vector<ToldHole>& holes) {
    const auto tell = [command](const std::string& text) { std::cerr << command << ": " << text << "\n"; };
    if (damaged > 0)
        tell(
            fmt::format("{} rows of the index were changed by somebody and left out; `portcullis index "
                        "rebuild` enters what the store holds",
                        damaged));
    if (locked > 0)
        tell(fmt::format("{} epochs could not be searched: their keys do not answer (the opener's log)",
                         locked));
    for (const ToldHole& hole : holes)
        tell(fmt::format("what was judged {} may be missing; `portcullis index rebuild` mends it",
                         hole.first == UtcTime()
                             ? "before " + second_of(hole.last)
                             : "from " + second_of(hole.first) + " to " + second_of(hole.last)));
}

}  // namespace portcullis
