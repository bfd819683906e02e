#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "server/scrape/exposition/parser.h"
#include "tsdb/transfer.h"

namespace meerkat::scrape {

// An OpenMetrics text as samples to import. Every sample must carry its time. The text outlives the
// reader. Threads: one.
class OpenMetricsReader : public tsdb::SampleReader {
 public:
  // `labels` are added to every series; they win over the series' own.
  OpenMetricsReader(std::string_view text, std::map<std::string, std::string> labels);

  Result<bool> Next(tsdb::ImportSample& sample) override;

 private:
  Labels LabelsOfSample();
  tsdb::Metadata& MetadataOf(std::string_view family);

  const std::map<std::string, std::string> added_;
  std::unique_ptr<Parser> parser_;
  RawLabels raw_;
  std::deque<std::pair<std::string, tsdb::Metadata>> metadata_;  // to go with the next samples
};

}  // namespace meerkat::scrape
