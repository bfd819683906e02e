// What comes in and what is carried away: import, create-blocks-from, backup, restore.
#include <filesystem>
#include <iostream>
#include <map>

#include "base/mapped_file.h"
#include "server/commands/tsdb_session.h"
#include "server/scrape/open_metrics_reader.h"
#include "tsdb/transfer.h"

namespace meerkat::commands {
namespace {

namespace fs = std::filesystem;

constexpr FlagRule kPathFlag{"storage.tsdb.path", '\0', true, "data/", "Folder of the data."};

void PrintStats(Streams streams, const tsdb::ImportStats& stats) {
  for (const std::string& damage : stats.damage) streams.err << "damaged: " << damage << "\n";
  if (stats.blocks > 0) streams.out << stats.blocks << " blocks, ";
  streams.out << stats.series << " series, " << stats.samples << " samples";
  if (stats.refused > 0) {
    streams.out << ", " << stats.refused << " refused (another value stands at their time)";
  }
  streams.out << "\n";
}

Result<std::map<std::string, std::string>> AddedLabels(const Arguments& arguments) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : arguments.Values("label")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error(Code::kInvalid, "expected KEY=VALUE got '" + text + "'");
    }
    labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return labels;
}

Result<> ImportTexts(std::span<const std::string> files, const Arguments& arguments,
                     const fs::path& path, Streams streams) {
  auto labels = AddedLabels(arguments);
  if (!labels) return std::move(labels).error();
  auto session = Session::Open(path, true);
  if (!session) return std::move(session).error();
  for (const std::string& name : files) {
    auto file = MappedFile::Open(name);
    if (!file) return std::move(file).error();
    scrape::OpenMetricsReader reader(file->bytes(), *labels);
    auto stats = tsdb::ImportSamples(reader, (*session)->database(), {});
    if (!stats) return std::move(stats).error().Within(name);
    if (!arguments.On("quiet")) PrintStats(streams, *stats);
  }
  return (*session)->database().Close();
}

constexpr FlagRule kImportFlags[] = {
    kPathFlag,
    {"label", '\0', true, "NAME=VALUE", "Label to add to every series; may be repeated."},
    {"quiet", 'q', false, "", "Do not count what was taken."},
    {"human-readable", 'r', false, "", "Accepted; the counts are short."}};
constexpr FlagRule kPathFlags[] = {kPathFlag};

int RunImportOpenMetrics(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kImportFlags, "FILE…");
  if (!arguments) return Misused(streams, arguments.error());
  const auto done = ImportTexts(arguments->words(), *arguments,
                                arguments->Value(kPathFlag.name, "data/"), streams);
  return done ? 0 : Fail(streams, done.error());
}

// promtool's name for it: one file, the directory behind it.
int RunCreateBlocks(std::span<const std::string> args, Streams streams) {
  auto arguments =
      Arguments::Parse(args, std::span(kImportFlags).subspan(1), "INPUT-FILE [OUTPUT-DIRECTORY]");
  if (!arguments) return Misused(streams, arguments.error());
  const auto& words = arguments->words();
  const auto done = ImportTexts(std::span(words).first(1), *arguments,
                                words.size() == 2 ? words[1] : "data/", streams);
  return done ? 0 : Fail(streams, done.error());
}

Result<> ImportDirectory(const fs::path& from, const fs::path& to, Streams streams) {
  auto session = Session::Open(to, true);
  if (!session) return std::move(session).error();
  auto stats = tsdb::ImportPrometheus(from, (*session)->database(), {});
  if (!stats) return std::move(stats).error();
  PrintStats(streams, *stats);
  return (*session)->database().Close();
}

int RunImportPrometheus(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kPathFlags, "DIR");
  if (!arguments) return Misused(streams, arguments.error());
  const auto done =
      ImportDirectory(arguments->words()[0], arguments->Value(kPathFlag.name, "data/"), streams);
  return done ? 0 : Fail(streams, done.error());
}

Result<> CheckNewDirectory(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored) || fs::is_empty(path, ignored)) return {};
  return Error(Code::kConflict, path.string() + " is there already and not empty");
}

int RunBackup(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kPathFlags, "TARGET");
  if (!arguments) return Misused(streams, arguments.error());
  const fs::path target = arguments->words()[0];
  if (auto fresh = CheckNewDirectory(target); !fresh) return Fail(streams, fresh.error());
  auto session = Session::Open(arguments->Value(kPathFlag.name, "data/"), false);
  if (!session) return Fail(streams, session.error());
  const auto done = (*session)->database().Snapshot(target, false);
  return done ? 0 : Fail(streams, done.error());
}

int RunRestore(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kPathFlags, "BACKUP");
  if (!arguments) return Misused(streams, arguments.error());
  const fs::path source = arguments->words()[0];
  const fs::path target = arguments->Value(kPathFlag.name, "data/");
  if (auto fresh = CheckNewDirectory(target); !fresh) return Fail(streams, fresh.error());
  std::error_code error;
  fs::create_directories(target, error);
  if (!error) fs::copy(source, target, fs::copy_options::recursive, error);
  if (error) return Fail(streams, Error(Code::kUnavailable, error.message()));
  // Only what opens was restored.
  auto session = Session::Open(target, false);
  return session ? 0 : Fail(streams, session.error());
}

}  // namespace

std::vector<Command> TsdbMoveCommands() {
  return {
      {"tsdb import openmetrics", "FILE…", "Take the samples of OpenMetrics files in.",
       &RunImportOpenMetrics, kImportFlags},
      {"tsdb import prometheus", "DIR",
       "Take the data directory, or one block, of a Prometheus in.", &RunImportPrometheus,
       kPathFlags},
      {"tsdb create-blocks-from openmetrics", "INPUT-FILE [OUTPUT-DIRECTORY]",
       "Take the samples of one OpenMetrics file in.", &RunCreateBlocks,
       std::span(kImportFlags).subspan(1)},
      {"tsdb backup", "TARGET", "Copy a data directory; the copy opens as one.", &RunBackup,
       kPathFlags},
      {"tsdb restore", "BACKUP", "Make a data directory of a backup, or of a snapshot.",
       &RunRestore, kPathFlags},
  };
}

}  // namespace meerkat::commands
