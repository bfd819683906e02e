#include <iostream>
#include <string>
#include <vector>

#include "base/heap.h"
#include "server/app/application.h"
#include "server/app/flags.h"
#include "server/commands/all.h"

namespace {

using meerkat::Logger;
using meerkat::LogLevel;
using meerkat::app::Flags;

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warn") return LogLevel::kWarn;
  return name == "error" ? LogLevel::kError : LogLevel::kInfo;
}

int Refuse(const std::string& why) {
  std::cerr << "meerkat: " << why << "\n";
  return 2;
}

int Serve(std::vector<std::string> args) {
  auto outcome = Flags::Parse(std::move(args));
  if (!outcome) return Refuse(outcome.error().message());
  if (!outcome->message.empty()) {
    std::cout << outcome->message;
    return 0;
  }
  const Flags& flags = outcome->flags;
  const Logger log = Logger::ToStderr(
      LevelOf(flags.text("log.level")),
      flags.text("log.format") == "json" ? Logger::Format::kJson : Logger::Format::kLogfmt);
  auto application = meerkat::app::Application::Start(flags, log);
  if (!application) return Refuse(application.error().message());
  (*application)->WaitForEnd();
  const auto stopped = (*application)->Stop();
  if (!stopped) log.Error("The server did not stop cleanly", {{"err", stopped.error().message()}});
  return stopped ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  meerkat::ReturnFreedMemory();
  std::vector<std::string> args(argv + 1, argv + argc);
  if (const auto code = meerkat::commands::RunCommand(argv[0], args)) return *code;
  return Serve(std::move(args));
}
