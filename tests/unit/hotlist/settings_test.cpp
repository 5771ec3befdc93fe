// [hotlist] of an opener's settings.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "config/opener_settings.hpp"
#include "support/temp_dir.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

Result<OpenerSettings> settings_with(const std::string& hotlist) {
    const TempDir folder;
    std::ofstream(folder.path() / "a.toml")
        << "[recipients]\nkeys = [\"a\"]\ncertificates = [\"a\"]\n[devices]\nca_chain = \"c\"\nsigners = "
           "\"s\"\n"
        << "[access]\nfleet = \"north\"\npolicy = \"p\"\npolicy_chain = \"c\"\npolicy_signers = \"s\"\n"
        << hotlist;
    return OpenerSettings::load(folder.path() / "a.toml");
}

}  // namespace

TEST_CASE("an opener needs no hotlist, and who names one names who signs it") {
    const auto none = settings_with("");
    REQUIRE_MESSAGE(none, (none ? "" : none.error().message()));
    CHECK(none->hotlist.list.empty());
    CHECK(none->hotlist.hits == "/var/lib/portcullis/opener/hits.db");
    const auto one = settings_with("[hotlist]\nlist = \"/l\"\npolicy_chain = \"/r\"\nsigners = \"/s\"\n");
    REQUIRE_MESSAGE(one, (one ? "" : one.error().message()));
    CHECK(one->hotlist.list == "/l");
    CHECK(one->hotlist.signers == "/s");
    const auto nobody = settings_with("[hotlist]\nlist = \"/l\"\n");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().message().find("hotlist.policy_chain: is missing") != std::string::npos);
    CHECK(nobody.error().message().find("hotlist.signers: is missing") != std::string::npos);
}

TEST_CASE("attack: the environment names no other signer of hotlists") {
    REQUIRE(::setenv("PORTCULLIS_SET_HOTLIST__SIGNERS", "/tmp/mine", 1) ==
            0);  // NOLINT(concurrency-mt-unsafe)
    const auto mine = settings_with("[hotlist]\nlist = \"/l\"\npolicy_chain = \"/r\"\nsigners = \"/s\"\n");
    ::unsetenv("PORTCULLIS_SET_HOTLIST__SIGNERS");  // NOLINT(concurrency-mt-unsafe)
    REQUIRE_FALSE(mine);
    CHECK(mine.error().message().find("hotlist.signers: says whom to trust") != std::string::npos);
}
