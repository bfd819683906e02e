#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "server/host/collectors.h"

// Temperatures, fans, voltages and batteries. Chips may take long to answer; the collectors are
// bounded as a whole.
namespace meerkat::host {
namespace {

// Lower case, other signs than letters, digits, ':' and '_' as '_', none of those at the ends.
std::string Clean(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_';
    out += plain ? c : '_';
  }
  const std::size_t begin = std::min(out.find_first_not_of('_'), out.size());
  const std::size_t end = out.find_last_not_of('_');
  return end == std::string::npos ? "" : out.substr(begin, end + 1 - begin);
}

// The bus and place of the device: the number of an hwmon changes from boot to boot.
std::string ChipOf(const std::filesystem::path& monitor) {
  std::error_code error;
  const auto device = std::filesystem::canonical(monitor / "device", error);
  if (!error) {
    const std::string name = Clean(device.filename().string());
    const std::string bus = Clean(device.parent_path().filename().string());
    if (!name.empty()) return bus.empty() ? name : bus + "_" + name;
  }
  const std::string name = Clean(ReadWord(monitor / "name"));
  return name.empty() ? Clean(monitor.filename().string()) : name;
}

// "temp1_crit_alarm": kind "temp", sensor "temp1", element "crit_alarm".
struct SensorFile {
  std::string kind, sensor, element;
};
std::optional<SensorFile> ParseSensor(const std::string& file) {
  constexpr std::array<std::string_view, 14> kKinds = {
      "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",  "pwm",
      "temp", "curr",        "power",           "energy", "humidity", "freq", "intrusion"};
  for (const std::string_view kind : kKinds) {
    if (!file.starts_with(kind)) continue;
    std::size_t end = file.find_first_not_of("0123456789", kind.size());
    if (end == std::string::npos) end = file.size();
    if (end < file.size() && file[end] != '_') continue;
    return SensorFile{std::string(kind), file.substr(0, end),
                      end < file.size() ? file.substr(end + 1) : ""};
  }
  return std::nullopt;
}

struct Named {
  std::string name;
  std::string help;
  double factor = 1;
  bool counter = false;
};

// How a value of a sensor is called and what it is multiplied by to be in base units.
Named NameOf(const SensorFile& file, bool has_plain) {
  const std::string& kind = file.kind;
  const std::string& element = file.element;
  if (kind == "beep_enable") return {"node_hwmon_beep_enabled", "Hardware beep enabled"};
  if (kind == "vrm") return {"node_hwmon_voltage_regulator_version", "Hardware voltage regulator"};
  if (kind == "update_interval")
    return {"node_hwmon_update_interval_seconds", "Hardware monitor update interval", 0.001};
  std::string name = "node_hwmon_" + kind;
  if (element == "input") {
    if (has_plain) name += "_input";
  } else if (!element.empty()) {
    name += "_" + Clean(element);
  }
  const auto help = [&](const char* what) {
    return std::string("Hardware monitor ") + what + " (" + (element.empty() ? "input" : element) +
           ")";
  };
  if (element == "fault" || element == "alarm")
    return {name, "Hardware sensor " + element + " status (" + kind + ")"};
  if (element == "beep") return {name + "_enabled", "Hardware monitor sensor has beeping enabled"};
  if (kind == "in" || kind == "cpu") return {name + "_volts", help("for voltage"), 0.001};
  if (kind == "temp" && element != "type")
    return {name + "_celsius", help("for temperature"), 0.001};
  if (kind == "curr") return {name + "_amps", help("for current"), 0.001};
  if (kind == "energy") return {name + "_joule_total", help("for joules used so far"), 1e-6, true};
  if (kind == "power" && element == "accuracy")
    return {name, "Hardware monitor power meter accuracy, as a ratio", 1e-6};
  if (kind == "power" && element.starts_with("average_interval"))
    return {name + "_seconds", help("power usage update interval"), 0.001};
  if (kind == "power") return {name + "_watt", help("for power usage in watts"), 1e-6};
  if (kind == "humidity") return {name, help("for humidity, as a ratio"), 1e-6};
  if (kind == "fan" &&
      (element == "input" || element == "min" || element == "max" || element == "target"))
    return {name + "_rpm", help("for fan revolutions per minute")};
  if (kind == "freq" && element == "input")
    return {name + "_freq_mhz", help("for frequency in MHz"), 1e-6};
  return {name, "Hardware monitor " + kind + " element " + element};
}

}  // namespace

bool CollectHwmon(const Host& host, Page& page) {
  struct Sample {
    std::string chip, sensor;
    double value;
  };
  struct Family {
    Named named;
    std::vector<Sample> samples;
  };
  std::map<std::string, Family> families;
  std::vector<std::pair<std::string, std::string>> names;
  std::vector<std::array<std::string, 3>> labels;
  const auto root = host.roots.sys / "class/hwmon";
  for (const std::string& monitor : Names(root)) {
    const std::string chip = ChipOf(root / monitor);
    if (const std::string name = Clean(ReadWord(root / monitor / "name")); !name.empty())
      names.emplace_back(chip, name);
    for (const auto& folder : {root / monitor, root / monitor / "device"}) {
      const auto files = Names(folder);
      for (const std::string& file : files) {
        const auto parsed = ParseSensor(file);
        if (!parsed) continue;
        if (parsed->element == "label") {
          if (const std::string label = ReadWord(folder / file); !label.empty())
            labels.push_back({chip, parsed->sensor, label});
          continue;
        }
        const auto value = ReadNumber(folder / file);
        if (!value) continue;
        const bool plain = std::find(files.begin(), files.end(), parsed->sensor) != files.end();
        Named named = NameOf(*parsed, plain);
        const double factor = named.factor;
        const std::string key = named.name;
        Family& family = families.try_emplace(key, Family{std::move(named), {}}).first->second;
        family.samples.push_back({chip, parsed->sensor, *value * factor});
      }
    }
  }
  if (names.empty() && families.empty()) return false;
  for (const auto& [name, family] : families) {
    page.Family(name, family.named.counter ? Page::Type::kCounter : Page::Type::kGauge,
                family.named.help);
    for (const Sample& sample : family.samples)
      page.Sample(sample.value, {{"chip", sample.chip}, {"sensor", sample.sensor}});
  }
  if (!names.empty())
    page.Family("node_hwmon_chip_names", Page::Type::kGauge,
                "Annotation metric for human-readable chip names");
  for (const auto& [chip, name] : names) page.Sample(1, {{"chip", chip}, {"chip_name", name}});
  if (!labels.empty())
    page.Family("node_hwmon_sensor_label", Page::Type::kGauge, "Label for given chip and sensor");
  for (const auto& [chip, sensor, label] : labels)
    page.Sample(1, {{"chip", chip}, {"sensor", sensor}, {"label", label}});
  return true;
}

