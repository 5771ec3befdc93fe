#pragma once
// HostileBroker: a broker between a device and a collector in one thread, that keeps as little of MQTT's
// promises as it is told to. Two ports, one queue to each side (a persistent session), a dice with a seed.
// Thread-bound: nothing happens but in step() and in what the test calls.

#include <deque>
#include <random>

#include "base/clock.hpp"
#include "core/chain.hpp"
#include "ports/broker.hpp"

namespace portcullis::test {

enum class Side { device, collector };

/// What goes wrong, in a thousand messages or in a thousand steps.
struct Tricks {
    // messages
    int drop = 0;              // of the device: accepted, and never heard of again
    int lose_receipt = 0;      // of the collector: the same
    int duplicate = 0;         // comes once more (and perhaps once more)
    int refuse = 0;            // answered with an error: quota exceeded
    int exhausted = 0;         // the library's window is full
    std::size_t overtake = 0;  // a message may overtake so many
    milliseconds delay{0};     // at most, of messages and answers
    std::size_t queue = 2000;  // messages kept for one side; what comes then is dropped
    std::size_t at_once = 64;  // messages handed over in a step
    // steps
    int cut_device = 0;
    int cut_collector = 0;
    int kill = 0;     // the broker dies and forgets all that it had accepted
    int silence = 0;  // keeps the lines and does nothing, until it goes on or the keep-alive ends the lines
    milliseconds away{20'000};  // at most, before a side is connected again
};

struct BrokerCounts {
    std::uint64_t accepted = 0;  // of the device's items
    std::uint64_t lost = 0;      // of these, dropped
    std::uint64_t lost_receipts = 0;
    std::uint64_t copies = 0;  // too many
    std::uint64_t cuts = 0;    // of the device's line
    std::uint64_t exhausted = 0;
    std::uint64_t refused = 0;
    std::uint64_t receipts = 0;  // handed to the device
};

class HostileBroker {
  public:
    /// clock must outlive it.
    HostileBroker(const Clock& clock, std::uint64_t seed);

    [[nodiscard]] Broker& port(Side side) { return end(side); }
    void step();

    /// The line is lost: what was not answered may have come through or not. It is back after `away`.
    void cut(Side side, milliseconds away);
    /// The program at this side is gone without a word.
    void hang_up(Side side);
    void kill(milliseconds away);

    /// In a thousand.
    [[nodiscard]] bool dice(int chance);
    [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    /// Something is on its way.
    [[nodiscard]] bool busy() const;
    /// Counts whatever the broker took, answered or handed over.
    [[nodiscard]] std::uint64_t moves() const { return moves_; }
    [[nodiscard]] const BrokerCounts& counts() const { return counts_; }
    /// The highest seq of a receipt that was handed to the device.
    [[nodiscard]] Seq promised() const { return promised_; }

    Tricks tricks;

  private:
    struct Upload {
        std::uint64_t token;
        BrokerMessage message;
    };
    struct Answer {
        BootTime due;
        std::uint64_t token;
        Result<void> outcome;
    };
    struct Parcel {
        BootTime due;
        BrokerMessage message;
    };
    class End final : public Broker {
      public:
        explicit End(HostileBroker& broker) : broker_(&broker) {}
        Result<void> start(BrokerHandlers given) override;
        Result<void> publish(std::uint64_t token, BrokerMessage message) override;
        Result<void> subscribe(std::string) override { return {}; }
        void stop() override { handlers = {}; }

        BrokerHandlers handlers;
        bool connected = false;
        BootTime back_at{};
        std::deque<Upload> uploads;  // on the line, not yet seen by the broker
        std::deque<Answer> answers;  // on the way back
        std::deque<Parcel> queue;    // for this side

      private:
        HostileBroker* broker_;
    };

    [[nodiscard]] End& end(Side side) { return side == Side::device ? device_ : collector_; }
    [[nodiscard]] milliseconds some(milliseconds limit);
    void roll_step();
    [[nodiscard]] bool silent();
    void serve(Side side);
    void take(Side side, Upload upload);
    void route(Side from, const BrokerMessage& message);
    void enqueue(End& to, const BrokerMessage& message);
    void answer(End& end);
    void hand_over(Side side);
    void drop_line(Side side, bool told);

    const Clock& clock_;
    std::mt19937_64 random_;
    End device_{*this};
    End collector_{*this};
    BootTime silent_until_{};
    bool lines_end_ = false;  // with the silence
    BrokerCounts counts_;
    std::uint64_t moves_ = 0;
    Seq promised_ = 0;
};

}  // namespace portcullis::test
