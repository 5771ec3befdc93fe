#include "collector/link/status_exchange.hpp"

#include <array>

#include "collector/link/open_exchange.hpp"
#include "collector/link/strict_json.hpp"

namespace portcullis {

namespace {

constexpr std::uint64_t version = 1;

struct Field {
    const char* key;
    std::uint64_t OpenerStatus::*value;
};
constexpr std::array fields = {
    Field{"opened", &OpenerStatus::opened},       Field{"good", &OpenerStatus::good},
    Field{"doubtful", &OpenerStatus::doubtful},   Field{"waiting", &OpenerStatus::waiting},
    Field{"strangers", &OpenerStatus::strangers}, Field{"slow_viewers", &OpenerStatus::slow_viewers},
    Field{"shown", &OpenerStatus::shown},         Field{"refused", &OpenerStatus::refused},
    Field{"alarms", &OpenerStatus::alarms},       Field{"searches", &OpenerStatus::searches},
    Field{"indexed", &OpenerStatus::indexed},     Field{"unindexed", &OpenerStatus::unindexed},
    Field{"viewers", &OpenerStatus::viewers},     Field{"policy_version", &OpenerStatus::policy_version}};

}  // namespace

Packet status_request() {
    return Packet{nlohmann::json{{"v", version}, {"op", "status"}}.dump(), {}};
}

bool is_status_request(const Packet& packet) {
    return has_op(packet.header, "status");
}

Result<void> check_status_request(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "status request"));
    json.begins(version, "status");
    json.check(packet.blob.empty(), "op", "brings bytes behind it");
    return json.finish();
}

Packet to_packet(const OpenerStatus& status) {
    nlohmann::json header{{"v", version}, {"op", "counts"}};
    for (const Field& field : fields)
        header[field.key] = status.*field.value;
    header["policy_ends_us"] = status.policy_ends.time_since_epoch().count();
    return Packet{header.dump(), {}};
}

Result<OpenerStatus> parse_opener_status(const Packet& packet) {
    StrictJson json = TRY(StrictJson::parse(packet.header, "opener's counts"));
    json.begins(version, "counts");
    OpenerStatus status;
    for (const Field& field : fields)
        status.*field.value = json.number(field.key, 0, max_seq);
    status.policy_ends = json.time_us("policy_ends_us");
    TRY(json.finish());
    return status;
}

}  // namespace portcullis