bool CollectThermalZones(const Host& host, Page& page) {
  const auto root = host.roots.sys / "class/thermal";
  if (!std::filesystem::is_directory(root)) return false;
  const auto names = Names(root);
  const auto family = [&](std::string_view prefix, const char* file, std::string_view metric,
                          std::string_view help, std::string_view label, double factor) {
    bool begun = false;
    for (const std::string& name : names) {
      if (!name.starts_with(prefix)) continue;
      const auto value = ReadNumber(root / name / file);
      if (!value) continue;
      if (!begun) page.Family(metric, Page::Type::kGauge, help);
      begun = true;
      page.Sample(*value * factor,
                  {{label, name.substr(prefix.size())}, {"type", ReadWord(root / name / "type")}});
    }
  };
  family("thermal_zone", "temp", "node_thermal_zone_temp", "Zone temperature in Celsius", "zone",
         0.001);
  family("cooling_device", "cur_state", "node_cooling_device_cur_state",
         "Current throttle state of the cooling device", "name", 1);
  family("cooling_device", "max_state", "node_cooling_device_max_state",
         "Maximum throttle state of the cooling device", "name", 1);
  return true;
}

bool CollectPowerSupplies(const Host& host, Page& page) {
  struct Entry {
    const char* file;
    std::string_view metric;
    double factor;
  };
  constexpr std::array<Entry, 29> kEntries = {{
      {"authentic", "authentic", 1},
      {"calibrate", "calibrate", 1},
      {"capacity", "capacity", 1},
      {"capacity_alert_max", "capacity_alert_max", 1},
      {"capacity_alert_min", "capacity_alert_min", 1},
      {"charge_control_end_threshold", "charge_control_end_threshold", 1},
      {"charge_control_start_threshold", "charge_control_start_threshold", 1},
      {"charge_full", "charge_full", 1e-6},
      {"charge_full_design", "charge_full_design", 1e-6},
      {"charge_now", "charge_ampere", 1e-6},
      {"current_avg", "current_avg", 1e-6},
      {"current_max", "current_max", 1e-6},
      {"current_now", "current_ampere", 1e-6},
      {"cycle_count", "cyclecount", 1},
      {"energy_full", "energy_full", 1e-6},
      {"energy_full_design", "energy_full_design", 1e-6},
      {"energy_now", "energy_watthour", 1e-6},
      {"online", "online", 1},
      {"power_now", "power_watt", 1e-6},
      {"present", "present", 1},
      {"temp", "temp_celsius", 0.1},
      {"temp_ambient", "temp_ambient_celsius", 0.1},
      {"time_to_empty_now", "time_to_empty_seconds", 1},
      {"time_to_full_now", "time_to_full_seconds", 1},
      {"voltage_avg", "voltage_avg", 1e-6},
      {"voltage_max", "voltage_max", 1e-6},
      {"voltage_min", "voltage_min", 1e-6},
      {"voltage_min_design", "voltage_min_design", 1e-6},
      {"voltage_now", "voltage_volt", 1e-6},
  }};
  const auto root = host.roots.sys / "class/power_supply";
  if (!std::filesystem::is_directory(root)) return false;
  const auto supplies = Names(root);
  for (const Entry& entry : kEntries) {
    bool begun = false;
    for (const std::string& supply : supplies) {
      const auto value = ReadNumber(root / supply / entry.file);
      if (!value) continue;
      const std::string name = "node_power_supply_" + std::string(entry.metric);
      if (!begun)
        page.Family(
            name, Page::Type::kGauge,
            std::string(entry.metric) + " value of /sys/class/power_supply/<power_supply>.");
      begun = true;
      page.Sample(*value * entry.factor, {{"power_supply", supply}});
    }
  }
  if (!supplies.empty())
    page.Family("node_power_supply_info", Page::Type::kGauge,
                "info of /sys/class/power_supply/<power_supply>.");
  for (const std::string& supply : supplies) {
    const auto word = [&](const char* file) { return ReadWord(root / supply / file); };
    page.Sample(1, {{"power_supply", supply},
                    {"capacity_level", word("capacity_level")},
                    {"charge_type", word("charge_type")},
                    {"health", word("health")},
                    {"manufacturer", word("manufacturer")},
                    {"model_name", word("model_name")},
                    {"scope", word("scope")},
                    {"serial_number", word("serial_number")},
                    {"status", word("status")},
                    {"technology", word("technology")},
                    {"type", word("type")},
                    {"usb_type", word("usb_type")}});
  }
  return true;
}

}  // namespace meerkat::host
