#pragma once
// ApiConnection: one client of the API, from its first byte to its last answer. Lives as long as something of
// it is under way. Bound to the thread that speaks to all connections.

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "api/server/api_server.hpp"

namespace portcullis {

class ApiConnection;

/// What a connection needs of its server; outlives it.
class ApiConnectionHost {
  public:
    using Silent = std::list<ApiConnection*>;

    virtual ~ApiConnectionHost() = default;
    /// Joins those who have not signed in, the latest last.
    virtual Silent::iterator sit_silent(ApiConnection& connection) = 0;
    /// Leaves them. False: the account has too many connections.
    [[nodiscard]] virtual bool sign_in(Silent::iterator place, const std::string& account) = 0;
    virtual void leave_silent(Silent::iterator place) = 0;
    virtual void sign_out(const std::string& account) = 0;
    virtual void gone() = 0;
    /// Answers the request in another thread, then calls connection->respond() in this one. False: too many
    /// wait.
    [[nodiscard]] virtual bool work(const std::shared_ptr<ApiConnection>& connection, ApiRequest request) = 0;
    [[nodiscard]] virtual std::shared_ptr<boost::asio::ssl::context> tls() const = 0;
    [[nodiscard]] virtual const ApiServerLimits& limits() const = 0;
    [[nodiscard]] virtual ServingCounters& counters() = 0;
};

class ApiConnection : public std::enable_shared_from_this<ApiConnection> {
  public:
    using Local = boost::asio::local::stream_protocol;

    ApiConnection(Local::socket socket, ApiConnectionHost& host);
    ~ApiConnection();
    ApiConnection(const ApiConnection&) = delete;
    ApiConnection& operator=(const ApiConnection&) = delete;

    void start();
    void close();
    void respond(ApiResponse answer);
    [[nodiscard]] std::chrono::steady_clock::time_point since() const { return since_; }

  private:
    using Plain = boost::beast::basic_stream<Local>;
    using Secure = boost::asio::ssl::stream<Plain>;
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using Response = boost::beast::http::response<boost::beast::http::string_body>;
    using Failed = boost::beast::error_code;

    void sign_in();
    void signed_in();
    void read();
    void heard(Failed failed);
    void ask();
    void say_goodbye();
    void drain();

    ApiConnectionHost& host_;
    const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    Local::socket socket_;                            // before its first byte
    std::shared_ptr<boost::asio::ssl::context> tls_;  // outlives secure_
    std::optional<Secure> secure_;                    // from then on
    std::optional<ApiConnectionHost::Silent::iterator> silent_;
    std::string account_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    std::optional<Response> response_;
    std::vector<char> drained_;
    bool goes_on_ = false;  // another request may follow
    bool head_ = false;     // whoever asks so gets no body
    bool closed_ = false;
};

}  // namespace portcullis
