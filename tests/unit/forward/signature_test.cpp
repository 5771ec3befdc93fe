// By what a receiver knows us: vectors that others published.
#include <doctest/doctest.h>

#include "forward/signature.hpp"

using namespace portcullis;

TEST_CASE("HMAC-SHA256 gives what RFC 4231 publishes") {
    struct Row {
        Bytes key;
        std::string text;
        const char* mac;
    };
    const std::vector<Row> rows{
        {Bytes(20, std::byte{0x0b}), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {to_bytes("Jefe"), "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {Bytes(131, std::byte{0xaa}), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};
    for (const Row& row : rows) {
        const auto mac = hmac_sha256(row.key, row.text);
        REQUIRE(mac);
        CHECK(to_hex(*mac) == row.mac);
    }
}

TEST_CASE("a signature names its time and holds one code for each secret, over time and body") {
    const std::vector<Bytes> secrets{to_bytes("the new secret of thirty-two letters"),
                                     to_bytes("the old secret of thirty-two letters")};
    const auto both = webhook_signature(secrets, 1'795'421'730, "{}");
    const auto first = hmac_sha256(secrets[0], "1795421730.{}");
    const auto second = hmac_sha256(secrets[1], "1795421730.{}");
    REQUIRE((both && first && second));
    CHECK(*both == "t=1795421730,v1=" + to_hex(*first) + ",v1=" + to_hex(*second));
    const auto later = webhook_signature(secrets, 1'795'421'731, "{}");
    const auto other = webhook_signature(secrets, 1'795'421'730, "{ }");
    REQUIRE((later && other));
    CHECK(later->substr(13) != both->substr(13));
    CHECK(other->substr(13) != both->substr(13));
}
