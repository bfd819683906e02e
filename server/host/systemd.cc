#include <array>
#include <map>

#include "server/host/collectors.h"
#include "server/host/system_bus.h"

// Units of systemd, as it tells them on the system bus.
namespace meerkat::host {
namespace {

constexpr std::string_view kService = "org.freedesktop.systemd1";
constexpr std::string_view kPath = "/org/freedesktop/systemd1";
constexpr std::string_view kManager = "org.freedesktop.systemd1.Manager";
constexpr std::array<std::string_view, 5> kStates = {"active", "activating", "deactivating",
                                                     "inactive", "failed"};
constexpr Millis kTimeout = std::chrono::seconds(1);

struct Unit {
  std::string name, load, active, path, type;
  std::uint64_t last_trigger = 0;  // microseconds since 1970; of timers
};

// node_exporter's default: what there is one of for each disk, mount and session.
bool IsIgnored(std::string_view name) {
  constexpr std::array<std::string_view, 5> kEndings = {".automount", ".device", ".mount", ".scope",
                                                        ".slice"};
  for (const std::string_view ending : kEndings) {
    if (name.ends_with(ending)) return true;
  }
  return false;
}

std::vector<Unit> ReadUnits(std::string_view body) {
  std::vector<Unit> units;
  BusReader reader(body);
  const std::size_t size = reader.U32();
  reader.Align(8);
  const std::size_t end = reader.at() + size;
  while (reader.ok() && reader.at() < end) {
    reader.Align(8);
    Unit unit;
    unit.name = reader.String();
    reader.String();  // description
    unit.load = reader.String();
    unit.active = reader.String();
    reader.String();  // sub state
    reader.String();  // followed unit
    unit.path = reader.String();
    reader.U32();  // job: number, type, path
    reader.String();
    reader.String();
    if (reader.ok()) units.push_back(std::move(unit));
  }
  return units;
}

// The value behind a variant's signature; "" when there is none.
Result<std::string> Property(SystemBus& bus, std::string_view path, std::string_view interface,
                             std::string_view name) {
  return bus.Call({kService, path, "org.freedesktop.DBus.Properties", "Get"}, {interface, name});
}
std::string TextProperty(SystemBus& bus, std::string_view path, std::string_view interface,
                         std::string_view name) {
  const auto body = Property(bus, path, interface, name);
  if (!body) return "";
  BusReader reader(*body);
  return reader.Signature() == "s" ? std::string(reader.String()) : "";
}

}  // namespace

bool CollectSystemd(const Host& host, Page& page) {
  auto bus = SystemBus::Connect(host.roots.root / "run/dbus/system_bus_socket", kTimeout);
  if (!bus) return false;
  const auto listed = bus->Call({kService, kPath, kManager, "ListUnits"}, {});
  if (!listed) return false;
  const std::vector<Unit> all = ReadUnits(*listed);
  std::map<std::string, double, std::less<>> summary;
  for (const std::string_view state : kStates) summary[std::string(state)] = 0;
  std::vector<Unit> units;
  for (const Unit& unit : all) {
    ++summary[unit.active];
    if (unit.load == "loaded" && !IsIgnored(unit.name)) units.push_back(unit);
  }
  for (Unit& unit : units) {
    if (unit.name.ends_with(".service")) {
      unit.type = TextProperty(*bus, unit.path, "org.freedesktop.systemd1.Service", "Type");
    } else if (unit.name.ends_with(".timer")) {
      const auto body =
          Property(*bus, unit.path, "org.freedesktop.systemd1.Timer", "LastTriggerUSec");
      if (!body) continue;
      BusReader reader(*body);
      if (reader.Signature() == "t") unit.last_trigger = reader.U64();
    }
  }
  page.Family("node_systemd_unit_state", Page::Type::kGauge, "Systemd unit");
  for (const Unit& unit : units) {
    for (const std::string_view state : kStates) {
      page.Sample(unit.active == state ? 1 : 0,
                  {{"name", unit.name}, {"state", state}, {"type", unit.type}});
    }
  }
  bool begun = false;
  for (const Unit& unit : units) {
    if (!unit.name.ends_with(".timer")) continue;
    if (!begun)
      page.Family("node_systemd_timer_last_trigger_seconds", Page::Type::kGauge,
                  "Seconds since epoch of last trigger.");
    begun = true;
    page.Sample(static_cast<double>(unit.last_trigger) / 1e6, {{"name", unit.name}});
  }
  page.Family("node_systemd_units", Page::Type::kGauge, "Summary of systemd unit states");
  for (const auto& [state, count] : summary) page.Sample(count, {{"state", state}});
  page.Gauge("node_systemd_system_running",
             "Whether the system is operational (see 'systemctl is-system-running')",
             TextProperty(*bus, kPath, kManager, "SystemState") == "running" ? 1 : 0);
  const std::string version = TextProperty(*bus, kPath, kManager, "Version");
  const std::size_t digits = version.find_first_of("0123456789");
  if (digits != std::string::npos) {
    page.Family("node_systemd_version", Page::Type::kGauge, "Detected systemd version");
    page.Sample(Number(std::string_view(version).substr(digits)), {{"version", version}});
  }
  return true;
}

}  // namespace meerkat::host
