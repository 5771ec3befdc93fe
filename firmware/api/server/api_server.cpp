#include "api/server/api_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>

#include "api/server/api_connection.hpp"
#include "base/log.hpp"

namespace portcullis {

namespace {

namespace asio = boost::asio;

constexpr milliseconds turn_time{500};
/// When no descriptor is left for a new connection.
constexpr milliseconds accept_pause{100};
/// Of one account: who asks much must not keep others waiting.
constexpr std::size_t max_in_work_of_account = 2;

/// What libraries throw, as our error.
template <class Call>
auto guarded(Call call) -> decltype(call()) {
    try {
        return call();
    } catch (const std::exception& error) {
        return fail(ErrorCode::internal, "api server: {}", error.what());
    }
}

}  // namespace

class ApiServer::Impl final : public ApiConnectionHost {
  public:
    Impl(Handler handler, ApiServerLimits limits, ServingCounters& counters, Pulse pulse)
        : handler_(std::move(handler)),
          limits_(limits),
          counters_(counters),
          pulse_(pulse),
          acceptor_(io_),
          pause_(io_),
          workers_(limits.threads) {}
    ~Impl() override { workers_.join(); }

    /// The relay does not wait for a place: a connection that finds none in the queue is lost.
    void listen(UniqueFd listener) {
        acceptor_.assign(ApiConnection::Local(), listener.release());
        acceptor_.listen();  // with the longest queue that the kernel allows
    }
    void replace_tls(const SslContextPtr& tls) {
        SSL_CTX_up_ref(tls.get());
        tls_ = std::make_shared<asio::ssl::context>(tls.get());
    }

    void run(const std::stop_token& stop, const std::function<void()>& turn) {
        accept();
        while (!stop.stop_requested()) {
            io_.run_for(turn_time);
            let_go_of_late();
            pulse_.beat();
            turn();
        }
        io_.stop();
        workers_.join();
    }

    // --- of its connections
    Silent::iterator sit_silent(ApiConnection& connection) override {
        return silent_.insert(silent_.end(), &connection);
    }
    void leave_silent(Silent::iterator place) override { silent_.erase(place); }
    bool sign_in(Silent::iterator place, const std::string& account) override {
        silent_.erase(place);
        Account& his = accounts_[account];
        if (his.connections >= limits_.per_account) return false;
        ++his.connections;
        return true;
    }
    void sign_out(const std::string& account) override {
        --accounts_[account].connections;
        forget_idle(account);
    }
    void gone() override { --counters_.connections; }
    bool work(const std::shared_ptr<ApiConnection>& connection, ApiRequest request) override {
        Account& his = accounts_[request.account];
        if (counters_.in_work >= limits_.waiting || his.in_work >= max_in_work_of_account) return false;
        ++counters_.in_work;
        ++his.in_work;
        asio::post(workers_, [this, connection, asked = std::move(request)] {
            ApiResponse answer = handler_(asked);
            asio::post(io_,
                       [this, connection, account = asked.account, answer = std::move(answer)]() mutable {
                           --counters_.in_work;
                           --accounts_[account].in_work;
                           forget_idle(account);
                           connection->respond(std::move(answer));
                       });
        });
        return true;
    }
    std::shared_ptr<asio::ssl::context> tls() const override { return tls_; }
    const ApiServerLimits& limits() const override { return limits_; }
    ServingCounters& counters() override { return counters_; }

  private:
    struct Account {
        std::size_t connections = 0;
        std::size_t in_work = 0;
    };

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code failed, ApiConnection::Local::socket socket) {
            if (failed) return accept_later(failed.message());
            take(std::move(socket));
            accept();
        });
    }
    void accept_later(const std::string& why) {
        log_warning("api", "no connection could be taken: {}", why);
        pause_.expires_after(accept_pause);
        pause_.async_wait([this](boost::system::error_code failed) {
            if (!failed) accept();
        });
    }
    void take(ApiConnection::Local::socket socket) {
        ++counters_.accepted;
        if (counters_.connections >= limits_.connections && silent_.empty()) {
            ++counters_.turned_away;
            return;
        }
        if (counters_.connections >= limits_.connections) {
            ++counters_.let_go_silent;
            silent_.front()->close();  // it is gone when its handler has run
        }
        ++counters_.connections;
        std::make_shared<ApiConnection>(std::move(socket), *this)->start();
    }
    void let_go_of_late() {
        const auto limit = std::chrono::steady_clock::now() - limits_.sign_in_time;
        while (!silent_.empty() && silent_.front()->since() < limit) {
            ++counters_.let_go_late;
            silent_.front()->close();
        }
    }
    void forget_idle(const std::string& account) {
        const auto his = accounts_.find(account);
        if (his->second.connections == 0 && his->second.in_work == 0) accounts_.erase(his);
    }

    Handler handler_;
    ApiServerLimits limits_;
    ServingCounters& counters_;
    Pulse pulse_;
    std::shared_ptr<asio::ssl::context> tls_;
    Silent silent_;
    std::map<std::string, Account> accounts_;
    asio::io_context io_{1};  // goes before all above: what is under way in it uses them
    asio::basic_socket_acceptor<ApiConnection::Local> acceptor_;
    asio::steady_timer pause_;
    asio::thread_pool workers_;
};

Result<std::unique_ptr<ApiServer>> ApiServer::create(UniqueFd listener, SslContextPtr tls, Handler handler,
                                                     ApiServerLimits limits, ServingCounters& counters,
                                                     Pulse pulse) {
    return guarded([&]() -> Result<std::unique_ptr<ApiServer>> {
        auto impl = std::make_unique<Impl>(std::move(handler), limits, counters, pulse);
        impl->listen(std::move(listener));
        impl->replace_tls(tls);
        return std::unique_ptr<ApiServer>(new ApiServer(std::move(impl)));
    });
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ApiServer::~ApiServer() = default;

void ApiServer::replace_tls(SslContextPtr tls) {
    impl_->replace_tls(tls);
}

Result<void> ApiServer::run(const std::stop_token& stop, const std::function<void()>& turn) {
    return guarded([&]() -> Result<void> {
        impl_->run(stop, turn);
        return {};
    });
}

}  // namespace portcullis
