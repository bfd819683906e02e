#include <algorithm>
#include <array>
#include <map>

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

// Pairs of lines: names, then values, both behind "Tcp:".
void ReadPairs(const std::string& text, std::map<std::string, double>& out) {
  const auto lines = Lines(text);
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const auto names = FieldsOf(lines[i]);
    const auto values = FieldsOf(lines[i + 1]);
    if (names.empty() || names.size() != values.size() || names[0] != values[0]) continue;
    const std::string protocol(names[0].substr(0, names[0].size() - 1));
    for (std::size_t k = 1; k < names.size(); ++k)
      out[protocol + "_" + std::string(names[k])] = Number(values[k]);
  }
}

}  // namespace

bool CollectNetworkDevices(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "net/dev");
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
  return true;
}

bool CollectNetworkClass(const Roots& roots, Page& page) {
  const auto root = roots.sys / "class/net";
  const auto devices = Names(root);
  for (const Property& property : kProperties) {
    bool begun = false;
    for (const std::string& device : devices) {
      auto value = ReadAnyNumber(root / device / property.file);
      if (!value) continue;
      const bool speed = property.file == "speed";
      if (speed && *value < 0) continue;  // -1: unknown
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

bool CollectNetstat(const Roots& roots, Page& page) {
  std::map<std::string, double> values;
  for (const char* file : {"net/netstat", "net/snmp"}) {
    if (const auto text = ReadText(roots.proc / file)) ReadPairs(*text, values);
  }
  if (const auto text = ReadText(roots.proc / "net/snmp6")) {
    for (const std::string_view line : Lines(*text)) {
      const auto fields = FieldsOf(line);
      const std::size_t six = fields.empty() ? std::string_view::npos : fields[0].find('6');
      if (fields.size() != 2 || six == std::string_view::npos) continue;
      values[std::string(fields[0].substr(0, six + 1)) + "_" +
             std::string(fields[0].substr(six + 1))] = Number(fields[1]);
    }
  }
  constexpr std::array<std::string_view, 45> kShown = {"Icmp6_InErrors",
                                                       "Icmp6_InMsgs",
                                                       "Icmp6_OutMsgs",
                                                       "Icmp_InErrors",
                                                       "Icmp_InMsgs",
                                                       "Icmp_OutMsgs",
                                                       "Ip6_InOctets",
                                                       "Ip6_OutOctets",
                                                       "IpExt_InOctets",
                                                       "IpExt_OutOctets",
                                                       "Ip_Forwarding",
                                                       "TcpExt_ListenDrops",
                                                       "TcpExt_ListenOverflows",
                                                       "TcpExt_SyncookiesFailed",
                                                       "TcpExt_SyncookiesRecv",
                                                       "TcpExt_SyncookiesSent",
                                                       "TcpExt_TCPOFOQueue",
                                                       "TcpExt_TCPRcvQDrop",
                                                       "TcpExt_TCPSynRetrans",
                                                       "TcpExt_TCPTimeouts",
                                                       "Tcp_ActiveOpens",
                                                       "Tcp_CurrEstab",
                                                       "Tcp_InErrs",
                                                       "Tcp_InSegs",
                                                       "Tcp_OutRsts",
                                                       "Tcp_OutSegs",
                                                       "Tcp_PassiveOpens",
                                                       "Tcp_RetransSegs",
                                                       "Udp6_InDatagrams",
                                                       "Udp6_InErrors",
                                                       "Udp6_NoPorts",
                                                       "Udp6_OutDatagrams",
                                                       "Udp6_RcvbufErrors",
                                                       "Udp6_SndbufErrors",
                                                       "UdpLite6_InErrors",
                                                       "UdpLite_InErrors",
                                                       "Udp_InDatagrams",
                                                       "Udp_InErrors",
                                                       "Udp_NoPorts",
                                                       "Udp_OutDatagrams",
                                                       "Udp_RcvbufErrors",
                                                       "Udp_SndbufErrors",
                                                       "TcpExt_TCPMemoryPressures",
                                                       "TcpExt_PruneCalled",
                                                       "TcpExt_TCPBacklogDrop"};
  for (const auto& [name, value] : values) {
    if (std::find(kShown.begin(), kShown.end(), name) == kShown.end()) continue;
    std::string joined = name;
    std::erase(joined, '_');
    page.Family("node_netstat_" + name, Page::Type::kGauge, "Statistic " + joined + ".");
    page.Sample(value);
  }
  return !values.empty();
}

bool CollectSockets(const Roots& roots, Page& page) {
  bool any = false;
  for (const char* file : {"net/sockstat", "net/sockstat6"}) {
    const auto text = ReadText(roots.proc / file);
    if (!text) continue;
    for (const std::string_view line : Lines(*text)) {
      const auto fields = FieldsOf(line);
      if (fields.empty() || !fields[0].ends_with(':')) continue;
      const std::string protocol(fields[0].substr(0, fields[0].size() - 1));
      for (std::size_t i = 1; i + 1 < fields.size(); i += 2) {
        const std::string state(fields[i]);
        const std::string name =
            protocol == "sockets" ? "sockets_" + state : protocol + "_" + state;
        page.Gauge("node_sockstat_" + name,
                   "Number of " + protocol + " sockets in state " + state + ".",
                   Number(fields[i + 1]));
        any = true;
        if (state != "mem") continue;
        constexpr double kPage = 4096;
        page.Gauge("node_sockstat_" + protocol + "_mem_bytes",
                   "Number of " + protocol + " sockets in state mem_bytes.",
                   Number(fields[i + 1]) * kPage);
      }
    }
  }
  return any;
}

bool CollectConntrack(const Roots& roots, Page& page) {
  const auto entries = ReadNumber(roots.proc / "sys/net/netfilter/nf_conntrack_count");
  const auto limit = ReadNumber(roots.proc / "sys/net/netfilter/nf_conntrack_max");
  if (!entries || !limit) return false;
  page.Gauge("node_nf_conntrack_entries",
             "Number of currently allocated flow entries for connection tracking.", *entries);
  page.Gauge("node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.",
             *limit);
  return true;
}

}  // namespace meerkat::host
