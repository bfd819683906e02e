#include <chrono>
#include <fstream>
#include <ostream>
#include <span>
#include <string>

#include "server/commands/api_client.h"
#include "server/commands/arguments.h"
#include "server/commands/query.h"
#include "server/net/compression.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kFlags[] = {kHttpConfigFlag, kExperimentalFlag, kFeatureFlag};
constexpr std::string_view kArchive = "debug.tar.gz";

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

// Profiles of a Go program.
constexpr Page kProfiles[] = {
    {"/debug/pprof/goroutine", "goroutine.pb"},
    {"/debug/pprof/heap", "heap.pb"},
    {"/debug/pprof/mutex", "mutex.pb"},
    {"/debug/pprof/threadcreate", "threadcreate.pb"},
    {"/debug/pprof/profile?seconds=30", "cpu.pb"},
    {"/debug/pprof/block", "block.pb"},
    {"/debug/pprof/trace?seconds=30", "trace.pb"},
};
// What stands for them in meerkat: threads with their CPU time, memory, limits, and what the server
// says of its work.
constexpr Page kProcess[] = {
    {"/debug/process", "process.txt"},
    {"/api/v1/status/buildinfo", "buildinfo.json"},
    {"/api/v1/status/runtimeinfo", "runtimeinfo.json"},
    {"/api/v1/status/flags", "flags.json"},
    {"/api/v1/status/tsdb", "tsdb.json"},
    {"/api/v1/targets", "targets.json"},
    {"/api/v1/rules", "rules.json"},
};
constexpr Page kMetrics[] = {{"/metrics", "metrics.txt"}};

// Fetches pages of one server into an archive.
class Bundle {
 public:
  Bundle(ApiClient& client, Streams streams) : client_(client), streams_(streams) {}

  bool Add(std::span<const Page> pages) {
    for (const Page& page : pages) {
      streams_.out << "collecting: " << client_.server() << page.path << "\n";
      auto response = client_.Fetch("GET", page.path);
      if (!response || response->status != 200) {
        streams_.err << "error completing debug command: "
                     << (response ? "unexpected status code " + std::to_string(response->status)
                                  : "error executing HTTP request: " + response.error().message())
                     << "\n";
        return false;
      }
      AppendTarFile(archive_, std::string(page.file), response->body);
    }
    return true;
  }

  // Profiles of a Prometheus, or what stands for them.
  bool AddProfiles() {
    const auto process = client_.Fetch("GET", kProcess[0].path);
    if (!process || process->status != 200) return Add(kProfiles);
    streams_.out << "This server is a C++ program, which has no pprof profiles; collecting what it "
                    "says of its threads, memory and work. For a CPU profile, run perf on its "
                    "host.\n";
    return Add(kProcess);
  }

  bool Write() {
    archive_.append(1024, '\0');
    std::ofstream out(std::string(kArchive), std::ios::binary);
    out << net::Compress(net::Encoding::kGzip, archive_) << std::flush;
    if (!out) {
      streams_.err << "error completing debug command: cannot write " << kArchive << "\n";
      return false;
    }
    streams_.out << "Compiling debug information complete, all files written in \"" << kArchive
                 << "\".\n";
    return true;
  }

 private:
  ApiClient& client_;
  Streams streams_;
  std::string archive_;
};

int Debug(std::span<const std::string> args, Streams streams, bool profiles, bool metrics) {
  auto arguments = Arguments::Parse(args, kFlags, "SERVER");
  if (!arguments) return Misused(streams, arguments.error());
  auto client = ApiClient::Make(arguments->words()[0], arguments->Value("http.config.file"), {});
  if (!client) return Misused(streams, client.error());
  Bundle bundle(**client, streams);
  if (profiles && !bundle.AddProfiles()) return 1;
  if (metrics && !bundle.Add(kMetrics)) return 1;
  return bundle.Write() ? 0 : 1;
}

int DebugPprof(std::span<const std::string> args, Streams streams) {
  return Debug(args, streams, true, false);
}
int DebugMetrics(std::span<const std::string> args, Streams streams) {
  return Debug(args, streams, false, true);
}
int DebugAll(std::span<const std::string> args, Streams streams) {
  return Debug(args, streams, true, true);
}

}  // namespace

std::vector<Command> DebugCommands() {
  return {
      {"debug pprof", "SERVER",
       "Fetch profiles, of a meerkat its threads, memory and work, into an archive.", DebugPprof,
       kFlags},
      {"debug metrics", "SERVER", "Fetch a server's metrics into an archive.", DebugMetrics,
       kFlags},
      {"debug all", "SERVER", "Fetch what helps to find a fault into an archive.", DebugAll,
       kFlags},
  };
}

}  // namespace meerkat::commands
