#include <ostream>
#include <string>

#include "server/commands/api_client.h"
#include "server/commands/arguments.h"
#include "server/commands/query.h"
#include "server/config/web_config_file.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kProbeFlags[] = {
    {"url", '\0', true, "http://localhost:9090", "Address of the server."},
    kHttpConfigFlag,
    kLookbackFlag,
    kExperimentalFlag,
    kFeatureFlag};
constexpr FlagRule kCheckFlags[] = {kLookbackFlag, kExperimentalFlag, kFeatureFlag};

int CheckProbe(std::span<const std::string> args, std::string_view probe, Streams streams) {
  auto arguments = Arguments::Parse(args, kProbeFlags, "");
  if (!arguments) return Misused(streams, arguments.error());
  auto client = ApiClient::Make(arguments->Value("url", "http://localhost:9090"),
                                arguments->Value("http.config.file"), {});
  if (!client) return Misused(streams, client.error());
  auto response = (*client)->Fetch("GET", probe);
  if (!response) {
    streams.err << response.error().message() << "\n";
    return 1;
  }
  if (response->status != 200) {
    streams.err << "check failed: URL=" << (*client)->server() << ", status=" << response->status
                << "\n";
    return 1;
  }
  streams.err << "  SUCCESS:  " << response->body << "\n";
  return 0;
}

int CheckHealthy(std::span<const std::string> args, Streams streams) {
  return CheckProbe(args, "/-/healthy", streams);
}
int CheckReady(std::span<const std::string> args, Streams streams) {
  return CheckProbe(args, "/-/ready", streams);
}

int CheckWebConfig(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kCheckFlags, "WEB-CONFIG-FILES…");
  if (!arguments) return Misused(streams, arguments.error());
  if (auto there = CheckFilesExist(arguments->words()); !there) {
    return Misused(streams, there.error());
  }
  bool failed = false;
  for (const std::string& file : arguments->words()) {
    config::WebConfigFile config(file);
    auto parsed = config.Current();
    std::string why;
    if (!parsed) {
      why = parsed.error().message();
    } else if ((*parsed)->tls.enabled()) {
      if (auto tls = net::CheckWebTls((*parsed)->tls); !tls) why = tls.error().message();
    }
    if (why.empty()) {
      streams.err << file << " SUCCESS\n";
    } else {
      streams.err << file << " FAILED: " << why << "\n";
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

}  // namespace

std::vector<Command> ServerCommands() {
  return {
      {"check healthy", "", "Ask whether a server is healthy.", CheckHealthy, kProbeFlags},
      {"check ready", "", "Ask whether a server is ready.", CheckReady, kProbeFlags},
      {"check web-config", "WEB-CONFIG-FILES…", "Check web configuration files.", CheckWebConfig,
       kCheckFlags},
  };
}

}  // namespace meerkat::commands
