// Requests for the next keys go out with the uplink, answers come back: the read key's into the inbox, its
// own identity's into its own folder.
#include "uplink/renewal_post.hpp"

#include <doctest/doctest.h>

#include "inbox/inbox.hpp"
#include "support/fake_clock.hpp"
#include "support/full_disk.hpp"
#include "unit/provision/registry.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using std::chrono::seconds;

struct Post {
    Registry registry;
    FakeClock clock{now};
    std::filesystem::path folder = registry.road.pki.folder() / "inbox";
    InboxWriter writer = must(InboxWriter::create(folder));
    Inbox inbox{folder};
    std::filesystem::path request = registry.road.pki.folder() / read_request_name;
    KeyFiles identity = registry.road.pki.issue(
        "identity", "gate-1", {.extended = "clientAuth", .from = now - 20 * day, .until = now + 10 * day});

    /// With the identity's renewal, which makes its files.
    [[nodiscard]] RenewalPost with_identity() const {
        std::filesystem::copy_file(identity.key, registry.key("identity.key"));
        std::filesystem::copy_file(identity.certificate, registry.key("identity.crt"));
        std::filesystem::copy_file(identity.certificate, registry.identities / "gate-1.crt");
        KeyRenewal renewal = must(KeyRenewal::create({.which = DeviceKey::identity,
                                                      .device = "gate-1",
                                                      .key = registry.key("identity.key"),
                                                      .certificate = registry.key("identity.crt"),
                                                      .ca_chain = registry.road.pki.chain("device-ca")}));
        return {"gate-1", request, std::move(renewal), clock};
    }
    [[nodiscard]] RenewalPost without_identity() const { return {"gate-1", request, std::nullopt, clock}; }
    void leave(std::string_view text) const { REQUIRE(write_file_atomically(request, as_bytes(text))); }
    [[nodiscard]] std::string identity_in_use() const {
        return key_id(must(load_certificate(registry.key("identity.crt"))).get());
    }
    void pass(seconds time) { clock.advance(time); }
};

std::vector<std::string> texts(const std::vector<BrokerMessage>& messages) {
    std::vector<std::string> all;
    for (const BrokerMessage& message : messages)
        all.emplace_back(as_text(message.payload));
    return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a request that the reader left is published as it is, on the device's own topic") {
    Post post;
    RenewalPost desk = post.without_identity();
    CHECK(desk.command_topic() == "lpr/v1/dev/gate-1/cmd");
    CHECK(desk.due().empty());
    post.leave("a request");
    CHECK(desk.due().empty());  // it looks each five seconds
    post.pass(renewal_post_interval);
    const auto messages = desk.due();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].topic == "lpr/v1/dev/gate-1/req");
    CHECK(messages[0].content_type == "application/cms");
    CHECK(as_text(messages[0].payload) == "a request");
    CHECK_FALSE(messages[0].retained);
}

TEST_CASE("a request that nobody answers is sent again after 10 s, 20 s and so on, and then each hour") {
    Post post;
    RenewalPost desk = post.without_identity();
    post.leave("a request");
    std::vector<std::int64_t> sent;
    for (seconds at{0}; at < seconds(14'000); at += renewal_post_interval, post.pass(renewal_post_interval))
        if (!desk.due().empty()) sent.push_back(at.count());
    CHECK(sent == std::vector<std::int64_t>{0, 10, 30, 70, 150, 310, 630, 1270, 2550, 5110, 8710, 12'310});
}

TEST_CASE("a new request, and any after a connect, goes at once, and one that was answered no more") {
    Post post;
    RenewalPost desk = post.without_identity();
    post.leave("one");
    CHECK(texts(desk.due()) == Texts{"one"});
    post.pass(renewal_post_interval);
    CHECK(desk.due().empty());
    desk.begin_again();
    CHECK(texts(desk.due()) == Texts{"one"});
    post.leave("another");
    post.pass(renewal_post_interval);
    CHECK(texts(desk.due()) == Texts{"another"});
    std::filesystem::remove(post.request);
    desk.begin_again();
    CHECK(desk.due().empty());
}

TEST_CASE("a request larger than any of ours is not sent") {
    Post post;
    RenewalPost desk = post.without_identity();
    post.leave(std::string(max_renewal_bytes, 'x'));
    CHECK(desk.due().size() == 1);
    post.leave(std::string(max_renewal_bytes + 1, 'x'));
    desk.begin_again();
    CHECK(desk.due().empty());
}

TEST_CASE("the identity's request goes out, its answer is installed, and the uplink connects anew, once") {
    Post post;
    RenewalPost desk = post.with_identity();
    const std::string before = post.identity_in_use();
    const auto messages = desk.due();
    REQUIRE(messages.size() == 1);
    post.registry.hand_over(messages[0].payload, "gate-1.identity");
    REQUIRE(post.registry.pass(due).at(0).reason.empty());
    CHECK_FALSE(desk.take_reconnect());
    desk.take(post.registry.answer("gate-1.identity"), post.writer);
    CHECK(post.identity_in_use() != before);
    CHECK(desk.take_reconnect());
    CHECK_FALSE(desk.take_reconnect());
    CHECK_FALSE(post.inbox.poll(certificate_name));
    desk.begin_again();
    CHECK(desk.due().empty());
}

TEST_CASE("no room for the identity's next key: nothing is sent, and it is asked for when there is room") {
    Post post;
    RenewalPost desk = post.with_identity();
    {
        const FullDisk full;
        CHECK(desk.due().empty());
    }
    post.pass(renewal_post_interval);
    CHECK(desk.due().size() == 1);
}

TEST_CASE("a read key's certificate goes into the inbox as it came, whoever made it") {
    Post post;
    RenewalPost desk = post.with_identity();
    const Bytes answer = post.registry.certificate(post.registry.first);
    desk.take(answer, post.writer);
    CHECK(post.inbox.poll(certificate_name) == answer);
    CHECK_FALSE(desk.take_reconnect());
}

TEST_CASE("attack: a broker commands with rubbish, or with an identity that was not asked for") {
    Post post;
    const Bytes foreign = post.registry.certificate(
        post.registry.road.pki.issue("foreign", "gate-1", {.extended = "clientAuth"}));
    RenewalPost plain = post.without_identity();
    RenewalPost desk = post.with_identity();
    const std::string before = post.identity_in_use();
    REQUIRE(desk.due().size() == 1);
    for (RenewalPost* one : {&plain, &desk})
        for (const Bytes& payload : {Bytes(), Bytes(50), Bytes(max_renewal_bytes + 1), foreign}) {
            one->take(payload, post.writer);
            CHECK_FALSE(one->take_reconnect());
            CHECK_FALSE(post.inbox.poll(certificate_name));
            CHECK(post.identity_in_use() == before);
        }
}
