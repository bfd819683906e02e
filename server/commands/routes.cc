#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "alerting/check.h"
#include "alerting/route.h"
#include "server/commands/alert.h"
#include "server/commands/alertmanager_client.h"
#include "server/config/alertmanager_config.h"
#include "server/config/prometheus_config.h"

namespace meerkat::commands {
namespace {

using alerting::Route;

constexpr FlagRule kConfigFile{"config.file", '\0', true, "FILE",
                               "alertmanager.yml; the server's when it is left out."};

constexpr FlagRule kOfShow[] = {kConfigFile};
constexpr auto kShowFlags = WithClientFlags(kOfShow);

constexpr FlagRule kOfTest[] = {
    kConfigFile,
    {"tree", '\0', false, "", "Draw the routes on the way, too."},
    {"verify.receivers", '\0', true, "NAMES", "Exit with 1 when it goes to others than these."}};
constexpr auto kTestFlags = WithClientFlags(kOfTest);

constexpr FlagRule kOfRender[] = {
    {"template.glob", '\0', true, "GLOB", "Template files. May be repeated."},
    {"template.text", '\0', true, "TEXT", "The template to render."},
    {"template.type", '\0', true, "text", "text or html."},
    {"template.data", '\0', true, "FILE", "JSON to render it with; an example when left out."}};
constexpr auto kRenderFlags = WithClientFlags(kOfRender);

int Fail(Streams streams, std::string_view message) {
  streams.err << "error: " << message << "\n";
  return 1;
}

// Of the file that --config.file names, or of the server.
Result<alerting::RoutingTree> LoadTree(const Arguments& arguments, Streams streams) {
  const std::string path = arguments.Value("config.file");
  if (!path.empty()) {
    if (arguments.Has("alertmanager.url"))
      streams.err << "Warning: --config.file flag overrides the --alertmanager.url.\n";
    auto file = config::LoadAlertmanagerConfig(path);
    if (!file) return std::move(file).error();
    return alerting::RoutingTree(file->config.route);
  }
  auto client = AlertmanagerClient::Make(arguments);
  if (!client) return std::move(client).error();
  const auto status = (*client)->Get("/status");
  if (!status) return status.error();
  const auto shown = status->value("config", nlohmann::ordered_json::object());
  auto file = config::ParseAlertmanagerConfig("the server's configuration",
                                              shown.value("original", std::string()));
  if (!file) return std::move(file).error();
  return alerting::RoutingTree(file->config.route);
}

std::string NameOf(const Route& route, bool is_root) {
  return is_root ? "default-route" : alerting::MatchersText(route.matchers);
}

// Draws the routes of `shown`; null: all of them. Receivers stand where `told` says.
void Draw(std::ostream& out, const Route& route, const std::string& indent, bool is_last,
          bool is_root, const std::set<const Route*>* shown, const std::set<const Route*>* told) {
  out << indent << (is_last ? "└── " : "├── ") << NameOf(route, is_root);
  if (shown == nullptr && route.continue_matching) out << "  continue: true";
  if (told == nullptr || told->contains(&route)) out << "  receiver: " << route.receiver;
  out << "\n";
  std::vector<const Route*> children;
  for (const auto& child : route.routes) {
    if (shown == nullptr || shown->contains(child.get())) children.push_back(child.get());
  }
  for (const Route* child : children) {
    Draw(out, *child, indent + (is_last ? "    " : "│   "), child == children.back(), false, shown,
         told);
  }
}

int Show(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kShowFlags);
  if (!arguments) return Fail(streams, arguments.error().message());
  const auto tree = LoadTree(*arguments, streams);
  if (!tree) return Fail(streams, tree.error().message());
  streams.out << "Routing tree:\n.\n";
  Draw(streams.out, tree->root(), "", true, true, nullptr, nullptr);
  streams.out << "\n";
  return 0;
}

// The routes on the way to those of `matched`.
bool CollectPath(const Route& route, const std::set<const Route*>& matched,
                 std::set<const Route*>& path) {
  bool on_path = matched.contains(&route);
  for (const auto& child : route.routes) on_path = CollectPath(*child, matched, path) || on_path;
  if (on_path) path.insert(&route);
  return on_path;
}

int Test(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kTestFlags);
  if (!arguments) return Fail(streams, arguments.error().message());
  const auto tree = LoadTree(*arguments, streams);
  if (!tree) return Fail(streams, tree.error().message());
  std::vector<Label> labels;
  for (const std::string& word : arguments->words()) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      return Fail(streams, "Failed to parse labels: bad matcher format: " + word);
    std::string_view value = std::string_view(word).substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    labels.push_back({std::string_view(word).substr(0, equals), value});
  }
  const auto routes = tree->Match(Labels::From(std::move(labels)));
  std::string receivers;
  for (const Route* route : routes) {
    if (!receivers.empty()) receivers += ',';
    receivers += route->receiver;
  }
  if (arguments->On("tree")) {
    const std::set<const Route*> matched(routes.begin(), routes.end());
    std::set<const Route*> path;
    CollectPath(tree->root(), matched, path);
    streams.out << "Matching routes:\n.\n";
    Draw(streams.out, tree->root(), "", true, true, &path, &matched);
    streams.out << "\n\n";
  }
  streams.out << receivers << "\n";
  const std::string expected = arguments->Value("verify.receivers");
  if (!expected.empty() && expected != receivers) {
    streams.out << "WARNING: Expected receivers did not match resolved receivers.\n";
    return 1;
  }
  return 0;
}

int Render(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kRenderFlags);
  if (!arguments) return Fail(streams, arguments.error().message());
  // Without files there are still the default templates.
  if (!arguments->Has("template.text"))
    return Fail(streams, "required flag(s) '--template.text' not provided");
  std::vector<alerting::TemplateFile> files;
  for (const std::string& glob : arguments->Values("template.glob")) {
    for (const std::string& path : config::Glob(glob)) {
      auto text = config::ReadFile(path);
      if (!text) return Fail(streams, text.error().message());
      files.push_back({path, std::move(*text)});
    }
  }
  const std::string data_path = arguments->Value("template.data");
  std::string data;
  if (!data_path.empty()) {
    auto read = config::ReadFile(data_path);
    if (!read) return Fail(streams, read.error().message());
    data = std::move(*read);
  }
  const alerting::TemplateTime time{
      [] { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); },
      config::LoadZone};
  auto rendered =
      alerting::RenderTemplate(files, arguments->Value("template.text"),
                               arguments->Value("template.type", "text") == "html", data, time);
  if (!rendered) return Fail(streams, rendered.error().message());
  streams.out << *rendered;
  return 0;
}

}  // namespace

std::vector<Command> RoutesCommands() {
  return {
      {"config routes", "", "The same as routes show.", Show, kShowFlags},
      {"config routes show", "", "The same as routes show.", Show, kShowFlags},
      {"config routes test", "LABEL=VALUE…", "The same as routes test.", Test, kTestFlags},
      {"routes show", "", "Draw the routing tree of alertmanager.yml.", Show, kShowFlags},
      {"routes test", "LABEL=VALUE…", "Say which receivers an alert goes to.", Test, kTestFlags},
      {"template render", "", "Render a notification template.", Render, kRenderFlags}};
}

}  // namespace meerkat::commands
