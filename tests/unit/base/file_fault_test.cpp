// The i-th call that writes a file fails, for each i until a run meets no failure: whoever writes files of
// ours says so, leaves the old content or the new one whole, leaves no litter, and succeeds at the second
// try.
#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>

#include "base/file.hpp"
#include "inbox/inbox_writer.hpp"
#include "provision/fingerprint.hpp"
#include "seal/device_recipients.hpp"
#include "support/fake_clock.hpp"
#include "unit/provision/registry.hpp"
#include "unit/seal/test_sets.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

enum class Call { write, sync, rename, mode };

struct Fault {
    Call call;
    int at;  // of the calls from now; 0: none
    int code;
    bool power_goes = false;  // in the at-th call of any kind: it and all after it fail
    bool struck = false;
};
Fault armed{Call::write, 0, 0};

bool fails(Call call) {
    if (armed.at == 0 || (armed.call != call && !armed.power_goes)) return false;
    if (armed.at > 1 || !armed.power_goes) --armed.at;
    if (armed.at > (armed.power_goes ? 1 : 0)) return false;
    armed.struck = true;
    errno = armed.code;
    return true;
}

}  // namespace

// In the place of the C library's, for this whole program.
extern "C" {
ssize_t write(int fd, const void* bytes, std::size_t count) {
    if (!fails(Call::write)) return ::syscall(SYS_write, fd, bytes, count);
    // A disk that fills up takes the first part.
    static_cast<void>(::syscall(SYS_write, fd, bytes, count / 2));
    errno = armed.code;
    return -1;
}
int fsync(int fd) {
    return fails(Call::sync) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd));
}
int rename(const char* from, const char* to) noexcept {
    return fails(Call::rename) ? -1
                               : static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int fchmod(int fd, mode_t mode) noexcept {
    return fails(Call::mode) ? -1 : static_cast<int>(::syscall(SYS_fchmod, fd, mode));
}
}

namespace {

struct Row {
    std::string_view name;
    Call call;
    int code;
};
constexpr std::array rows = {Row{"disk full", Call::write, ENOSPC},
                             Row{"write error", Call::write, EIO},
                             Row{"sync error", Call::sync, EIO},
                             Row{"sync finds the disk full", Call::sync, ENOSPC},
                             Row{"rename error", Call::rename, EIO},
                             Row{"rename finds the disk full", Call::rename, ENOSPC},
                             Row{"the mode cannot be set", Call::mode, EIO}};
constexpr int most_calls = 100;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    return names;
}

/// `write` puts `content` into `file`, alone in its folder.
struct Writer {
    std::filesystem::path file;
    std::vector<Bytes> contents;  // one after the other
    std::function<bool(const Bytes& content)> write;
};

void survives_each_failure(const Writer& writer) {
    REQUIRE(writer.write(writer.contents[0]));
    std::size_t now = 0;
    int runs = 0;
    for (const Row& row : rows)
        for (int call = 1; call < most_calls; ++call) {
            INFO(std::string(row.name));
            CAPTURE(call);
            const Bytes& before = writer.contents[now % writer.contents.size()];
            const Bytes& after = writer.contents[++now % writer.contents.size()];
            armed = {row.call, call, row.code};
            const bool done = writer.write(after);
            const bool struck = armed.struck;
            armed = {row.call, 0, 0};
            CHECK(done != struck);
            const auto found = read_file(writer.file, 1 << 20);
            REQUIRE(found);
            CHECK((*found == after || (!done && *found == before)));
            CHECK(names_in(writer.file.parent_path()).size() == 1);
            REQUIRE(writer.write(after));
            REQUIRE(*read_file(writer.file, 1 << 20) == after);
            runs += struck ? 1 : 0;
            if (!struck) break;
            REQUIRE(call + 1 < most_calls);
        }
    MESSAGE(runs << " calls failed");
    CHECK(runs > 0);
}

}  // namespace

TEST_CASE("whichever call fails, a file that is written at once is the old one or the new one") {
    const TempDir dir;
    const std::filesystem::path file = dir.path() / "file";
    survives_each_failure(
        {file, {Bytes(3000, std::byte{1}), Bytes(5, std::byte{2}), Bytes{}}, [&](const Bytes& content) {
             return write_file_atomically(file, content, 0600).has_value();
         }});
}

TEST_CASE("whichever call fails, the inbox holds the old message or the new one") {
    const TempDir dir;
    InboxWriter inbox = *InboxWriter::create(dir.path() / "inbox");
    survives_each_failure({dir.path() / "inbox" / "receipt",
                           {Bytes(1000, std::byte{1}), Bytes(7000, std::byte{2})},
                           [&](const Bytes& content) { return inbox.put("receipt", content).has_value(); }});
}

