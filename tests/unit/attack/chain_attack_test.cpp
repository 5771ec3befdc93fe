// Eight attacks on a device's chain between the device and the collector, each with many seeds: found at the
// latest when the next checkpoint comes. And honest chains, in whatever order they arrive: no alarm.
// PORTCULLIS_ROUNDS sets the number of seeds.
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <random>

#include "support/rounds.hpp"
#include "unit/collector/collector_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using Messages = std::vector<BrokerMessage>;
using Random = std::mt19937;

constexpr std::size_t records = 4;
// The collector takes so many chains of one device at the most that each bench gets a few only.
constexpr int seeds_a_bench = 6;

std::size_t below(Random& random, std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

/// A chain of its own for each seed: records, a checkpoint, and what came of them at the collector.
class Journey {
  public:
    Journey(CollectorBench& bench, Random& random) : bench_(bench), device_(bench.road), twin_(bench.road) {
        for (std::byte& byte : device_.head.chain.bytes)
            byte = static_cast<std::byte>(random());
        device_.head.link = first_link(device_.name, device_.head.chain);
        device_.links = {device_.head.link};
        twin_.head = device_.head;
        twin_.links = device_.links;
        for (std::size_t i = 0; i < records; ++i)
            for (BrokerMessage& message : device_.messages(device_.seal()))
                messages_.push_back(std::move(message));
        checkpoint_ = device_.message(device_.checkpoint());
        checkpoint_seq_ = device_.head.next_seq - 1;
    }

    [[nodiscard]] const Messages& honest() const { return messages_; }
    [[nodiscard]] CollectorBench& bench() { return bench_; }
    /// Another unit with the same identity and the same beginning: what it seals stands in the same places.
    [[nodiscard]] Messages sealed_by_a_twin() { return twin_.messages(twin_.seal()); }

    /// Delivers what the attack makes of the records, then the genuine checkpoint.
    void deliver(const Messages& messages) {
        bench_.deliver(messages);
        bench_.judge_all();
        bench_.deliver(checkpoint_);
        bench_.judge_all();
    }

    /// Whether anything at all tells that not everything is as the device sealed it.
    [[nodiscard]] bool alarm() {
        const ChainRow row = bench_.chain(device_);
        if (row.confirmed + 1 < checkpoint_seq_ || row.mismatch != 0 || row.conflicts != 0) return true;
        if (!bench_.gaps(device_, true).empty()) return true;
        for (const QuarantineRow& kept : bench_.quarantine())
            if (kept.chain == device_.head.chain) return true;
        for (Seq seq = 1; seq < checkpoint_seq_; ++seq)
            if (const auto verdict = bench_.verdict(device_, seq); !verdict || !verdict->good()) return true;
        return false;
    }

  private:
    CollectorBench& bench_;
    TestDevice device_;
    TestDevice twin_;
    Messages messages_;
    BrokerMessage checkpoint_;
    Seq checkpoint_seq_ = 0;
};

using Attack = std::function<Messages(Journey&, Random&)>;

void found_every_time(const Attack& attack) {
    std::optional<CollectorBench> bench;
    const int seeds = rounds_or(6);
    int found = 0;
    for (int seed = 0; seed < seeds; ++seed) {
        if (seed % seeds_a_bench == 0) bench.emplace();
        Random random(static_cast<unsigned>(seed));
        Journey road(*bench, random);
        road.deliver(attack(road, random));
        const bool alarm = road.alarm();
        CHECK_MESSAGE(alarm, "seed " << seed << " was not noticed");
        found += alarm ? 1 : 0;
    }
    MESSAGE(found << " of " << seeds << " found by the checkpoint");
}

std::size_t any_read(Random& random) {
    return 3 * below(random, records);  // a read, its plate picture, its overview
}

}  // namespace

TEST_CASE("honest chains raise no alarm, in whatever order and however often their items come") {
    std::optional<CollectorBench> bench;
    const int seeds = rounds_or(6);
    for (int seed = 0; seed < seeds; ++seed) {
        if (seed % seeds_a_bench == 0) bench.emplace();
        Random random(static_cast<unsigned>(seed));
        Journey road(*bench, random);
        Messages messages = road.honest();
        messages.push_back(messages[below(random, messages.size())]);
        std::ranges::shuffle(messages, random);
        road.deliver(messages);
        CHECK_MESSAGE(!road.alarm(), "seed " << seed);
    }
}

TEST_CASE("attack: one item is dropped") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(below(random, messages.size())));
        return messages;
    });
}

TEST_CASE("attack: the end of a chain is cut off") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        messages.resize(1 + below(random, messages.size() - 1));
        return messages;
    });
}

TEST_CASE("attack: two items of a chain change places") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        const std::size_t one = any_read(random);
        const std::size_t other = (one + 3 * (1 + below(random, records - 1))) % messages.size();
        const std::size_t part = below(random, 3);  // reads with reads, pictures with pictures
        std::swap(messages[one + part].payload, messages[other + part].payload);
        return messages;
    });
}

TEST_CASE("attack: an old read is replayed in the place of a later one") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        const std::size_t later = 3 * (1 + below(random, records - 1));
        messages[later].payload = messages[3 * below(random, later / 3)].payload;
        return messages;
    });
}

TEST_CASE("attack: bytes of an item are changed") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        BrokerMessage& hit = messages[below(random, messages.size())];
        hit = with_flipped_byte(hit, 1 + below(random, hit.payload.size()));
        return messages;
    });
}

TEST_CASE("attack: something sealed by somebody else stands in an item's place") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        BrokerMessage& hit = messages[any_read(random)];
        hit = junk_like(road.bench().road, hit);
        return messages;
    });
}

TEST_CASE("attack: an item of one chain is moved to another chain of the same device") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        Journey other(road.bench(), random);
        const std::size_t at = any_read(random);
        messages[at].payload = other.honest()[at].payload;
        return messages;
    });
}

TEST_CASE("attack: a second unit with the same identity and the same chain seals other records") {
    found_every_time([](Journey& road, Random& random) {
        Messages messages = road.honest();
        const Messages twin = road.sealed_by_a_twin();
        const bool first = below(random, 2) == 0;  // whoever comes first
        messages.insert(first ? messages.begin() : messages.end(), twin.begin(), twin.end());
        return messages;
    });
}
