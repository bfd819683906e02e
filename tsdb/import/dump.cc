#include <algorithm>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/quote.h"
#include "tsdb/transfer.h"

namespace meerkat::tsdb {
namespace {

constexpr std::size_t kPiece = 64 << 10;  // text is handed over in pieces of about this size

// {__name__="a", b="c", d="e"}, or of what stands behind a name {b="c",d="e"}.
void AppendLabels(const Labels& labels, bool with_name, std::string& out) {
  out += '{';
  bool first = true;
  for (const Label label : labels) {
    if (!with_name && label.name == kMetricName) continue;
    if (!first) out += with_name ? ", " : ",";
    first = false;
    out += IsLegacyLabelName(label.name) ? std::string(label.name) : Quote(label.name);
    out += '=';
    out += Quote(label.value);
  }
  out += '}';
}

// 1700000000.000: three decimals always.
void AppendSecondsExactly(std::int64_t millis, std::string& out) {
  const bool negative = millis < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(millis) : static_cast<std::uint64_t>(millis);
  if (negative) out += '-';
  out += std::to_string(size / 1000);
  const std::string part = std::to_string(size % 1000);
  out += '.';
  out.append(3 - part.size(), '0');
  out += part;
}

class Dumper {
 public:
  Dumper(const DumpOptions& options, const std::function<Result<>(std::string_view)>& write)
      : options_(options), write_(write) {}

  Result<> Series(const Labels& labels, const SeriesColumns& columns) {
    if (columns.size() == 0) return {};
    if (options_.format == DumpFormat::kSeriesJson) {
      JsonWriter json(text_);
      json.BeginObject();
      for (const Label label : labels) json.Key(label.name).String(label.value);
      json.EndObject();
      text_ += '\n';
      return HandOver(kPiece);
    }
    prefix_.clear();
    const bool open_metrics = options_.format == DumpFormat::kOpenMetrics;
    if (open_metrics) prefix_ += labels.metric_name();
    AppendLabels(labels, !open_metrics, prefix_);
    prefix_ += ' ';
    auto histogram = columns.histograms.begin();
    for (std::uint32_t i = 0; i < columns.size(); ++i) {
      const bool is_histogram = histogram != columns.histograms.end() && histogram->index == i;
      // The OpenMetrics form ends a series at its first histogram: there is no text for them.
      if (is_histogram && open_metrics) break;
      text_ += prefix_;
      if (is_histogram) {
        text_ += options_.histogram_text(*histogram->histogram);
        ++histogram;
      } else {
        text_ += FormatFloat(columns.values[i], 'g');
      }
      text_ += ' ';
      const std::int64_t millis = ToMillis((*columns.times)[i]);
      if (open_metrics) {
        AppendSecondsExactly(millis, text_);
      } else {
        text_ += std::to_string(millis);
      }
      text_ += '\n';
      if (auto handed = HandOver(kPiece); !handed) return handed;
    }
    return {};
  }

  Result<> End() {
    if (options_.format == DumpFormat::kOpenMetrics) text_ += "# EOF\n";
    return HandOver(1);
  }

 private:
  Result<> HandOver(std::size_t from) {
    if (text_.size() < from) return {};
    Result<> written = write_(text_);
    text_.clear();
    return written;
  }

  const DumpOptions& options_;
  const std::function<Result<>(std::string_view)>& write_;
  std::string text_;
  std::string prefix_;
};

}  // namespace

Result<> Dump(const Storage& storage, const DumpOptions& options,
              const std::function<Result<>(std::string_view)>& write) {
  auto querier = storage.NewQuerier(options.range);
  if (!querier) return std::move(querier).error();
  std::vector<std::vector<Matcher>> selectors = options.selectors;
  if (selectors.empty()) selectors.emplace_back();
  // Several selectors are merged: a series that two of them name comes once.
  std::vector<std::unique_ptr<SeriesSet>> sets;
  const auto advance = [&sets](std::size_t at) -> Result<> {
    auto more = sets[at]->Next();
    if (!more) return std::move(more).error();
    if (!*more) sets.erase(sets.begin() + static_cast<std::ptrdiff_t>(at));
    return {};
  };
  for (const auto& matchers : selectors) {
    auto set = (*querier)->Select(matchers, {});
    if (!set) return std::move(set).error();
    sets.push_back(std::move(*set));
    if (auto done = advance(sets.size() - 1); !done) return done;
  }
  Dumper dumper(options, write);
  SeriesColumns columns;
  while (!sets.empty()) {
    const auto least = std::min_element(sets.begin(), sets.end(), [](const auto& a, const auto& b) {
      return a->labels() < b->labels();
    });
    const Labels labels = (*least)->labels();
    if (auto read = (*least)->Read(columns); !read) return read;
    if (auto done = dumper.Series(labels, columns); !done) return done;
    for (std::size_t i = sets.size(); i-- > 0;) {
      if (!(sets[i]->labels() == labels)) continue;
      if (auto done = advance(i); !done) return done;
    }
  }
  return dumper.End();
}

}  // namespace meerkat::tsdb
