#include "drivers/broker/paho/connection.hpp"

#include <mqtt/async_client.h>

#include "base/log.hpp"

#ifdef __SANITIZE_ADDRESS__
// Paho C 1.3.12 forgets a publish that was partly written when its connection died: 4 of 144 blobs in 12
// broker deaths, so at most one blob for each lost connection. It stands here for the sanitizers, not as an
// excuse.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
    return "leak:libpaho-mqtt3as";
}
#endif

namespace portcullis {

namespace {

constexpr int mqtt_version = 5;
constexpr int qos_at_least_once = 1;
constexpr int first_error_reason = 0x80;  // MQTT 5, 2.4: smaller ones are successes
constexpr auto disconnect_patience = std::chrono::seconds(2);

mqtt::properties message_properties(const BrokerMessage& message) {
    mqtt::properties properties;
    if (!message.content_type.empty())
        properties.add(mqtt::property(mqtt::property::CONTENT_TYPE, message.content_type));
    for (const auto& [name, value] : message.properties)
        properties.add(mqtt::property(mqtt::property::USER_PROPERTY, name, value));
    return properties;
}

mqtt::message_ptr to_paho(const BrokerMessage& message) {
    auto built = mqtt::message_ptr_builder()
                     .topic(message.topic)
                     .payload(message.payload.data(), message.payload.size())
                     .qos(qos_at_least_once)
                     .retained(message.retained)
                     .finalize();
    built->set_properties(message_properties(message));
    return built;
}

BrokerMessage from_paho(const mqtt::message& message) {
    BrokerMessage out;
    out.topic = message.get_topic();
    const auto& payload = message.get_payload();
    out.payload = to_bytes(payload);
    out.retained = message.is_retained();
    const mqtt::properties& properties = message.get_properties();
    if (properties.contains(mqtt::property::CONTENT_TYPE))
        out.content_type = mqtt::get<std::string>(properties, mqtt::property::CONTENT_TYPE);
    const std::size_t pairs = properties.count(mqtt::property::USER_PROPERTY);
    for (std::size_t i = 0; i < pairs; ++i) {
        auto [name, value] = mqtt::get<mqtt::string_pair>(properties, mqtt::property::USER_PROPERTY, i);
        out.properties.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

mqtt::connect_options connect_options(const PahoSettings& settings) {
    auto tls = mqtt::ssl_options_builder()
                   .trust_store(settings.ca.string())
                   .key_store(settings.certificate.string())
                   .private_key(settings.key.string())
                   .enable_server_cert_auth(true)
                   .verify(true)  // the certificate must name the host
                   .finalize();
    mqtt::properties properties;
    properties.add(mqtt::property(mqtt::property::SESSION_EXPIRY_INTERVAL,
                                  static_cast<std::int32_t>(settings.session_expiry.count())));
    properties.add(
        mqtt::property(mqtt::property::RECEIVE_MAXIMUM, static_cast<std::int32_t>(settings.receive_maximum)));
    properties.add(mqtt::property(mqtt::property::MAXIMUM_PACKET_SIZE,
                                  static_cast<std::int32_t>(settings.max_incoming_bytes)));
    auto options = mqtt::connect_options_builder()
                       .mqtt_version(mqtt_version)
                       .clean_start(false)
                       .keep_alive_interval(settings.keep_alive)
                       .connect_timeout(settings.connect_timeout)
                       .max_inflight(settings.max_in_flight)
                       .properties(std::move(properties))
                       .ssl(std::move(tls))
                       .finalize();
    if (settings.will) options.set_will_message(*to_paho(*settings.will));
    return options;
}

std::string why(const mqtt::token& token) {
    const int reason = static_cast<int>(token.get_reason_code());
    if (reason >= first_error_reason)
        return fmt::format("the broker says: {} ({})", mqtt::exception::reason_code_str(reason), reason);
    return fmt::format("{} ({})", mqtt::exception::error_str(token.get_return_code()),
                       token.get_return_code());
}

// A broker that says no gives a reason; without one the connection went away under the message.
ErrorCode code_of(const mqtt::token& token) {
    const int reason = static_cast<int>(token.get_reason_code());
    if (reason == mqtt::ReasonCode::NOT_AUTHORIZED) return ErrorCode::denied;
    return reason >= first_error_reason ? ErrorCode::refused : ErrorCode::closed;
}

template <class Body>
Result<void> guarded(std::string_view what, Body body) {
    try {
        return body();
    } catch (const mqtt::exception& error) {
        // "client is not connected": the rest are faults of the library or of our use of it.
        const bool gone = error.get_return_code() == MQTTASYNC_DISCONNECTED;
        return fail(gone ? ErrorCode::closed : ErrorCode::internal, "paho: {}: {}", what, error.what());
    } catch (const std::exception& error) {
        return fail(ErrorCode::internal, "paho: {}: {}", what, error.what());
    }
}

}  // namespace

/// What Paho calls when something that we asked for is done.
class Connection::Listeners {
  public:
    explicit Listeners(Connection& connection)
        : connect(connection), publish(connection), subscribe(connection) {}

    struct Connect final : mqtt::iaction_listener {
        explicit Connect(Connection& owner) : connection(owner) {}
        void on_success(const mqtt::token&) override { connection.connected(); }
        void on_failure(const mqtt::token& token) override { connection.ended(why(token)); }
        Connection& connection;
    } connect;

    struct Publish final : mqtt::iaction_listener {
        explicit Publish(Connection& owner) : connection(owner) {}
        static std::uint64_t token_of(const mqtt::token& token) {
            return *static_cast<const std::uint64_t*>(token.get_user_context());
        }
        void on_success(const mqtt::token& token) override { connection.accepted(token_of(token), {}); }
        void on_failure(const mqtt::token& token) override {
            connection.accepted(token_of(token), fail(code_of(token), "publish: {}", why(token)));
        }
        Connection& connection;
    } publish;

    struct Subscribe final : mqtt::iaction_listener {
        explicit Subscribe(Connection& owner) : connection(owner) {}
        void on_success(const mqtt::token&) override {}
        void on_failure(const mqtt::token& token) override {
            connection.ended(fmt::format("subscribe: {}", why(token)));
        }
        Connection& connection;
    } subscribe;
};

struct Connection::Client {
    Client(Connection& connection, const std::string& uri, const std::string& client_id)
        : listeners(connection), paho(uri, client_id, mqtt::create_options(mqtt_version)) {}
    Listeners listeners;
    mqtt::async_client paho;
};

Connection::Connection(const PahoSettings& settings, const BrokerHandlers& handlers)
    : handlers_(handlers),
      max_in_flight_(settings.max_in_flight),
      max_incoming_bytes_(settings.max_incoming_bytes),
      connect_timeout_(settings.connect_timeout),
      answer_timeout_(settings.answer_timeout) {}

Connection::~Connection() = default;

Result<std::shared_ptr<Connection>> Connection::begin(const PahoSettings& settings,
                                                      const std::string& paho_uri,
                                                      const std::string& client_id,
                                                      const BrokerHandlers& handlers) {
    std::shared_ptr<Connection> connection(new Connection(settings, handlers));
    Connection* self = connection.get();
    TRY(guarded("connect", [&]() -> Result<void> {
        self->client_ = std::make_unique<Client>(*self, paho_uri, client_id);
        mqtt::async_client& paho = self->client_->paho;
        paho.set_connection_lost_handler(
            [self](const std::string& cause) { self->ended(cause.empty() ? "connection lost" : cause); });
        paho.set_disconnected_handler([self](const mqtt::properties&, mqtt::ReasonCode code) {
            self->ended(fmt::format("the broker disconnected us: {}",
                                    mqtt::exception::reason_code_str(static_cast<int>(code))));
        });
        paho.set_message_callback([self](const mqtt::const_message_ptr& message) {
            const auto outcome = guarded("message", [&] { return self->arrived(*message); });
            if (!outcome) log_error("mqtt", "message dropped: {}", outcome.error().message());
        });
        paho.connect(connect_options(settings), nullptr, self->client_->listeners.connect);
        return {};
    }));
    return connection;
}

// Not every broker keeps to our MAXIMUM_PACKET_SIZE: mosquitto 2.0.11 was seen to send more.
Result<void> Connection::arrived(const mqtt::message& message) {
    if (message.get_payload().size() > max_incoming_bytes_)
        return fail(ErrorCode::exhausted, "{} bytes on {}, at most {} are taken",
                    message.get_payload().size(), message.get_topic(), max_incoming_bytes_);
    handlers_.message(from_paho(message));
    return {};
}

void Connection::connected() {
    {
        const std::lock_guard lock(mutex_);
        if (phase_ == Phase::connecting) phase_ = Phase::connected;
    }
    changed_.notify_all();
}

void Connection::ended(std::string reason) {
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::ended) reason_ = std::move(reason);
        phase_ = Phase::ended;
    }
    changed_.notify_all();
}

void Connection::accepted(std::uint64_t token, Result<void> outcome) {
    {
        const std::lock_guard lock(mutex_);
        if (in_flight_.erase(token) == 0) return;  // abandoned before
        answered_ = std::chrono::steady_clock::now();
    }
    handlers_.accepted(token, std::move(outcome));
}

Result<void> Connection::wait_connected(const std::stop_token& stop) {
    // Paho has a timeout of its own; ours is for the day it forgets to tell.
    const auto patience = connect_timeout_ + std::chrono::seconds(5);
    std::unique_lock lock(mutex_);
    const bool decided =
        changed_.wait_for(lock, stop, patience, [this] { return phase_ != Phase::connecting; });
    if (stop.stop_requested()) return fail(ErrorCode::closed, "stopped");
    if (!decided) return fail(ErrorCode::timeout, "no answer within {} s", patience.count());
    if (phase_ == Phase::ended) return fail(ErrorCode::io, "{}", reason_);
    return {};
}

std::string Connection::wait_ended(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto ended = [this] { return phase_ == Phase::ended; };
    for (;;) {
        const auto deadline =
            (in_flight_.empty() ? std::chrono::steady_clock::now() : answered_) + answer_timeout_;
        if (changed_.wait_until(lock, stop, deadline, ended)) return reason_;
        if (stop.stop_requested()) return "stopped";
        if (!in_flight_.empty() && std::chrono::steady_clock::now() >= answered_ + answer_timeout_)
            return fmt::format("the broker answered none of {} publishes within {} s", in_flight_.size(),
                               std::chrono::duration_cast<std::chrono::seconds>(answer_timeout_).count());
    }
}

Result<void> Connection::publish(std::uint64_t token, const BrokerMessage& message) {
    std::uint64_t* context = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::connected) return fail(ErrorCode::closed, "not connected to the broker");
        if (in_flight_.size() >= max_in_flight_)
            return fail(ErrorCode::exhausted, "{} publishes are in flight already", in_flight_.size());
        if (in_flight_.empty()) answered_ = std::chrono::steady_clock::now();
        const auto [place, added] = in_flight_.emplace(token, token);
        if (!added) return fail(ErrorCode::invalid_argument, "token {} is in flight already", token);
        context = &place->second;
    }
    auto outcome = guarded("publish", [&]() -> Result<void> {
        client_->paho.publish(to_paho(message), context, client_->listeners.publish);
        return {};
    });
    if (!outcome) {
        const std::lock_guard lock(mutex_);
        in_flight_.erase(token);
    }
    return outcome;
}

Result<void> Connection::subscribe(const std::string& filter) {
    return guarded("subscribe", [&]() -> Result<void> {
        client_->paho.subscribe(filter, qos_at_least_once, nullptr, client_->listeners.subscribe);
        return {};
    });
}

void Connection::disconnect() {
    const auto outcome = guarded("disconnect", [&]() -> Result<void> {
        client_->paho.disconnect(disconnect_patience)->wait_for(disconnect_patience);
        return {};
    });
    if (!outcome) log_debug("mqtt", "{}", outcome.error().message());
}

void Connection::abandon() {
    std::vector<std::uint64_t> left;
    {
        const std::lock_guard lock(mutex_);
        phase_ = Phase::ended;
        for (const auto& [token, same] : in_flight_)
            left.push_back(token);
        abandoned_.merge(in_flight_);
    }
    for (const std::uint64_t token : left)
        handlers_.accepted(token,
                           fail(ErrorCode::closed, "the connection ended before the broker accepted it"));
}

}  // namespace portcullis
