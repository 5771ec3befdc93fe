#include "collector/ingest/device_table.hpp"

#include <array>

#include "collector/ingest/ask_together.hpp"
#include "collector/ingest/columns.hpp"

namespace portcullis {

namespace {

constexpr std::string_view fields =
    "name, heard_at, silent_since, status_chain, status_last, tail_since, tail_told, statement_chain, "
    "statement_at, returns, returns_at";

std::optional<UtcTime> optional_time(const Statement& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(columns::time(row, column));
}

DeviceRow row_of(const Statement& row) {
    DeviceRow device;
    device.name = row.text(0);
    device.heard_at = columns::time(row, 1);
    device.silent_since = optional_time(row, 2);
    if (!row.is_null(3)) device.status_chain = columns::chain(row, 3);
    device.status_last = row.count(4);
    device.tail_since = optional_time(row, 5);
    device.tail_told = row.integer(6) != 0;
    device.statement_chain = row.integer(7);
    device.statement_at = columns::time(row, 8);
    device.returns = row.count(9);
    device.returns_at = columns::time(row, 10);
    return device;
}

std::optional<std::int64_t> number(const std::optional<UtcTime>& time) {
    return time ? std::optional(columns::time(*time)) : std::nullopt;
}

Result<std::vector<DeviceRow>> rows_of(Statement& query) {
    std::vector<DeviceRow> devices;
    while (TRY(query.step()))
        devices.push_back(row_of(query));
    return devices;
}

}  // namespace

Result<void> DeviceTable::expect(const std::set<std::string>& names) {
    auto* const known = known_.of(*database_);
    if (known == nullptr) return {};
    const std::vector<std::string_view> keys(names.begin(), names.end());
    return ask_together(
        *database_, fmt::format("SELECT {} FROM device WHERE name IN ({{}})", fields), in_list,
        std::span<const std::string_view>(keys),
        [](std::string_view name) { return std::array{SqlValue(name)}; },
        [known](const Statement& row) { known->insert_or_assign(std::string(row.text(0)), row_of(row)); });
}

Result<std::optional<DeviceRow>> DeviceTable::find(std::string_view name) {
    if (const auto* const known = known_.of(*database_))
        if (const auto device = known->find(name); device != known->end())
            return std::optional(device->second);
    auto row = TRY(database_->prepare(fmt::format("SELECT {} FROM device WHERE name = ?", fields)));
    TRY(row.bind(name));
    if (!TRY(row.step())) return std::optional<DeviceRow>();
    return std::optional(row_of(row));
}

Result<std::optional<DeviceRow>> DeviceTable::find_or_add(std::string_view name, UtcTime now) {
    if (auto known = TRY(find(name))) return known;
    if (TRY(database_->integer("SELECT count(*) FROM device")) >= static_cast<std::int64_t>(max_devices))
        return std::optional<DeviceRow>();
    auto row = TRY(database_->prepare("INSERT INTO device(name, heard_at) VALUES(?, ?)"));
    TRY(row.run(name, columns::time(now)));
    return find(name);
}

Result<void> DeviceTable::save(const DeviceRow& device) {
    if (auto* const known = known_.of(*database_)) known->insert_or_assign(device.name, device);
    auto row = TRY(database_->prepare(
        "UPDATE device SET heard_at = ?, silent_since = ?, status_chain = ?, "
        "status_last = ?, tail_since = ?, tail_told = ?, statement_chain = ?, statement_at = ?, "
        "returns = ?, returns_at = ? WHERE name = ?"));
    return row.run(columns::time(device.heard_at), number(device.silent_since),
                   device.status_chain ? std::optional(device.status_chain->bytes) : std::nullopt,
                   device.status_last, number(device.tail_since), device.tail_told, device.statement_chain,
                   columns::time(device.statement_at), device.returns, columns::time(device.returns_at),
                   device.name);
}

Result<std::vector<DeviceRow>> DeviceTable::all(std::size_t limit) {
    auto row = TRY(database_->prepare(fmt::format("SELECT {} FROM device ORDER BY name LIMIT ?", fields)));
    TRY(row.bind(static_cast<std::uint64_t>(limit)));
    return rows_of(row);
}

Result<std::vector<DeviceRow>> DeviceTable::quiet_since(UtcTime before, std::size_t limit) {
    auto row = TRY(database_->prepare(fmt::format(
        "SELECT {} FROM device WHERE silent_since IS NULL AND heard_at < ? ORDER BY heard_at LIMIT ?",
        fields)));
    TRY(row.bind(columns::time(before), static_cast<std::uint64_t>(limit)));
    return rows_of(row);
}

Result<std::vector<DeviceRow>> DeviceTable::tails_since(UtcTime before, std::size_t limit) {
    auto row = TRY(database_->prepare(fmt::format(
        "SELECT {} FROM device WHERE tail_told = 0 AND tail_since < ? ORDER BY tail_since LIMIT ?", fields)));
    TRY(row.bind(columns::time(before), static_cast<std::uint64_t>(limit)));
    return rows_of(row);
}

}  // namespace portcullis
