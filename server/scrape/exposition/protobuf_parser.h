#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/scrape/exposition/parser.h"

namespace meerkat::scrape {

// io.prometheus.client.MetricFamily messages, each behind its length as a varint. Classic
// histograms and summaries become one series for each part; native ones stay whole when they are
// asked for.
class ProtobufParser : public Parser {
 public:
  ProtobufParser(std::string_view body, const ParserOptions& options)
      : rest_(body), options_(options) {}

  Result<Entry> Next() override;
  bool ExpectSeries(const LineHash&, LineKey) override { return false; }
  bool SkipRaw(const LineHash&, LineKey) override { return false; }
  void GetLabels(RawLabels& labels) const override;
  Timestamp start() const override { return current_.start; }
  bool TakeExemplar(ParsedExemplar& exemplar) override;

 private:
  // One entry to give out.
  struct Item {
    Entry entry = Entry::kSeries;
    RawLabels labels;  // with the name
    double value = 0;
    HistogramPtr histogram;
    std::optional<Timestamp> time;
    Timestamp start = kMinTime;
    std::vector<ParsedExemplar> exemplars;
  };
  struct Metric;
  struct ClassicBucket;
  enum class FamilyType : std::int32_t;

  Result<> ReadFamily();
  // Takes a family's message apart; malformed ones throw protozero's exceptions.
  Result<> Decode(std::string_view message);
  static std::uint32_t ValueTag(FamilyType type);
  static Result<Metric> ReadMetric(std::string_view bytes, FamilyType type);
  // `as_native`: a histogram goes out as a whole. True when that was all of it.
  bool AddMetric(const Metric& metric, bool as_native);
  void AddClassicHistogram(const Metric& metric);
  void AddSummary(const Metric& metric);
  Item& Add(const Metric& metric, std::string_view suffix);

  std::string_view rest_;
  const ParserOptions options_;
  std::string family_;
  std::string help_;
  std::string unit_;
  std::vector<Item> items_;
  std::size_t next_ = 0;
  Item current_;
  std::string key_;
  std::size_t next_exemplar_ = 0;
};

}  // namespace meerkat::scrape
