#pragma once
// Incoming: what the topic and the user properties say of a message. All of it are hints: they decide where a
// blob is looked at, never what is believed. Pure, reentrant.

#include "collector/link/open_exchange.hpp"
#include "ports/broker.hpp"

namespace portcullis {

inline constexpr std::size_t max_user_properties = 16;

struct Incoming {
    std::string device;
    ItemKind kind = ItemKind::read;
    ChainId chain;
    Seq seq = 0;
    Seq first = 0;  // tombstones only: the span they stand for
    Seq last = 0;
};

/// The device that a topic lpr/v1/dev/<device>/<leaf> names; empty when it is not such a topic.
[[nodiscard]] std::string device_of_topic(std::string_view topic);

/// Errors: refused (topic, a missing, doubled or ill-formed property, a kind that does not fit the topic).
[[nodiscard]] Result<Incoming> parse_incoming(const BrokerMessage& message);

}  // namespace portcullis
