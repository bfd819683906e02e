#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

#include "server/commands/api_client.h"
#include "server/commands/query.h"
#include "server/commands/tsdb_session.h"
#include "server/config/web_config_file.h"
#include "server/net/compression.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kUrlFlags[] = {"--url", "--http.config.file", "--enable-feature"};
constexpr std::string_view kNone[] = {"--experimental"};

int CheckProbe(std::span<const std::string> args, std::string_view probe, Streams streams) {
  auto arguments = CommandLine::Read(args, kUrlFlags, kNone);
  if (!arguments) return Fail(streams, arguments.error());
  auto client = ApiClient::Make(arguments->Get("--url", "http://localhost:9090"),
                                arguments->Get("--http.config.file", ""), {});
  if (!client) return Fail(streams, client.error());
  auto response = (*client)->Fetch("GET", probe);
  if (!response) {
    streams.err << "  FAILED: " << response.error().message() << "\n";
    return 1;
  }
  if (response->status != 200) {
    streams.err << "  FAILED: check failed: URL=" << (*client)->server() << probe
                << ", status=" << response->status << "\n";
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
  auto arguments = CommandLine::Read(args, {}, kNone);
  if (!arguments) return Fail(streams, arguments.error());
  if (arguments->words().empty()) {
    return Fail(streams,
                Error(Code::kInvalid, "required argument 'web-config-files' not provided"));
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

// One file of a tar archive: a header of 512 bytes, the content, filled up to blocks of 512.
void AppendTarFile(std::string& archive, const std::string& name, const std::string& content) {
  std::string header(512, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  const auto octal = [](std::uint64_t value, std::size_t digits) {
    std::string text(digits, '0');
    for (std::size_t i = digits; i-- > 0; value >>= 3) {
      text[i] = static_cast<char>('0' + (value & 7));
    }
    return text;
  };
  put(0, name.substr(0, 99));
  put(100, octal(0600, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(content.size(), 11));
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  put(136, octal(static_cast<std::uint64_t>(now), 11));
  header.replace(148, 8, 8, ' ');
  header[156] = '0';
  put(257, "ustar");
  put(263, "00");
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, octal(sum, 6) + std::string("\0 ", 2));
  archive += header;
  archive += content;
  archive.append((512 - content.size() % 512) % 512, '\0');
}

struct Page {
  std::string_view path, file;
};

int Debug(std::span<const std::string> args, std::span<const Page> pages, Streams streams) {
  auto arguments = CommandLine::Read(args, kUrlFlags, kNone);
  if (!arguments) return Fail(streams, arguments.error());
  if (arguments->words().size() != 1) {
    return Fail(streams, Error(Code::kInvalid, "required argument 'server' not provided"));
  }
  auto client =
      ApiClient::Make(arguments->words()[0], arguments->Get("--http.config.file", ""), {});
  if (!client) return Fail(streams, client.error());
  std::string archive;
  for (const Page& page : pages) {
    streams.out << "collecting: " << (*client)->server() << page.path << "\n";
    auto response = (*client)->Fetch("GET", page.path);
    if (!response || response->status != 200) {
      streams.err << "error completing debug command: "
                  << (response ? "server returned " + response->StatusLine()
                               : response.error().message())
                  << "\n";
      return 1;
    }
    AppendTarFile(archive, std::string(page.file), response->body);
  }
  archive.append(1024, '\0');
  const std::string name = "debug.tar.gz";
  std::ofstream out(name, std::ios::binary);
  out << net::Compress(net::Encoding::kGzip, archive) << std::flush;
  if (!out) {
    streams.err << "error creating " << name << "\n";
    return 1;
  }
  streams.out << "Compiling debug information complete, all files written in \"" << name << "\".\n";
  return 0;
}

constexpr Page kMetricsPages[] = {{"/metrics", "metrics.txt"}};
constexpr Page kAllPages[] = {
    {"/metrics", "metrics.txt"},
    {"/api/v1/status/buildinfo", "buildinfo.json"},
    {"/api/v1/status/runtimeinfo", "runtimeinfo.json"},
    {"/api/v1/status/flags", "flags.json"},
    {"/api/v1/status/tsdb", "tsdb.json"},
    {"/api/v1/targets", "targets.json"},
    {"/api/v1/rules", "rules.json"},
};

int DebugMetrics(std::span<const std::string> args, Streams streams) {
  return Debug(args, kMetricsPages, streams);
}
int DebugAll(std::span<const std::string> args, Streams streams) {
  return Debug(args, kAllPages, streams);
}

}  // namespace

std::vector<Command> ServerCommands() {
  return {
      {"check healthy", "[--url=URL]", "Ask whether a server is healthy.", CheckHealthy},
      {"check ready", "[--url=URL]", "Ask whether a server is ready.", CheckReady},
      {"check web-config", "FILE…", "Check web configuration files.", CheckWebConfig},
      {"debug metrics", "SERVER", "Fetch a server's metrics into an archive.", DebugMetrics},
      {"debug all", "SERVER", "Fetch what helps to find a fault into an archive.", DebugAll},
  };
}

}  // namespace meerkat::commands
