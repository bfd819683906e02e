#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "tsdb/database.h"
#include "tsdb/storage.h"

// History comes in and goes out. What these functions do not know they are handed: text formats are
// read and histograms spelled by whoever calls. Threads: any, while the database serves.
namespace meerkat::tsdb {

struct ImportStats {
  std::uint64_t blocks = 0;   // read to the end
  std::uint64_t series = 0;   // with at least one sample taken
  std::uint64_t samples = 0;  // taken; what was there already counts
  std::uint64_t refused = 0;  // other value at a time that has one, unsound histogram
  TimeRange range{kMaxTime, kMinTime};
  std::vector<std::string> damage;  // what could not be read; everything else was taken
};

struct ImportOptions {
  // Called now and then with what is done so far.
  std::function<void(const ImportStats&)> progress;
  std::stop_token stop;                   // asked between batches; kCanceled then
  std::uint64_t batch_samples = 1 << 18;  // of one commit
};

// Everything in the blocks of a Prometheus data directory, or of one block: floats, native
// histograms of every kind, without what its tombstones delete. Index formats 1 and 2. What has no
// block yet (the write-ahead log) is read too. What was taken is sealed at the end. Importing again
// changes nothing, so an import that was cut short is simply repeated. kNotFound: nothing that
// looks like a block.
Result<ImportStats> ImportPrometheus(const std::filesystem::path& directory, Database& database,
                                     const ImportOptions& options);

// One sample after the other, from wherever.
struct ImportSample {
  Labels labels;
  Timestamp time{};
  double value = 0;
  HistogramPtr histogram;  // null: a float
  Timestamp start = kMinTime;
  std::vector<Exemplar> exemplars;
  // Of the family the labels name, when the source tells; the last one wins.
  std::optional<std::pair<std::string, Metadata>> metadata;
};
class SampleReader {
 public:
  virtual ~SampleReader() = default;
  // False: the end. `sample` is used again; every field is set.
  virtual Result<bool> Next(ImportSample& sample) = 0;
};
Result<ImportStats> ImportSamples(SampleReader& reader, Database& database,
                                  const ImportOptions& options);

enum class DumpFormat : unsigned char {
  kPrometheus,   // {__name__="up", job="x"} 1 1700000000000
  kOpenMetrics,  // up{job="x"} 1 1700000000.000, and # EOF; floats only
  kSeriesJson,   // {"__name__":"up","job":"x"}, once a series
};

struct DumpOptions {
  DumpFormat format = DumpFormat::kPrometheus;
  TimeRange range;
  std::vector<std::vector<Matcher>> selectors;  // none: everything
  std::function<std::string(const Histogram&)> histogram_text;
};

// Series in label order, samples in time order, a piece of text at a time. An error of `write` ends
// the dump.
Result<> Dump(const Storage& storage, const DumpOptions& options,
              const std::function<Result<>(std::string_view)>& write);

}  // namespace meerkat::tsdb
