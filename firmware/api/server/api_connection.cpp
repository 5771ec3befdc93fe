#include "api/server/api_connection.hpp"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include "api/problem.hpp"

namespace portcullis {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::chrono::seconds write_time{10};
constexpr std::chrono::seconds goodbye_time{2};
constexpr unsigned http_1_1 = 11;

/// What the parser says of a request that cannot be taken; 0: there is nobody to tell.
unsigned status_of(beast::error_code failed) {
    if (failed == http::error::body_limit) return 413;
    if (failed == http::error::header_limit || failed == http::error::buffer_overflow) return 431;
    if (failed == http::error::end_of_stream || failed == http::error::partial_message) return 0;
    return failed.category() == make_error_code(http::error::bad_method).category() ? 400 : 0;
}

std::string text_of(beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

ApiConnection::ApiConnection(Local::socket socket, ApiConnectionHost& host)
    : host_(host), socket_(std::move(socket)), buffer_(max_api_header_bytes + 2 * max_api_body_bytes) {}

ApiConnection::~ApiConnection() {
    close();
    host_.gone();
}

void ApiConnection::start() {
    silent_ = host_.sit_silent(*this);
    socket_.async_wait(Local::socket::wait_read, [self = shared_from_this()](Failed failed) {
        if (!failed && !self->closed_) self->sign_in();
    });
}

void ApiConnection::close() {
    if (closed_) return;
    closed_ = true;
    if (silent_) host_.leave_silent(*silent_);
    silent_.reset();
    if (!account_.empty()) host_.sign_out(account_);
    Failed ignored;
    if (secure_)
        beast::get_lowest_layer(*secure_).close();
    else
        socket_.close(ignored);
}

void ApiConnection::sign_in() {
    tls_ = host_.tls();
    secure_.emplace(std::move(socket_), *tls_);
    beast::get_lowest_layer(*secure_).expires_after(host_.limits().sign_in_time);
    secure_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](Failed failed) {
        if (self->closed_) return;
        if (!failed) return self->signed_in();
        ++self->host_.counters().failed_handshakes;
        self->close();
    });
}

void ApiConnection::signed_in() {
    const auto account = account_of_peer(secure_->native_handle());
    if (!account) {
        ++host_.counters().failed_handshakes;
        return close();
    }
    const auto place = *silent_;
    silent_.reset();
    if (!host_.sign_in(place, *account)) {
        ++host_.counters().over_account;
        return close();
    }
    account_ = *account;
    ++host_.counters().signed_in;
    read();
}

void ApiConnection::read() {
    parser_.emplace();
    parser_->header_limit(max_api_header_bytes);
    parser_->body_limit(max_api_body_bytes);
    beast::get_lowest_layer(*secure_).expires_after(host_.limits().request_time);
    http::async_read(*secure_, buffer_, *parser_,
                     [self = shared_from_this()](Failed failed, std::size_t) { self->heard(failed); });
}

void ApiConnection::heard(Failed failed) {
    if (closed_) return;
    goes_on_ = false;
    head_ = false;
    if (!failed) return ask();
    const unsigned status = status_of(failed);
    if (status != 0) return respond(problem(status, "it cannot be taken as HTTP/1.1 within its limits"));
    if (failed == beast::error::timeout) ++host_.counters().let_go_late;
    close();
}

void ApiConnection::ask() {
    const auto& heard = parser_->get();
    head_ = heard.method() == http::verb::head;
    if (heard.version() != http_1_1) return respond(problem(505, "another version of HTTP"));
    if (static_cast<std::size_t>(std::distance(heard.begin(), heard.end())) > max_api_headers)
        return respond(problem(431, "there are too many fields"));
    goes_on_ = heard.keep_alive();
    ApiRequest request;
    request.method = text_of(heard.method_string());
    request.target = text_of(heard.target());
    request.content_type = text_of(heard[http::field::content_type]);
    request.body = parser_->release().body();
    request.account = account_;
    beast::get_lowest_layer(*secure_).expires_never();
    if (!host_.work(shared_from_this(), std::move(request)))
        respond(problem(429, "too many questions wait, of yours or in all"));
}

void ApiConnection::respond(ApiResponse answer) {
    if (closed_) return;
    ServingCounters& counters = host_.counters();
    ++(answer.status < 400   ? counters.answered_well
       : answer.status < 500 ? counters.answered_refused
                             : counters.answered_failed);
    Response& response = response_.emplace();
    response.version(http_1_1);
    response.result(answer.status);
    response.set(http::field::content_type, answer.content_type);
    response.set(http::field::cache_control, "no-store");
    response.set("X-Content-Type-Options", "nosniff");
    if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
    response.keep_alive(goes_on_);
    response.body() = std::move(answer.body);
    response.prepare_payload();
    if (head_) response.body().clear();
    beast::get_lowest_layer(*secure_).expires_after(write_time);
    http::async_write(*secure_, response, [self = shared_from_this()](Failed failed, std::size_t) {
        self->response_.reset();
        if (self->closed_) return;
        if (failed) return self->close();
        self->goes_on_ ? self->read() : self->say_goodbye();
    });
}

void ApiConnection::say_goodbye() {
    beast::get_lowest_layer(*secure_).expires_after(goodbye_time);
    secure_->async_shutdown([self = shared_from_this()](Failed failed) {
        // His end was met already; asio would wait in vain to meet it again.
        const bool over = failed == asio::ssl::error::stream_truncated || failed == asio::error::eof;
        over ? self->close() : self->drain();
    });
}

/// What a client was still sending is taken and dropped: an end before that would take our last answer from
/// him.
void ApiConnection::drain() {
    if (closed_) return;
    constexpr std::size_t piece = 4096;
    drained_.resize(piece);
    beast::get_lowest_layer(*secure_).async_read_some(
        asio::buffer(drained_),
        [self = shared_from_this()](Failed failed, std::size_t) { failed ? self->close() : self->drain(); });
}

}  // namespace portcullis
