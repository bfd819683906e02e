#include "server/commands/tsdb_session.h"

#include <algorithm>
#include <charconv>
#include <iostream>

#include "base/metrics.h"
#include "server/net/io.h"
#include "server/net/system_clock.h"

namespace meerkat::commands {

Result<CommandLine> CommandLine::Read(std::span<const std::string> args,
                                      std::span<const std::string_view> with_value,
                                      std::span<const std::string_view> alone) {
  const auto is_in = [](std::span<const std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  CommandLine read;
  bool words_only = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (words_only || !arg.starts_with('-') || arg == "-") {
      read.words_.push_back(arg);
      continue;
    }
    if (arg == "--") {
      words_only = true;
      continue;
    }
    const std::size_t equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    if (is_in(with_value, name)) {
      if (equals == std::string::npos && i + 1 == args.size()) {
        return Error(Code::kInvalid, "expected argument for flag '" + name + "'");
      }
      read.flags_.emplace(name, equals == std::string::npos ? args[++i] : arg.substr(equals + 1));
    } else if (is_in(alone, name) && equals == std::string::npos) {
      read.flags_.emplace(name, "");
    } else {
      return Error(Code::kInvalid, "unknown flag '" + name + "'");
    }
  }
  return read;
}

std::string CommandLine::Get(std::string_view flag, std::string_view fallback) const {
  const auto [first, last] = flags_.equal_range(flag);
  return std::string(first == last ? fallback : std::prev(last)->second);
}

std::vector<std::string> CommandLine::All(std::string_view flag) const {
  std::vector<std::string> values;
  const auto [first, last] = flags_.equal_range(flag);
  for (auto at = first; at != last; ++at) values.push_back(at->second);
  return values;
}

Result<std::int64_t> CommandLine::Integer(std::string_view flag, std::int64_t fallback) const {
  if (!Has(flag)) return fallback;
  const std::string text = Get(flag, "");
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Error(Code::kInvalid, std::string(flag) + ": \"" + text + "\" is no integer");
  }
  return value;
}

struct Session::Parts {
  net::IoThread io;
  net::SystemClock clock{io};
  Registry registry;
  std::unique_ptr<tsdb::Database> database;
};

Session::Session(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Session::~Session() {
  // The database leaves the clock before the clock's thread ends.
  parts_->database = nullptr;
  parts_->io.Stop();
}

tsdb::Database& Session::database() {
  return *parts_->database;
}

Result<std::unique_ptr<Session>> Session::Open(const std::filesystem::path& path, bool create,
                                               Logger log) {
  std::error_code ignored;
  if (!create && !std::filesystem::is_directory(path, ignored)) {
    return Error(Code::kNotFound, path.string() + ": there is no such data directory");
  }
  auto parts = std::make_unique<Parts>();
  tsdb::Options options;
  options.path = path;
  options.live.retention_time = Millis(0);
  auto opened = tsdb::Database::Open(options, parts->clock, parts->registry, std::move(log));
  if (!opened) return std::move(opened).error();
  parts->database = std::move(*opened);
  return std::unique_ptr<Session>(new Session(std::move(parts)));
}

int Fail(Streams streams, const Error& error) {
  streams.err << "error: " << error.message() << "\n";
  return error.code() == Code::kInvalid ? 2 : 1;
}

}  // namespace meerkat::commands
