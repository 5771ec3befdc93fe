#include "apps/portcullis/bench_traffic.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "core/reading.hpp"

namespace portcullis::bench {

namespace {

constexpr UtcTime first_day{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};
constexpr microseconds day{std::chrono::hours(24)};
constexpr microseconds minute{std::chrono::minutes(1)};
constexpr microseconds clock_behind{300'000};
constexpr std::int64_t jitter_us = 500'000;
constexpr microseconds shortest_absence = minute * 10;
constexpr std::uint64_t regular_share = 10;  // one plate in so many of the run's comes again

char look_alike_of(char sign) {
    constexpr std::string_view these = "O0I1B8S5";
    constexpr std::string_view those = "0O1I8B5S";
    const std::size_t at = these.find(sign);
    return at == these.npos ? sign : those[at];
}

class Maker {
  public:
    explicit Maker(const CrossingsOptions& options) : options_(options), random_(options.seed) {
        const std::uint64_t regulars = options.vehicles * options.days / 2 / regular_share + 1;
        for (std::uint64_t i = 0; i < regulars; ++i)
            regulars_.push_back({any_plate(), first_day});
    }

    Traffic make() {
        Traffic traffic;
        traffic.from = first_day;
        traffic.to = first_day + day * options_.days;
        const std::uint64_t vehicles = options_.vehicles * options_.days;
        const microseconds spacing = (traffic.to - traffic.from) / vehicles;
        for (std::uint64_t vehicle = 0; vehicle < vehicles; ++vehicle)
            add_vehicle(traffic, traffic.from + spacing * vehicle + between(microseconds(0), spacing));
        std::ranges::shuffle(traffic.entries, random_);
        std::ranges::shuffle(traffic.exits, random_);
        return traffic;
    }

  private:
    struct Regular {
        std::string plate;
        UtcTime back{};  // not before
    };

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    bool happens(double percent) {
        constexpr std::uint64_t steps = 1'000'000;
        return static_cast<double>(below(steps)) < percent / 100 * static_cast<double>(steps);
    }
    microseconds between(microseconds low, microseconds high) {
        return low + microseconds(
                         static_cast<std::int64_t>(below(static_cast<std::uint64_t>((high - low).count()))));
    }

    std::string drawn(std::string_view pattern) {
        std::string plate;
        for (const char sign : pattern) {
            const bool letter = sign == 'a';
            plate += letter        ? static_cast<char>('A' + below(26))
                     : sign == '#' ? static_cast<char>('0' + below(10))
                                   : sign;
        }
        return plate;
    }
    std::string any_plate() { return drawn(below(2) == 0 ? "Baa####" : "aa##aaa"); }

    microseconds any_stay() {
        constexpr std::uint64_t mille = 1000;
        const std::uint64_t lot = below(mille);
        if (lot < 680) return between(minute, minute * 180);
        if (lot < 980) return between(minute * 60 * 6, minute * 60 * 10);
        if (lot < 995) return between(minute * 60 * 12, minute * 60 * 23);
        return between(minute * 60 * 25, minute * 60 * 60);
    }

    void add_vehicle(Traffic& traffic, UtcTime in) {
        const microseconds stay = any_stay();
        const std::string plate = below(2) == 0 ? regular_who_is_out(in, in + stay) : any_plate();
        add_stay(traffic, plate, in, stay);
        if (happens(options_.twins_percent))
            add_stay(traffic, plate, in + between(microseconds(0), stay), any_stay());
    }

    /// Nobody comes who is inside still.
    std::string regular_who_is_out(UtcTime in, UtcTime out) {
        constexpr int tries = 100;
        for (int i = 0; i < tries; ++i) {
            Regular& regular = regulars_[below(regulars_.size())];
            if (regular.back > in) continue;
            regular.back = out + shortest_absence;
            return regular.plate;
        }
        return any_plate();
    }

    void add_stay(Traffic& traffic, const std::string& plate, UtcTime in, microseconds stay) {
        const std::size_t id = traffic.stays++;
        see(traffic.entries, plate, in, traffic, id);
        see(traffic.exits, plate, in + stay - clock_behind, traffic, id);
    }

    void see(std::vector<TrafficSighting>& seen, const std::string& plate, UtcTime at, const Traffic& traffic,
             std::size_t stay) {
        at += between(microseconds(-jitter_us), microseconds(jitter_us));
        if (at < traffic.from || at >= traffic.to || happens(options_.missed_percent)) return;
        seen.push_back({at, happens(options_.unread_percent) ? std::string() : read(plate), stay});
    }

    std::string read(std::string text) {
        for (char& sign : text) {
            if (happens(options_.look_alike_percent)) sign = look_alike_of(sign);
            if (happens(options_.wrong_percent)) sign = alphabet_at(below(plate_alphabet));
        }
        if (!happens(options_.slipped_percent)) return text;
        const std::size_t at = below(text.size());
        if (below(2) == 0)
            text.erase(at, 1);
        else
            text.insert(at, 1, alphabet_at(below(plate_alphabet)));
        return text;
    }

    CrossingsOptions options_;
    std::mt19937_64 random_;
    std::vector<Regular> regulars_;
};

}  // namespace

Traffic make_traffic(const CrossingsOptions& options) {
    return Maker(options).make();
}

}  // namespace portcullis::bench
