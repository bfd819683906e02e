#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/result.h"
#include "server/scrape/exposition/line_key.h"
#include "server/scrape/scrape_config.h"
#include "tsdb/storage.h"

// What targets answer with, read entry by entry. Acceptance, refusals and their texts are
// upstream's.
namespace meerkat::scrape {

enum class Entry : unsigned char { kEnd, kSeries, kHistogram, kType, kHelp, kUnit, kComment };

// Names and values as they stand in the body: any order, duplicates and empty values included.
using RawLabels = std::vector<std::pair<std::string, std::string>>;

struct ParsedExemplar {
  RawLabels labels;
  double value = 0;
  std::optional<Timestamp> time;
};

// Reads one body, front to back. The body outlives the parser and does not change. After an error
// or kEnd it is spent. Threads: one at a time.
class Parser {
 public:
  virtual ~Parser() = default;

  virtual Result<Entry> Next() = 0;

  // The short cuts for bodies that look like the one before; both leave the parser untouched when
  // they do not apply. ExpectSeries: the next entry is a sample of exactly the series text that
  // `series` stands for, with a value and nothing more. SkipRaw: the next entry is the metadata
  // line `raw`.
  virtual bool ExpectSeries(const LineHash& hash, LineKey series) = 0;
  virtual bool SkipRaw(const LineHash& hash, LineKey raw) = 0;

  // Of the entry read last. `series`: the text that names the series, stable from scrape to scrape.
  std::string_view series() const { return series_; }
  double value() const { return value_; }
  std::optional<Timestamp> time() const {
    return has_time_ ? std::optional<Timestamp>(time_) : std::nullopt;
  }
  const HistogramPtr& histogram() const { return histogram_; }
  virtual void GetLabels(RawLabels& labels) const = 0;
  virtual Timestamp start() const { return kMinTime; }  // "created"; kMinTime: unknown
  // Takes the next exemplar of the sample; false: no more.
  virtual bool TakeExemplar(ParsedExemplar& exemplar) = 0;

  // Of kType, kHelp, kUnit: the family's name, and the text where it applies. `raw` is the whole
  // line for SkipRaw; "" when there is no such thing.
  std::string_view name() const { return name_; }
  const std::string& text() const { return text_; }
  tsdb::MetricType type() const { return type_; }
  // For when the line that would have told was skipped.
  void set_type(tsdb::MetricType type) { type_ = type; }
  std::string_view raw() const { return raw_; }

 protected:
  std::string_view series_;
  double value_ = 0;
  bool has_time_ = false;
  Timestamp time_{};
  HistogramPtr histogram_;
  std::string_view name_;
  std::string text_;
  tsdb::MetricType type_ = tsdb::MetricType::kUnknown;
  std::string_view raw_;
};

struct ParserOptions {
  bool native_histograms = false;        // protobuf: take them
  bool classic_beside_native = false;    // and the classic series too
  bool convert_classic_to_nhcb = false;  // classic histograms as one custom-bucket histogram
  bool keep_classic = false;             // beside the converted
  bool start_timestamps = false;         // _created series become start timestamps
};

// The parser for a Content-Type header, or for `fallback` when that is missing or unknown.
// kInvalid with upstream's words when there is none.
Result<std::unique_ptr<Parser>> NewParser(std::string_view body, std::string_view content_type,
                                          std::optional<ScrapeProtocol> fallback,
                                          const ParserOptions& options);

}  // namespace meerkat::scrape
