#pragma once
// Uplink: carries sealed items from the spool to the broker and the collector's receipts back. It sees sealed
// bytes only, and only reads the spool: a receipt that fits goes into the inbox, and the reader releases.
// Accepted (PUBACK) and received (signed receipt) stay apart: nothing is ever dropped here, and what is
// unsure is sent again: the collector knows duplicates by (device, chain, seq). Thread-bound (turn, wait);
// the handlers may be called from any thread.
//
// Two lanes: the backlog, from the oldest row on, and, while that is long, the live lane: what came since it
// was found long. Both have rows to send: they take turns, item by item; so a new item waits for the items
// before it in the live lane, each behind one of the backlog, and never for the backlog. Receipts are
// cumulative, so the live lane's come when the backlog has met it; only then its items are sent again for
// want of one. Meanwhile it goes on as long as the backlog's receipts come.

#include "inbox/inbox_writer.hpp"
#include "inbox/receipt_gate.hpp"
#include "ports/broker.hpp"
#include "spool/spool.hpp"
#include "uplink/flight_table.hpp"
#include "uplink/mailbox.hpp"
#include "uplink/reader_note.hpp"
#include "uplink/renewal_post.hpp"
#include "uplink/status.hpp"

namespace portcullis {

/// With more seqs than this still to be published, what comes from then on gets a lane of its own.
inline constexpr Seq live_lane_opens_at = 64;
/// After a broken line the live lane goes on where it was if no more seqs than this came meanwhile; else they
/// are backlog.
inline constexpr Seq live_lane_resumes_within = 256;
/// The live lane's items without a receipt, in the table: about 100 bytes each. At it new items wait.
inline constexpr std::size_t max_live_items = 65'536;

struct UplinkSettings {
    std::string device{};
    std::string fleet{};            // whose recipient sets are handed to the reader; empty: nobody's
    std::size_t window_items = 16;  // published without the broker's word
    std::size_t window_bytes = std::size_t{8} << 20;
    std::size_t ahead_items = 1024;  // published without a receipt: the rest stays in the spool only
    std::size_t ahead_bytes = std::size_t{64} << 20;
    milliseconds resend_after{30'000};
    milliseconds status_interval{60'000};
    std::filesystem::path reader_note{};       // the reader's health; empty: none
    std::optional<BrokerMessage> discovery{};  // retained, after each connect: what Home Assistant is told;
                                               // a broker that refuses it is told of once, all else goes on
};

class Uplink {
  public:
    /// broker and clock must outlive it. receipts: who may sign receipts; inbox: where those that fit go.
    Uplink(UplinkSettings settings, Broker& broker, TrustStore receipts, InboxWriter inbox,
           const Clock& clock);

    /// For Broker::start; this object must outlive the started broker.
    [[nodiscard]] BrokerHandlers handlers() { return mailbox_.handlers(); }
    /// The topic of the receipts, for Broker::subscribe.
    [[nodiscard]] std::string receipt_topic() const;
    /// The topic of the fleet's recipient set; empty without a fleet.
    /// What the fleet's policy says to all of its devices: a topic, and its name in the inbox. None without a
    /// fleet.
    [[nodiscard]] const std::map<std::string, std::string_view>& policy_topics() const {
        return policy_topics_;
    }

    /// Does all that is to be done now and returns; never blocks on the network. Errors: the spool's; then
    /// nothing is lost, call again. After each connect it begins at the oldest row without a receipt.
    [[nodiscard]] Result<void> turn(Spool& spool);
    /// wait: until the broker tells something, stop is asked for, or patience is over; pause: not for the
    /// broker.
    void wait(const std::stop_token& stop, milliseconds patience) { mailbox_.wait(stop, patience); }
    void pause(const std::stop_token& stop, milliseconds patience) { mailbox_.pause(stop, patience); }
    /// Carries renewals from now on; outlives this. The caller subscribes its command_topic.
    void renew_with(RenewalPost& post) { post_ = &post; }
    /// Who may sign receipts from now on.
    void replace_trust(TrustStore receipts) { gate_ = ReceiptGate(std::move(receipts), settings_.device); }
    /// Honours a replaced deny list or revocation list (TrustStore::refresh). Call it before each turn.
    [[nodiscard]] Result<bool> refresh_trust() { return gate_.refresh_trust(); }
    /// The spool has this chain. A new one begins at its oldest row; of an old chain no receipt is wanted any
    /// more.
    void follow(const ChainId& chain);
    /// Leaves "stopped" as our status, before Broker::stop.
    void say_goodbye();

    [[nodiscard]] const UplinkCounters& counters() const { return counters_; }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::size_t in_flight() const {
        return flights_.waiting_items() + (live_ ? live_->flights.waiting_items() : 0);
    }
    /// The live lane is open: there is a backlog.
    [[nodiscard]] bool catching_up() const { return live_.has_value(); }

  private:
    struct LiveLane {
        Seq fence = 0;  // the backlog ends here
        Seq upto = 0;   // rows above it were not published in this lane
        FlightTable flights;
        std::size_t items = 0;  // published since the last receipt for anything
        std::size_t bytes = 0;
    };
    using Rows = std::vector<SpooledItem>;

    [[nodiscard]] Result<void> apply(UplinkEvent event, Spool& spool);
    void apply_state(const StateEvent& event);
    void apply_accepted(const AcceptedEvent& event);
    void apply_lost(std::uint64_t token);
    [[nodiscard]] Result<void> apply_message(const BrokerMessage& message, Spool& spool);
    [[nodiscard]] Result<void> apply_receipt(const BrokerMessage& message, Spool& spool);
    void hand_over_policy(std::string_view name, ByteView blob);
    void hand_over(const Receipt& receipt, ByteView blob, std::uint64_t rows);
    void begin_again();
    void tell_refused_receipt(const Error& error);
    void tell_denied(Seq seq, const Error& error);
    void tell_discovery(const Result<void>& outcome);

    void received(Seq upto);
    void begin_lanes();
    void open_live_lane(Seq last_seq);
    void join_lanes();

    [[nodiscard]] Result<void> send_again(Spool& spool, FlightTable& flights);
    [[nodiscard]] Result<void> send_new(Spool& spool);
    [[nodiscard]] Result<Rows> backlog_rows(Spool& spool);
    [[nodiscard]] Result<Rows> live_rows(Spool& spool);
    [[nodiscard]] bool send_by_turns(const Rows& backlog, const Rows& live, const ChainId& chain);
    [[nodiscard]] bool send_backlog(const SpooledItem& row, const ChainId& chain);
    [[nodiscard]] bool send_live(const SpooledItem& row, const ChainId& chain);
    [[nodiscard]] bool has_room(std::size_t bytes) const;
    /// False: not now.
    [[nodiscard]] bool send(const SpooledItem& row, const ChainId& chain, FlightTable& flights);
    [[nodiscard]] Result<void> send_status(Spool& spool);
    void send_requests();

    UplinkSettings settings_;
    Broker& broker_;
    ReceiptGate gate_;
    InboxWriter inbox_;
    const Clock& clock_;
    Mailbox mailbox_;
    RenewalPost* post_ = nullptr;
    FlightTable flights_;
    ReaderNote reader_note_;
    std::map<std::string, std::string_view> policy_topics_;
    bool discovery_due_ = false;
    std::uint64_t discovery_token_ = 0;  // 0: the broker has answered, or was not asked
    std::string discovery_told_;         // why it was refused the last time
    UplinkCounters counters_;
    bool connected_ = false;
    std::optional<ChainId> chain_;
    std::optional<LiveLane> live_;
    std::optional<Seq> live_was_upto_;  // when the line broke
    bool live_is_next_ = false;
    std::size_t joined_items_ =
        0;  // of flights_, what the live lane sent ahead: not counted against the limit
    std::size_t joined_bytes_ = 0;
    Seq sent_upto_ = 0;    // rows above it were not published since the last connect
    Seq handed_upto_ = 0;  // a receipt up to here is in the inbox; the reader may not have taken it yet
    std::uint64_t last_token_ = 0;
    BootTime status_due_{};
    BootTime refusal_log_due_{};
    BootTime denial_log_due_{};
    BootTime inbox_log_due_{};
};

}  // namespace portcullis
