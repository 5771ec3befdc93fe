#include "drivers/broker/paho/paho_broker.hpp"

#include <set>
#include <shared_mutex>

#include "base/log.hpp"
#include "base/thread.hpp"
#include "drivers/broker/paho/back_off.hpp"
#include "drivers/broker/paho/connection.hpp"
#include "drivers/broker/paho/tls_files.hpp"
#include "drivers/broker/paho/uri.hpp"

namespace portcullis {

namespace {

// A connection that held this long was a good one; before that the back-off goes on growing.
constexpr auto good_connection = std::chrono::seconds(10);

TlsFiles files_of(const PahoSettings& settings) {
    return {settings.ca, settings.certificate, settings.key};
}

}  // namespace

struct PahoBroker::State {
    PahoSettings settings;
    BrokerUri uri;
    std::string client_id;
    BrokerHandlers handlers;
    std::mutex mutex;
    std::condition_variable_any woken;
    // Held (shared) while Paho is called, so that the thread "mqtt" is always the last to let a connection
    // go: its destruction takes seconds and must not happen to a publisher.
    std::shared_mutex in_use;
    std::shared_ptr<Connection> connection;  // set while connected
    std::set<std::string> filters;
    std::jthread thread;

    void run(const std::stop_token& stop) {
        BackOff back_off(settings.back_off_first, settings.back_off_limit, std::random_device{}());
        while (!stop.stop_requested()) {
            const auto began = std::chrono::steady_clock::now();
            const std::string reason = connect_once(stop);
            if (stop.stop_requested()) return;
            if (std::chrono::steady_clock::now() - began >= good_connection) back_off.reset();
            const milliseconds wait = back_off.next();
            handlers.state(false, fmt::format("{}; next attempt in {} ms", reason, wait.count()));
            std::unique_lock lock(mutex);
            woken.wait_for(lock, stop, wait, [] { return false; });
        }
    }

    /// From the attempt to the end of the connection; gives the reason for the end.
    std::string connect_once(const std::stop_token& stop) {
        // Looked at each time: a certificate runs out, or is renewed in place, while we run.
        const auto files = check_tls_files(files_of(settings));
        if (!files) return files.error().message();
        auto begun = Connection::begin(settings, uri.paho, client_id, handlers);
        if (!begun) return begun.error().message();
        const auto outcome = (*begun)->wait_connected(stop);
        if (!outcome) return no_connection(outcome.error());
        return serve(**begun, *begun, stop);
    }

    [[nodiscard]] std::string no_connection(const Error& error) const {
        const auto doubts = tls_date_doubts(files_of(settings), SystemClock().utc());
        return fmt::format(
            "cannot connect to {}: {} (if it listens: is {} the CA of its certificate, does that name "
            "'{}', and may '{}' connect there?{}{})",
            settings.uri, error.message(), settings.ca.string(), uri.host, client_id,
            doubts.empty() ? "" : " ", fmt::join(doubts, "; "));
    }

    std::string serve(Connection& live, const std::shared_ptr<Connection>& shared,
                      const std::stop_token& stop) {
        for (const std::string& filter : publish_connection(shared))
            if (const auto asked = live.subscribe(filter); !asked)
                log_warning("mqtt", "{}", asked.error().message());
        handlers.state(true, settings.uri);
        std::string reason = live.wait_ended(stop);
        {
            const std::lock_guard lock(in_use);
            connection.reset();
        }
        if (stop.stop_requested()) live.disconnect();
        live.abandon();
        return reason;
    }

    /// From here on publish() finds it; what is subscribed from here on is subscribed there.
    std::set<std::string> publish_connection(const std::shared_ptr<Connection>& shared) {
        {
            const std::lock_guard lock(in_use);
            connection = shared;
        }
        const std::lock_guard lock(mutex);
        return filters;
    }
};

PahoBroker::PahoBroker(std::unique_ptr<State> state) : state_(std::move(state)) {}

PahoBroker::~PahoBroker() {
    stop();
}

Result<std::unique_ptr<PahoBroker>> PahoBroker::create(PahoSettings settings) {
    auto state = std::make_unique<State>();
    state->uri = TRY(parse_broker_uri(settings.uri));
    state->client_id = TRY(check_tls_files(files_of(settings)));
    state->settings = std::move(settings);
    return std::unique_ptr<PahoBroker>(new PahoBroker(std::move(state)));
}

std::vector<std::string> PahoBroker::date_doubts(UtcTime now) const {
    return tls_date_doubts(files_of(state_->settings), now);
}

const std::string& PahoBroker::client_id() const {
    return state_->client_id;
}

Result<void> PahoBroker::start(BrokerHandlers handlers) {
    PORTCULLIS_ASSERT(!state_->thread.joinable());
    PORTCULLIS_ASSERT(handlers.message && handlers.accepted && handlers.state);
    TRY(require_tls_1_3());
    state_->handlers = std::move(handlers);
    state_->thread =
        start_thread("mqtt", [state = state_.get()](const std::stop_token& stop) { state->run(stop); });
    return {};
}

Result<void> PahoBroker::publish(std::uint64_t token, BrokerMessage message) {
    const std::shared_lock lock(state_->in_use);
    if (!state_->connection) return fail(ErrorCode::closed, "not connected to the broker");
    return state_->connection->publish(token, message);
}

Result<void> PahoBroker::subscribe(std::string filter) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->filters.insert(filter);
    }
    const std::shared_lock lock(state_->in_use);
    return state_->connection ? state_->connection->subscribe(filter) : Result<void>{};
}

void PahoBroker::stop() {
    state_->thread.request_stop();
    if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace portcullis