TEST_CASE(
    "whichever call fails, the device keeps the recipient set in use or the new one, and may be given it "
    "again") {
    const SetDesk desk;
    const TempDir dir;
    FakeClock clock{now};
    std::filesystem::create_directory(dir.path() / "kept");
    const std::filesystem::path kept = dir.path() / "kept" / "recipients.set";
    DeviceRecipients recipients = must(DeviceRecipients::create(desk.rules(), kept, clock));
    RecipientSet set = desk.set(1);
    std::vector<Bytes> sets;
    for (; set.version < most_calls; ++set.version)
        sets.push_back(desk.sign(set));
    survives_each_failure({kept, sets, [&](const Bytes& content) {
                               const bool taken = recipients.offer(content).has_value();
                               // What is in use is what a restart finds.
                               auto again = must(DeviceRecipients::create(desk.rules(), kept, clock));
                               return taken && again.in_use()->digest == recipients.in_use()->digest;
                           }});
}

namespace {

/// What each call of attempt() meets in its turn: every row of the table, and a power cut. `attempt` is told
/// when its faults begin and end.
void meets_each_failure(const std::function<void(const Fault& fault, bool& met)>& attempt) {
    int runs = 0;
    for (std::size_t row = 0; row <= rows.size(); ++row)
        for (int call = 1; call < most_calls; ++call) {
            const bool cut = row == rows.size();
            INFO(std::string(cut ? "power cut" : rows.at(row).name));
            CAPTURE(call);
            bool met = false;
            attempt(
                cut ? Fault{Call::write, call, EIO, true} : Fault{rows.at(row).call, call, rows.at(row).code},
                met);
            if (!met) break;
            ++runs;
            REQUIRE(call + 1 < most_calls);
        }
    MESSAGE(runs << " calls failed");
    CHECK(runs > static_cast<int>(rows.size()));
}

/// The outcome of `work` under the fault; met: whether it struck.
template <class Work>
auto under(const Fault& fault, bool& met, Work work) {
    armed = fault;
    auto done = work();
    met = armed.struck;
    armed = {Call::write, 0, 0};
    return done;
}

}  // namespace

TEST_CASE("whichever call fails while a device's next key is asked for, the pair in use works on") {
    const Registry registry;
    KeyRenewalSettings settings = registry.settings();
    settings.due_percent = 0;
    const std::string before = registry.key_in_use();
    meets_each_failure([&](const Fault& fault, bool& met) {
        std::filesystem::remove(registry.key("read.next.key"));
        std::filesystem::remove(registry.key("read.next.csr"));
        KeyRenewal renewal = must(KeyRenewal::create(settings));
        const auto asked = under(fault, met, [&] { return renewal.request(due); });
        CHECK(asked.has_value() != met);
        CHECK(registry.key_in_use() == before);
        KeyRenewal again = must(KeyRenewal::create(settings));
        registry.hand_over(*must(again.request(due)));
        CHECK(std::filesystem::exists(registry.key("read.next.key")));
        CHECK(registry.key_in_use() == before);
    });
}

TEST_CASE("whichever call fails while a device's next key is installed, it has a pair, the old or the new") {
    const Registry registry;
    KeyRenewalSettings settings = registry.settings();
    settings.due_percent = 0;
    meets_each_failure([&](const Fault& fault, bool& met) {
        const std::string before = registry.key_in_use();
        KeyRenewal renewal = must(KeyRenewal::create(settings));
        registry.hand_over(*must(renewal.request(due)));
        REQUIRE(registry.pass(due).at(0).reason.empty());
        const Bytes answer = registry.answer();
        const std::string next = key_id(must(parse_answer(answer)).get());
        const auto taken = under(fault, met, [&] { return renewal.take(answer); });
        CHECK(taken.has_value() != met);
        // The next start finds a pair, and if it is the old one, takes the answer once more.
        KeyRenewal again = must(KeyRenewal::create(settings));
        const std::string after = registry.key_in_use();
        CHECK((after == next || (!taken && after == before)));
        if (after == before) {
            CHECK(must(again.request(due)));
            REQUIRE(again.take(answer));
        }
        CHECK(registry.key_in_use() == next);
    });
}

TEST_CASE("whichever call fails at a device's enrolment, the second try ends it, with one key") {
    const TestPki pki;
    const Issuer issuer =
        must(Issuer::create(pki.folder() / "device-ca.crt", pki.folder() / "device-ca.key"));
    meets_each_failure([&](const Fault& fault, bool& met) {
        const TempDir dir;
        const DeviceKeys keys(dir.path());
        const auto asks = [&] { return keys.make_request(DeviceKey::identity, "gate-1", now); };
        const auto asked = under(fault, met, asks);
        CHECK(asked.has_value() != met);
        const std::string words = must(asks()).fingerprint;
        const RequestFile request = must(load_request(keys.request(DeviceKey::identity)));
        const X509Ptr made = must(issuer.enrol(request.csr, "gate-1", words, now));
        REQUIRE(write_file_atomically(dir.path() / "answer", as_bytes(must(certificate_to_pem(made.get())))));
        const auto installs = [&] {
            return keys.install(dir.path() / "answer", pki.chain("device-ca"), "gate-1");
        };
        bool met_again = false;
        const auto installed = under(fault, met_again, installs);
        CHECK(installed.has_value() != met_again);
        met = met || met_again;
        REQUIRE(installs());
        CHECK(FileSigningKey::create(keys.key(DeviceKey::identity), keys.certificate(DeviceKey::identity),
                                     CertificateUse::identify));
        CHECK(must(fingerprint(must(load_private_key(keys.key(DeviceKey::identity))).get())) == words);
    });
}
