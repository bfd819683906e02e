#include "base/log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/json_writer.h"
#include "base/quote.h"

namespace meerkat {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"DEBUG", "INFO", "WARN", "ERROR"};

// The one place besides SystemClock that reads the clock: a line tells when it was written.
std::string Now() {
  using std::chrono::duration_cast;
  const auto now = std::chrono::system_clock::now();
  const auto millis = duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = millis / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text;
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 8> tail;
  std::snprintf(tail.data(), tail.size(), ".%03dZ", static_cast<int>(millis % 1000));
  return std::string(text.data(), n) + tail.data();
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '=' || c == '"' ||
        static_cast<unsigned char>(c) >= 0x7F)
      return true;
  }
  return false;
}

void AppendField(std::string& out, Logger::Format format, std::string_view key,
                 std::string_view value) {
  if (format == Logger::Format::kJson) {
    if (!out.empty()) out += ',';
    JsonWriter::AppendQuoted(out, key);
    out += ':';
    JsonWriter::AppendQuoted(out, value);
    return;
  }
  if (!out.empty()) out += ' ';
  out += key;
  out += '=';
  if (NeedsQuotes(value)) {
    out += Quote(value);
  } else {
    out += value;
  }
}

}  // namespace

struct Logger::Sink {
  LogLevel level;
  Format format;
  Mutex mu;
  Write write GUARDED_BY(mu);
};

Logger::Logger(LogLevel level, Format format, Write write) : sink_(std::make_shared<Sink>()) {
  sink_->level = level;
  sink_->format = format;
  MutexLock lock(sink_->mu);
  sink_->write = std::move(write);
}

Logger Logger::Silent() {
  Logger logger(LogLevel::kError, Format::kLogfmt, [](std::string_view) {});
  return logger;
}

Logger Logger::ToStderr(LogLevel level, Format format) {
  return {level, format,
          [](std::string_view line) { std::fwrite(line.data(), 1, line.size(), stderr); }};
}

Logger Logger::With(std::string_view key, std::string value) const {
  Logger copy = *this;
  AppendField(copy.bound_, sink_->format, key, value);
  return copy;
}

bool Logger::Enabled(LogLevel level) const {
  return level >= sink_->level;
}

void Logger::Line(LogLevel level, std::string_view message,
                  std::initializer_list<LogField> fields) const {
  if (!Enabled(level)) return;
  std::string line;
  AppendField(line, sink_->format, "time", Now());
  AppendField(line, sink_->format, "level", kLevelNames[static_cast<std::size_t>(level)]);
  AppendField(line, sink_->format, "msg", message);
  if (!bound_.empty()) {
    line += sink_->format == Format::kJson ? "," : " ";
    line += bound_;
  }
  for (const LogField& field : fields) AppendField(line, sink_->format, field.key, field.value);
  if (sink_->format == Format::kJson) line = "{" + line + "}";
  line += '\n';
  MutexLock lock(sink_->mu);
  sink_->write(line);
}

void Logger::Debug(std::string_view message, std::initializer_list<LogField> fields) const {
  Line(LogLevel::kDebug, message, fields);
}
void Logger::Info(std::string_view message, std::initializer_list<LogField> fields) const {
  Line(LogLevel::kInfo, message, fields);
}
void Logger::Warn(std::string_view message, std::initializer_list<LogField> fields) const {
  Line(LogLevel::kWarn, message, fields);
}
void Logger::Error(std::string_view message, std::initializer_list<LogField> fields) const {
  Line(LogLevel::kError, message, fields);
}

}  // namespace meerkat
