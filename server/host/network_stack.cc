#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "server/host/collectors.h"

// What the kernel's network stack counts, beyond the single device.
namespace meerkat::host {
namespace {

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

double Hex(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return static_cast<double>(value);
}

}  // namespace

bool CollectNetstat(const Host& host, Page& page) {
  std::map<std::string, double> values;
  for (const char* file : {"net/netstat", "net/snmp"}) {
    if (const auto text = ReadText(host.roots.proc / file)) ReadPairs(*text, values);
  }
  if (const auto text = ReadText(host.roots.proc / "net/snmp6")) {
    for (const std::string_view line : Lines(*text)) {
      const auto fields = FieldsOf(line);
      const std::size_t six = fields.empty() ? std::string_view::npos : fields[0].find('6');
      if (fields.size() != 2 || six == std::string_view::npos) continue;
      values[std::string(fields[0].substr(0, six + 1)) + "_" +
             std::string(fields[0].substr(six + 1))] = Number(fields[1]);
    }
  }
  constexpr std::array<std::string_view, 42> kShown = {"Icmp6_InErrors",
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
                                                       "Udp_SndbufErrors"};
  for (const auto& [name, value] : values) {
    if (std::find(kShown.begin(), kShown.end(), name) == kShown.end()) continue;
    std::string joined = name;
    std::erase(joined, '_');
    page.Family("node_netstat_" + name, Page::Type::kUntyped, "Statistic " + joined + ".");
    page.Sample(value);
  }
  return !values.empty();
}

bool CollectSockets(const Host& host, Page& page) {
  bool any = false;
  for (const char* file : {"net/sockstat", "net/sockstat6"}) {
    const auto text = ReadText(host.roots.proc / file);
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

bool CollectConntrack(const Host& host, Page& page) {
  const auto entries = ReadNumber(host.roots.proc / "sys/net/netfilter/nf_conntrack_count");
  const auto limit = ReadNumber(host.roots.proc / "sys/net/netfilter/nf_conntrack_max");
  if (!entries || !limit) return false;
  page.Gauge("node_nf_conntrack_entries",
             "Number of currently allocated flow entries for connection tracking.", *entries);
  page.Gauge("node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.",
             *limit);
  // A line of names, then a line of hexadecimal counts for each CPU.
  const auto text = ReadText(host.roots.proc / "net/stat/nf_conntrack");
  if (!text) return true;
  const auto lines = Lines(*text);
  const auto names = lines.empty() ? std::vector<std::string_view>() : FieldsOf(lines[0]);
  std::map<std::string_view, double> sums;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = FieldsOf(lines[i]);
    for (std::size_t k = 0; k < std::min(fields.size(), names.size()); ++k)
      sums[names[k]] += Hex(fields[k]);
  }
  struct Entry {
    std::string_view key, help;
  };
  constexpr std::array<Entry, 8> kEntries = {{
      {"found", "Number of searched entries which were successful."},
      {"invalid", "Number of packets seen which can not be tracked."},
      {"ignore", "Number of packets seen which are already connected to a conntrack entry."},
      {"insert", "Number of entries inserted into the list."},
      {"insert_failed", "Number of entries for which list insertion was attempted but failed."},
      {"drop", "Number of packets dropped due to conntrack failure."},
      {"early_drop",
       "Number of dropped conntrack entries to make room for new ones, if maximum table size was "
       "reached."},
      {"search_restart",
       "Number of conntrack table lookups which had to be restarted due to hashtable resizes."},
  }};
  for (const Entry& entry : kEntries) {
    page.Gauge("node_nf_conntrack_stat_" + std::string(entry.key), entry.help, sums[entry.key]);
  }
  return true;
}

bool CollectSoftnet(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "net/softnet_stat");
  if (!text) return false;
  const auto lines = Lines(*text);
  struct Column {
    std::size_t index;
    std::string_view name, help;
    Page::Type type;
  };
  constexpr std::array<Column, 7> kColumns = {{
      {0, "processed_total", "Number of processed packets", Page::Type::kCounter},
      {1, "dropped_total", "Number of dropped packets", Page::Type::kCounter},
      {2, "times_squeezed_total", "Number of times processing packets ran out of quota",
       Page::Type::kCounter},
      {8, "cpu_collision_total",
       "Number of collision occur while obtaining device lock while transmitting",
       Page::Type::kCounter},
      {9, "received_rps_total", "Number of times cpu woken up received_rps", Page::Type::kCounter},
      {10, "flow_limit_count_total", "Number of times flow limit has been reached",
       Page::Type::kCounter},
      {11, "backlog_len", "Softnet backlog status", Page::Type::kGauge},
  }};
  for (const Column& column : kColumns) {
    bool begun = false;
    for (std::size_t line = 0; line < lines.size(); ++line) {
      const auto fields = FieldsOf(lines[line]);
      if (fields.size() <= column.index) continue;
      if (!begun) page.Family("node_softnet_" + std::string(column.name), column.type, column.help);
      begun = true;
      // Newer kernels name the CPU: lines of CPUs that are off are missing.
      const double cpu = fields.size() > 12 ? Hex(fields[12]) : static_cast<double>(line);
      page.Sample(Hex(fields[column.index]), {{"cpu", FormatFloat(cpu)}});
    }
  }
  return !lines.empty();
}

bool CollectUdpQueues(const Host& host, Page& page) {
  bool any = false;
  for (const auto& [file, version] : {std::pair("net/udp", "v4"), std::pair("net/udp6", "v6")}) {
    const auto text = ReadText(host.roots.proc / file);
    if (!text) continue;
    double sent = 0;
    double received = 0;
    const auto lines = Lines(*text);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto fields = FieldsOf(lines[i]);
      if (fields.size() < 5) continue;
      const std::size_t colon = std::min(fields[4].find(':'), fields[4].size() - 1);
      sent += Hex(fields[4].substr(0, colon));
      received += Hex(fields[4].substr(colon + 1));
    }
    if (!any)
      page.Family("node_udp_queues", Page::Type::kGauge,
                  "Number of allocated memory in the kernel for UDP datagrams in bytes.");
    any = true;
    page.Sample(sent, {{"queue", "tx"}, {"ip", version}});
    page.Sample(received, {{"queue", "rx"}, {"ip", version}});
  }
  return any;
}

bool CollectArp(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "net/arp");
  if (!text) return false;
  std::map<std::string_view, double> devices;
  const auto lines = Lines(*text);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = FieldsOf(lines[i]);
    if (fields.size() >= 6) ++devices[fields[5]];
  }
  if (devices.empty()) return true;
  page.Family("node_arp_entries", Page::Type::kGauge, "ARP entries by device");
  for (const auto& [device, entries] : devices) page.Sample(entries, {{"device", device}});
  return true;
}

}  // namespace meerkat::host
