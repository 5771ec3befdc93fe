#pragma once
// CollectorService: the loop of the collector's ingest process. Messages come from the broker's thread
// through a bounded queue, are stored in batches, receipted, and offered to the opener. run() owns the thread
// that calls it; message() and connection() are for the broker's thread.

#include <atomic>

#include "collector/ingest/arrivals.hpp"
#include "collector/ingest/ingest.hpp"
#include "collector/ingest/opener_client.hpp"
#include "health/service.hpp"
#include "ports/broker.hpp"

namespace portcullis {

struct CollectorServiceSettings {
    std::size_t batch_messages = 64;
    milliseconds batch_time{5};      // how long a batch gathers after its first message
    std::string share_group = {};    // not empty: several collectors share the load
    milliseconds error_pause{1000};  // after an error of the store: do not spin
};

/// Of all devices, between the broker's thread and the store.
inline constexpr std::size_t max_unstored_messages = 256;

class CollectorService {
  public:
    /// All borrowed; they must outlive the service.
    CollectorService(Ingest& ingest, OpenerClient& opener, Broker& broker, Heartbeat& heartbeat,
                     CollectorServiceSettings settings);

    /// What the broker shall call.
    [[nodiscard]] BrokerHandlers handlers();
    /// Whose answers to requests for keys are sent out; outlives this.
    void publish_answers_of(RegistrarDesk& desk) { registrar_ = &desk; }
    /// Subscribes to the devices' topics. Errors: the broker's.
    Result<void> subscribe();
    /// One turn: at most one batch, the opener's answers, what receipts are due. Waits at most `patience` for
    /// a message. Errors: the store's (told once; the next turn tries again).
    Result<void> turn(milliseconds patience, const std::stop_token& stop);
    /// Turns until stop, before_turn before each; says once a minute what happened.
    void run(const std::stop_token& stop, const std::function<void()>& before_turn);

    [[nodiscard]] std::uint64_t dropped() const { return messages_.dropped(); }

  private:
    [[nodiscard]] std::vector<BrokerMessage> next_batch(milliseconds patience, const std::stop_token& stop);
    Result<void> exchange_with_opener();
    Result<void> publish_receipts();
    void publish_answers();
    void tell();

    Ingest& ingest_;
    OpenerClient& opener_;
    Broker& broker_;
    Heartbeat& heartbeat_;
    CollectorServiceSettings settings_;
    RegistrarDesk* registrar_ = nullptr;
    Arrivals messages_;
    std::atomic<bool> connected_ = false;  // to the broker; set by its thread
    std::uint64_t next_token_ = 1;
    IngestCounters told_;
    std::uint64_t told_dropped_ = 0;
};

}  // namespace portcullis
