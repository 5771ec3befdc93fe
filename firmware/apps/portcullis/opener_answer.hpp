#pragma once
// One question to the opener over its view socket, and what people must be told of any answer. Thread-bound.

#include <filesystem>
#include <string_view>

#include "collector/link/packet.hpp"
#include "collector/link/told_holes.hpp"

namespace portcullis {

/// Errors: refused (in the opener's words), closed, and the socket's (say what to do).
[[nodiscard]] Result<Packet> ask_opener(const std::filesystem::path& socket, const Packet& question);

/// 2026-11-25T08:15:30Z
[[nodiscard]] std::string second_of(UtcTime time);

/// On the error stream: what the index may lack. command: "portcullis search".
void print_index_doubts(std::string_view command, std::uint64_t damaged, std::uint64_t locked,
                        const std::vector<ToldHole>& holes);

}  // namespace portcullis
