// The file between reader and uplink, and the anchor, which a dying disk or a thief may have written.

#include "base/assert.hpp"
#include "base/log.hpp"
#include "fuzz/input.hpp"
#include "fuzz/scratch.hpp"
#include "spool/spool.hpp"
#include "support/fake_clock.hpp"
#include "support/sealed_chain.hpp"

using namespace portcullis;

namespace {

constexpr std::size_t peeked_items = 64;
constexpr std::size_t peeked_bytes = std::size_t{1} << 20;
constexpr LogLevel nothing{0};  // damage is the rule here, and each is an error to the log

/// Small enough that a good file sheds at the next records.
SpoolSettings settings_of(const std::filesystem::path& file) {
    return {.path = file, .device = "gate-1", .quota_bytes = 4096, .quota_items = 8};
}

Result<Bytes> sign(const Tombstone& tombstone) {
    PORTCULLIS_ASSERT(tombstone.device == "gate-1");
    PORTCULLIS_ASSERT(tombstone.first >= 1 && tombstone.first <= tombstone.last);
    return Bytes(200, std::byte{0x30});
}

void check_items(Spool& spool, Seq next_seq) {
    const auto items = spool.peek(0, peeked_items, peeked_bytes);
    if (!items) return;
    Seq last = 0;
    for (const SpooledItem& one : *items) {
        PORTCULLIS_ASSERT(one.first >= 1 && one.first <= one.item.seq);
        PORTCULLIS_ASSERT(last == 0 || one.first == last + 1);
        last = one.item.seq;
    }
    PORTCULLIS_ASSERT(last < next_seq);
}

void look_as_guest(const std::filesystem::path& file, const Clock& clock) {
    auto spool = Spool::attach(settings_of(file), clock);
    if (!spool) return;
    (void)spool->peek(0, peeked_items, peeked_bytes);
    (void)spool->stats();
    (void)spool->last_receipt_digest();
    const Digest nonsense{};
    PORTCULLIS_ASSERT(!spool->releasable(spool->head().chain, 1, nonsense).value_or(0));
}

/// What one opening accepts or makes, the next accepts as well, with all that was appended between.
void work_as_owner(const std::filesystem::path& file, const Clock& clock) {
    ChainHead head;
    {
        auto spool = Spool::open(settings_of(file), &sign, clock);
        if (!spool || spool->set_aside()) return;  // set aside: nothing of the input is left in the new file
        head = spool->head();
        check_items(*spool, head.next_seq);
        for (int i = 0; i < 3; ++i) {
            ChainHead next = head;
            const SealedRecord record =
                test::next_record(next, {{ItemKind::read, 300}, {ItemKind::overview, 900}});
            if (!spool->append(record)) break;
            head = next;
        }
        PORTCULLIS_ASSERT(spool->head().next_seq == head.next_seq && spool->head().link == head.link);
        (void)spool->stats();
        check_items(*spool, head.next_seq);
    }
    const auto again = Spool::open(settings_of(file), &sign, clock);
    PORTCULLIS_ASSERT(again && !again->set_aside());
    PORTCULLIS_ASSERT(again->head().chain == head.chain && again->head().next_seq == head.next_seq);
}

/// What parses is written again with the same bytes.
void check_anchor(ByteView bytes) {
    const auto anchor = parse_anchor(as_text(bytes));
    PORTCULLIS_ASSERT(!anchor || encode_anchor(*anchor) == as_text(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    static const test::FakeClock clock;
    set_log_level(nothing);
    scratch.clear();
    const std::filesystem::path file = scratch.write("spool.db", fuzz::input_bytes(data, size));
    check_anchor(fuzz::input_bytes(data, size));
    look_as_guest(file, clock);
    work_as_owner(file, clock);
    return 0;
}
