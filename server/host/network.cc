#include <array>
#include <optional>
#include <string>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

struct Property {
  std::string_view file, metric;
  bool counter = false;
};
constexpr std::array<Property, 17> kProperties = {{
    {"addr_assign_type", "address_assign_type"},
    {"carrier", "carrier"},
    {"carrier_changes", "carrier_changes_total", true},
    {"carrier_up_count", "carrier_up_changes_total", true},
    {"carrier_down_count", "carrier_down_changes_total", true},
    {"dev_id", "device_id"},
    {"dormant", "dormant"},
    {"flags", "flags"},
    {"ifindex", "iface_id"},
    {"iflink", "iface_link"},
    {"link_mode", "iface_link_mode"},
    {"mtu", "mtu_bytes"},
    {"name_assign_type", "name_assign_type"},
    {"netdev_group", "net_dev_group"},
    {"speed", "speed_bytes"},
    {"tx_queue_len", "transmit_queue_length"},
    {"type", "protocol_type"},
}};

// Decimal, or hexadecimal behind 0x.
std::optional<double> ReadAnyNumber(const std::filesystem::path& path) {
  const std::string word = ReadWord(path);
  if (word.starts_with("0x")) return static_cast<double>(std::strtoul(word.c_str(), nullptr, 16));
  return ReadNumber(path);
}

}  // namespace

bool CollectNetworkDevices(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "net/dev");
  if (!text) return false;
  constexpr std::array<std::string_view, 16> kColumns = {
      "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
      "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
      "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
      "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};
  struct Row {
    std::string_view device;
    std::vector<std::string_view> values;
  };
  std::vector<Row> rows;
  for (const std::string_view line : Lines(*text)) {
    const std::size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;
    const auto device = FieldsOf(line.substr(0, colon));
    auto values = FieldsOf(line.substr(colon + 1));
    if (device.size() == 1 && values.size() >= kColumns.size())
      rows.push_back({device[0], std::move(values)});
  }
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const std::string column(kColumns[i]);
    page.Family("node_network_" + column + "_total", Page::Type::kCounter,
                "Network device statistic " + column + ".");
    for (const Row& row : rows) page.Sample(Number(row.values[i]), {{"device", row.device}});
  }
  bool begun = false;
  for (const Row& row : rows) {
    const auto value = ReadNumber(host.roots.sys / "class/net" / std::string(row.device) /
                                  "statistics/rx_nohandler");
    if (!value) continue;
    if (!begun)
      page.Family("node_network_receive_nohandler_total", Page::Type::kCounter,
                  "Network device statistic receive_nohandler.");
    begun = true;
    page.Sample(*value, {{"device", row.device}});
  }
  return true;
}

bool CollectNetworkClass(const Host& host, Page& page) {
  const auto root = host.roots.sys / "class/net";
  const auto devices = Names(root);
  for (const Property& property : kProperties) {
    bool begun = false;
    for (const std::string& device : devices) {
      auto value = ReadAnyNumber(root / device / property.file);
      if (!value) continue;
      const bool speed = property.file == "speed";
      // -1 for unknown is handed on, as node_exporter does.
      if (speed) *value *= 1000 * 1000 / 8;
      if (!begun) {
        page.Family("node_network_" + std::string(property.metric),
                    property.counter ? Page::Type::kCounter : Page::Type::kGauge,
                    "Network device property: " + std::string(property.metric));
      }
      begun = true;
      page.Sample(*value, {{"device", device}});
    }
  }
  page.Family("node_network_up", Page::Type::kGauge,
              "Value is 1 if operstate is 'up', 0 otherwise.");
  for (const std::string& device : devices) {
    if (!std::filesystem::is_directory(root / device)) continue;
    page.Sample(ReadWord(root / device / "operstate") == "up" ? 1 : 0, {{"device", device}});
  }
  page.Family("node_network_info", Page::Type::kGauge,
              "Non-numeric data from /sys/class/net/<iface>, value is always 1.");
  for (const std::string& device : devices) {
    const auto directory = root / device;
    if (!std::filesystem::is_directory(directory)) continue;
    const auto flags = ReadAnyNumber(directory / "flags");
    const bool up = flags && (static_cast<unsigned>(*flags) & 1U) != 0;
    page.Sample(1, {{"address", ReadWord(directory / "address")},
                    {"adminstate", up ? "up" : "down"},
                    {"broadcast", ReadWord(directory / "broadcast")},
                    {"device", device},
                    {"duplex", ReadWord(directory / "duplex")},
                    {"ifalias", ReadWord(directory / "ifalias")},
                    {"operstate", ReadWord(directory / "operstate")}});
  }
  return !devices.empty();
}

}  // namespace meerkat::host
