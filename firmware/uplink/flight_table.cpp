#include "uplink/flight_table.hpp"

#include <algorithm>

namespace portcullis {

void FlightTable::sent(Seq first, Seq seq, std::size_t bytes, std::uint64_t token) {
    int resends = -1;
    for (auto place = flights_.lower_bound(first); place != flights_.end() && place->first <= seq;) {
        resends = std::max(resends, place->second.resends);
        place = erase(place);
    }
    flights_[seq] = {.first = first, .bytes = bytes, .token = token, .resends = resends + 1};
    waiting_[token] = seq;
    bytes_ += bytes;
    waiting_bytes_ += bytes;
}

FlightTable::Flights::iterator FlightTable::waiting(std::uint64_t token) {
    const auto place = waiting_.find(token);
    return place == waiting_.end() ? flights_.end() : flights_.find(place->second);
}

void FlightTable::landed(Flight& flight, State state, BootTime due) {
    waiting_.erase(flight.token);
    waiting_bytes_ -= flight.bytes;
    flight.state = state;
    flight.due = due;
}

milliseconds FlightTable::patience(const Flight& flight) const {
    constexpr int most_doublings = 20;  // keeps the shift small; the limit is reached long before
    return std::min(pace_.after * (std::int64_t{1} << std::min(flight.resends, most_doublings)), pace_.limit);
}

std::optional<Seq> FlightTable::accepted(std::uint64_t token, BootTime now) {
    const auto place = waiting(token);
    if (place == flights_.end()) return std::nullopt;
    landed(place->second, State::accepted, now + patience(place->second));
    return place->first;
}

std::optional<Seq> FlightTable::held(std::uint64_t token, BootTime now) {
    const auto place = waiting(token);
    if (place == flights_.end()) return std::nullopt;
    landed(place->second, State::held, now + pace_.held);
    return place->first;
}

std::optional<Seq> FlightTable::lost(std::uint64_t token) {
    const auto place = waiting(token);
    if (place == flights_.end()) return std::nullopt;
    const Seq first = place->second.first;
    erase(place);
    return first;
}

// While receipts come for what was sent once, the collector is merely slow. A receipt for what was sent again
// means that things were lost on the way: the next oldest need not wait.
void FlightTable::received(Seq upto, BootTime now) {
    bool needed_resend = false;
    for (auto place = flights_.begin(); place != flights_.end() && place->first <= upto;) {
        needed_resend = needed_resend || place->second.resends > 0;
        place = erase(place);
    }
    if (!needed_resend) progress_ = now;
}

void FlightTable::forget(Seq seq) {
    const auto place = flights_.find(seq);
    if (place != flights_.end()) erase(place);
}

void FlightTable::clear(BootTime now) {
    flights_.clear();
    waiting_.clear();
    bytes_ = 0;
    waiting_bytes_ = 0;
    progress_ = now;
}

void FlightTable::join(FlightTable later, BootTime now) {
    for (const auto& [seq, flight] : later.flights_) {
        if (!flights_.emplace(seq, flight).second) continue;
        bytes_ += flight.bytes;
        if (flight.state == State::accepted) flights_[seq].due = now + patience(flight);
        if (flight.state != State::waiting) continue;
        waiting_[flight.token] = seq;
        waiting_bytes_ += flight.bytes;
    }
}

std::optional<Seq> FlightTable::oldest_waiting() const {
    std::optional<Seq> oldest;
    for (const auto& [token, seq] : waiting_)
        if (!oldest || seq < *oldest) oldest = seq;
    return oldest;
}

FlightTable::Flights::iterator FlightTable::erase(Flights::iterator place) {
    if (waiting_.erase(place->second.token) > 0) waiting_bytes_ -= place->second.bytes;
    bytes_ -= place->second.bytes;
    return flights_.erase(place);
}

std::optional<Seq> FlightTable::due(BootTime now) const {
    std::size_t looked_at = 0;
    for (const auto& [seq, flight] : flights_) {
        if (looked_at++ >= pace_.at_once) break;
        if (flight.state == State::waiting || flight.due > now) continue;
        if (flight.state == State::accepted && progress_ + pace_.after > now) continue;
        return seq;
    }
    return std::nullopt;
}

}  // namespace portcullis
