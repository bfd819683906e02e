#include "server/commands/amtool.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>

#include "server/commands/alertmanager_client.h"
#include "server/config/prometheus_config.h"
#include "server/config/yaml_reader.h"

namespace meerkat::commands {
namespace {

using json = nlohmann::ordered_json;

// Which commands take a flag of the configuration file; "" for all.
struct KnownFlag {
  std::string_view name;
  std::string_view command;
  bool takes_value = true;
};
constexpr KnownFlag kFlags[] = {{"alertmanager.url", ""},
                                {"output", ""},
                                {"timeout", ""},
                                {"http.config.file", ""},
                                {"date.format", ""},
                                {"version-check", "", false},
                                {"verbose", "", false},
                                {"author", "silence add"},
                                {"comment", "silence add"},
                                {"require-comment", "silence add", false},
                                {"duration", "silence add"},
                                {"receiver", "alert query"},
                                {"config.file", "config routes"}};

// Flags that may stand before the command with their value behind them.
constexpr std::string_view kFrontFlags[] = {
    "--alertmanager.url", "--output", "-o", "--timeout", "--date.format", "--http.config.file"};

// A word that is no command: the first argument of one. `alert` and `silence` alone are queries.
std::size_t CommandLength(const std::vector<std::string>& args) {
  static constexpr std::string_view kGroups[] = {"alert",  "silence", "config",
                                                 "routes", "cluster", "template"};
  static constexpr std::string_view kSecond[] = {"query",  "add",  "expire", "update", "import",
                                                 "routes", "show", "render", "test"};
  const auto in = [](const auto& list, std::string_view word) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
  };
  if (args.empty()) return 0;
  std::size_t length = 1;
  if (!in(kGroups, args[0])) return length;
  while (length < args.size() && length < 3 && in(kSecond, args[length])) ++length;
  return length;
}

std::string CommandOf(const std::vector<std::string>& args, std::size_t length) {
  std::string name;
  for (std::size_t i = 0; i < length; ++i) name += (i == 0 ? "" : " ") + args[i];
  return name == "alert" || name == "silence" ? name + " query" : name;
}

Result<std::map<std::string, std::string>> ReadDefaults(const std::vector<std::string>& files) {
  std::map<std::string, std::string> defaults;
  for (const std::string& path : files) {
    if (!std::filesystem::exists(path)) continue;
    auto text = config::ReadFile(path);
    if (!text) return std::move(text).error();
    // Keys that are no flag mean nothing, as upstream has it.
    auto read = config::ReadYaml(path, *text, [&](const config::YamlValue& top) {
      top.Entries([&](std::string_view key, const config::YamlValue& value) {
        defaults.emplace(key == "comment_required" ? "require-comment" : key, value.text());
      });
    });
    if (!read) return std::move(read).error();
  }
  return defaults;
}

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<json> Status(std::span<const std::string> args, std::string& format) {
  const auto arguments = Arguments::Parse(args, kClientFlags);
  if (!arguments) return arguments.error();
  format = arguments->Value("output", "simple");
  auto client = AlertmanagerClient::Make(*arguments);
  if (!client) return std::move(client).error();
  return (*client)->Get("/status");
}

int ShowCluster(std::span<const std::string> args, Streams streams) {
  std::string format;
  const auto status = Status(args, format);
  if (!status) return Refuse(streams, status.error());
  const json cluster = status->value("cluster", json::object());
  if (format == "json") {
    streams.out << cluster.dump() << "\n";
    return 0;
  }
  streams.out << "Cluster Status:  " << TextAt(cluster, "status") << "\n"
              << "Node Name:       " << TextAt(cluster, "name") << "\n";
  if (format != "extended") return 0;
  std::vector<std::pair<std::string, std::string>> rows = {{"Address", "Name"}};
  for (const json& peer : cluster.value("peers", json::array())) {
    rows.emplace_back(TextAt(peer, "address"), TextAt(peer, "name"));
  }
  std::size_t width = 0;
  for (const auto& [address, name] : rows) width = std::max(width, address.size());
  streams.out << "\n";
  for (const auto& [address, name] : rows) {
    streams.out << address << std::string(width - address.size() + 2, ' ') << name << "\n";
  }
  return 0;
}

int ShowConfig(std::span<const std::string> args, Streams streams) {
  std::string format;
  const auto status = Status(args, format);
  if (!status) return Refuse(streams, status.error());
  if (format == "json") {
    streams.out << status->dump() << "\n";
    return 0;
  }
  streams.out << TextAt(status->value("config", json::object()), "original") << "\n";
  if (format != "extended") return 0;
  const json version = status->value("versionInfo", json::object());
  for (const char* key : {"buildUser", "goVersion", "revision", "version", "branch", "buildDate"}) {
    streams.out << key << " " << TextAt(version, key) << "\n";
  }
  streams.out << "uptime " << TextAt(*status, "uptime") << "\n";
  return 0;
}

}  // namespace

std::vector<std::string> AmtoolConfigFiles() {
  std::vector<std::string> files;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    files.push_back(std::string(home) + "/.config/amtool/config.yml");
  files.emplace_back("/etc/amtool/config.yml");
  return files;
}

Result<std::vector<std::string>> AmtoolArguments(const std::vector<std::string>& given,
                                                 const std::vector<std::string>& config_files) {
  std::vector<std::string> front;
  auto word = given.begin();
  while (word != given.end() && word->starts_with('-')) {
    front.push_back(*word++);
    const bool value_follows = std::find(std::begin(kFrontFlags), std::end(kFrontFlags),
                                         front.back()) != std::end(kFrontFlags);
    if (value_follows && word != given.end()) front.push_back(*word++);
  }
  std::vector<std::string> rest(word, given.end());
  const bool version = std::find(front.begin(), front.end(), "--version") != front.end();
  if (rest.empty()) {
    for (const std::string& flag : front) {
      const bool known = flag == "--version" || flag == "--help" || flag == "-h" ||
                         !flag.starts_with('-') || FindFlag(kClientFlags, flag) != nullptr;
      if (!known) return std::vector<std::string>{flag};
    }
    return std::vector<std::string>{version ? "--version" : "help"};
  }
  const std::size_t length = CommandLength(rest);
  const std::string command = CommandOf(rest, length);

  auto defaults = ReadDefaults(config_files);
  if (!defaults) return std::move(defaults).error();
  std::vector<std::string> flags;
  for (const KnownFlag& flag : kFlags) {
    const auto value = defaults->find(std::string(flag.name));
    const bool wanted = flag.command.empty() || command.starts_with(flag.command);
    if (value == defaults->end() || !wanted) continue;
    if (flag.takes_value) {
      flags.push_back("--" + value->first + "=" + value->second);
    } else {
      flags.push_back((value->second == "true" ? "--" : "--no-") + value->first);
    }
  }
  // What is written on the command line comes last and wins.
  flags.insert(flags.end(), front.begin(), front.end());
  rest.insert(rest.begin() + static_cast<std::ptrdiff_t>(length), flags.begin(), flags.end());
  return rest;
}

std::vector<Command> AmtoolStatusCommands() {
  return {{"cluster", "", "The same as cluster show.", ShowCluster, kClientFlags},
          {"cluster show", "", "Show the cluster of an alert manager.", ShowCluster, kClientFlags},
          {"config", "", "The same as config show.", ShowConfig, kClientFlags},
          {"config show", "", "Show the configuration an alert manager runs with.", ShowConfig,
           kClientFlags}};
}

}  // namespace meerkat::commands
