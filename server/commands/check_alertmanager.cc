#include "server/commands/check_alertmanager.h"

#include <filesystem>
#include <istream>
#include <iterator>
#include <ostream>

#include "alerting/check.h"
#include "server/commands/alertmanager_client.h"
#include "server/config/alertmanager_config.h"

namespace meerkat::commands {
namespace {

void Describe(const config::AlertmanagerFile& file, std::ostream& out) {
  out << "Found:\n"
      << " - global config\n"
      << " - route\n"
      << " - " << file.config.inhibit_rules.size() << " inhibit rules\n"
      << " - " << file.config.receivers.size() << " receivers\n"
      << " - " << file.template_globs << " templates\n";
}

// False when something is wrong with this one.
bool CheckOne(const std::string& name, Result<config::AlertmanagerFile> file, Streams streams) {
  streams.out << "Checking '" << name << "'";
  if (!file) {
    streams.out << "  FAILED: " << file.error().message() << "\n\n";
    return false;
  }
  streams.out << "  SUCCESS\n";
  Describe(*file, streams.out);
  for (const std::string& warning : file->warnings) streams.err << "WARNING: " << warning << "\n";
  const auto templates = alerting::CheckTemplates(file->config.templates);
  if (!templates) {
    streams.out << "  FAILED: " << templates.error().message() << "\n\n";
    return false;
  }
  if (file->template_globs > 0) streams.out << "  SUCCESS\n";
  streams.out << "\n";
  return true;
}

}  // namespace

int CheckAlertmanager(std::span<const std::string> args, Streams streams) {
  // amtool's flags for all commands are let in; they mean nothing here.
  const auto arguments = Arguments::Parse(args, kClientFlags);
  if (!arguments) return Refuse(streams, arguments.error());
  for (const std::string& path : arguments->words()) {
    if (path != "-" && !std::filesystem::exists(path)) {
      streams.err << "error: path '" << path << "' does not exist\n";
      return 1;
    }
  }
  std::size_t failed = 0;
  const auto check_stdin = [&] {
    const std::string text(std::istreambuf_iterator<char>(streams.in), {});
    if (!CheckOne("/dev/stdin", config::ParseAlertmanagerConfig("/dev/stdin", text), streams))
      ++failed;
  };
  if (arguments->words().empty()) check_stdin();
  for (const std::string& path : arguments->words()) {
    if (path == "-") {
      check_stdin();
    } else if (!CheckOne(path, config::LoadAlertmanagerConfig(path), streams)) {
      ++failed;
    }
  }
  if (failed == 0) return 0;
  streams.err << "error: failed to validate " << failed << " file(s)\n";
  return 1;
}

std::vector<Command> CheckAlertmanagerCommands() {
  return {{"check alertmanager", "[FILE…]", "Check alertmanager.yml files and their templates.",
           CheckAlertmanager},
          {"check-config", "[FILE…]", "The same, as amtool calls it.", CheckAlertmanager},
          {"check alertmanager-config", "[FILE…]", "The same.", CheckAlertmanager}};
}

}  // namespace meerkat::commands
