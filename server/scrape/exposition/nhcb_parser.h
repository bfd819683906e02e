#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/scrape/exposition/parser.h"

namespace meerkat::scrape {

// One classic histogram being collected.
struct ClassicHistogram {
  std::string family;
  RawLabels labels;                                // without le, the name being the family's
  std::vector<std::pair<double, double>> buckets;  // upper bound, cumulative count
  std::optional<double> count;
  std::optional<double> sum;
  std::optional<Timestamp> time;
  Timestamp start = kMinTime;
  std::vector<ParsedExemplar> exemplars;
};

// Collects the series of each classic histogram into one native histogram with custom buckets,
// named like the family. Everything else passes through.
class NhcbParser : public Parser {
 public:
  // `keep_classic`: the classic series pass through too.
  NhcbParser(std::unique_ptr<Parser> inner, bool keep_classic)
      : inner_(std::move(inner)), keep_classic_(keep_classic) {}

  Result<Entry> Next() override;
  // The converted series depend on several lines, so there are no short cuts.
  bool ExpectSeries(const LineHash&, LineKey) override { return false; }
  bool SkipRaw(const LineHash&, LineKey) override { return false; }
  void GetLabels(RawLabels& labels) const override;
  Timestamp start() const override { return start_; }
  bool TakeExemplar(ParsedExemplar& exemplar) override;

 private:
  // Copies what `inner_` read.
  void Mirror(Entry entry);
  // Takes a line of a classic histogram; false: it is none, or not of the one being collected.
  bool Collect();
  // The collected histogram as the current entry; false when it contradicts itself.
  bool Emit();

  const std::unique_ptr<Parser> inner_;
  const bool keep_classic_;
  std::string family_;  // of the last TYPE line that said histogram
  std::optional<ClassicHistogram> collecting_;
  // Read from `inner_` while the histogram before it was given out.
  std::optional<Result<Entry>> held_;
  bool emitted_ = false;  // the current entry is a converted histogram
  std::string key_;
  RawLabels labels_;
  Timestamp start_ = kMinTime;
  std::deque<ParsedExemplar> exemplars_;
};

}  // namespace meerkat::scrape
