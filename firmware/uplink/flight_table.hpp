#pragma once
// FlightTable: what was published and is not yet received. No blobs, only places and times. Thread-bound.
//
// waiting:  published, no word from the broker yet (the window counts these)
// accepted: the broker has it; sent again if no receipt covers it in time
// held:     the broker said no; tried again later

#include <chrono>
#include <map>
#include <optional>

#include "base/clock.hpp"
#include "core/chain.hpp"

namespace portcullis {

struct ResendPace {
    milliseconds after{30'000};   // without a receipt; doubles with each time that an item is sent again ...
    milliseconds limit{600'000};  // ... up to this
    milliseconds held{60'000};    // what the broker refused is tried again after this
    std::size_t at_once = 16;     // only so many of the oldest are sent again: receipts are cumulative
};

class FlightTable {
  public:
    explicit FlightTable(const ResendPace& pace) : pace_(pace) {}

    [[nodiscard]] bool has(Seq seq) const { return flights_.contains(seq); }
    /// The row first..seq was published. What it stands for or was before (merged tombstones) is replaced.
    void sent(Seq first, Seq seq, std::size_t bytes, std::uint64_t token);
    /// The broker's word. Empty for a token that is not waiting (any more).
    std::optional<Seq> accepted(std::uint64_t token, BootTime now);
    std::optional<Seq> held(std::uint64_t token, BootTime now);
    /// The connection ended under it; gives the first seq of its row, which is to be published anew.
    std::optional<Seq> lost(std::uint64_t token);
    /// A receipt released everything up to `upto`.
    void received(Seq upto, BootTime now);
    void forget(Seq seq);
    void clear(BootTime now);
    /// Takes over what `later` holds; each of its accepted flights waits for a receipt from now on.
    void join(FlightTable later, BootTime now);

    /// The oldest flight that is to be sent again now.
    [[nodiscard]] std::optional<Seq> due(BootTime now) const;

    /// The oldest that the broker has not answered.
    [[nodiscard]] std::optional<Seq> oldest_waiting() const;

    [[nodiscard]] std::size_t items() const { return flights_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    [[nodiscard]] std::size_t waiting_items() const { return waiting_.size(); }
    [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }

  private:
    enum class State { waiting, accepted, held };
    struct Flight {
        Seq first = 0;
        std::size_t bytes = 0;
        std::uint64_t token = 0;
        State state = State::waiting;
        int resends = 0;
        BootTime due{};
    };
    using Flights = std::map<Seq, Flight>;

    [[nodiscard]] Flights::iterator waiting(std::uint64_t token);
    void landed(Flight& flight, State state, BootTime due);
    Flights::iterator erase(Flights::iterator place);
    [[nodiscard]] milliseconds patience(const Flight& flight) const;

    ResendPace pace_;
    Flights flights_;
    std::map<std::uint64_t, Seq> waiting_;  // token -> seq
    std::size_t bytes_ = 0;
    std::size_t waiting_bytes_ = 0;
    BootTime progress_{};  // the last receipt that needed no sending again
};

}  // namespace portcullis
