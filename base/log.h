#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace meerkat {

enum class LogLevel : unsigned char { kDebug, kInfo, kWarn, kError };

// One key and its value, as text. Numbers and errors are put into text by the caller's side.
struct LogField {
  std::string_view key;
  std::string value;
};

// Structured log lines in logfmt or JSON, with upstream's keys: time, level, source-free, msg,
// component … A Logger is a cheap value: a sink shared by all and the fields bound so far. Threads:
// any.
class Logger {
 public:
  enum class Format : unsigned char { kLogfmt, kJson };
  using Write = std::function<void(std::string_view line)>;

  // Lines go to `write` (called under a lock, one whole line with its newline).
  Logger(LogLevel level, Format format, Write write);
  // Says nothing: for tests and tools.
  static Logger Silent();
  static Logger ToStderr(LogLevel level, Format format);

  // The same log, with `fields` on every line.
  Logger With(std::string_view key, std::string value) const;

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Warn(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

  bool Enabled(LogLevel level) const;

 private:
  struct Sink;
  void Line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const;

  std::shared_ptr<Sink> sink_;
  std::string bound_;  // already formatted
};

}  // namespace meerkat
