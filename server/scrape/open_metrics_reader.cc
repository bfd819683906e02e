#include "server/scrape/open_metrics_reader.h"

#include <vector>

namespace meerkat::scrape {

OpenMetricsReader::OpenMetricsReader(std::string_view text,
                                     std::map<std::string, std::string> labels)
    : added_(std::move(labels)) {
  // _created samples stay samples, as in promtool's import: looking for them ahead of every sample
  // is for scrapes, not for families of millions.
  auto parser = NewParser(text, "application/openmetrics-text; version=1.0.0", std::nullopt, {});
  if (parser) parser_ = std::move(*parser);
}

Labels OpenMetricsReader::LabelsOfSample() {
  raw_.clear();
  parser_->GetLabels(raw_);
  std::vector<Label> labels;
  for (const auto& [name, value] : raw_) labels.push_back({name, value});
  for (const auto& [name, value] : added_) labels.push_back({name, value});
  return Labels::From(std::move(labels));
}

tsdb::Metadata& OpenMetricsReader::MetadataOf(std::string_view family) {
  if (metadata_.empty() || metadata_.back().first != family) {
    metadata_.emplace_back(family, tsdb::Metadata());
  }
  return metadata_.back().second;
}

Result<bool> OpenMetricsReader::Next(tsdb::ImportSample& sample) {
  if (parser_ == nullptr) return Error(Code::kInternal, "there is no OpenMetrics parser");
  for (;;) {
    auto entry = parser_->Next();
    if (!entry) return std::move(entry).error();
    switch (*entry) {
      case Entry::kEnd:
        return false;
      case Entry::kType:
        MetadataOf(parser_->name()).type = parser_->type();
        continue;
      case Entry::kHelp:
        MetadataOf(parser_->name()).help = parser_->text();
        continue;
      case Entry::kUnit:
        MetadataOf(parser_->name()).unit = parser_->text();
        continue;
      case Entry::kComment:
        continue;
      case Entry::kSeries:
      case Entry::kHistogram:
        break;
    }
    if (!parser_->time()) {
      return Error(Code::kInvalid,
                   "expected timestamp for series got none: " + std::string(parser_->series()));
    }
    sample.labels = LabelsOfSample();
    sample.time = *parser_->time();
    sample.value = parser_->value();
    sample.histogram = *entry == Entry::kHistogram ? parser_->histogram() : nullptr;
    sample.start = parser_->start();
    sample.exemplars.clear();
    ParsedExemplar exemplar;
    while (parser_->TakeExemplar(exemplar)) {
      std::vector<Label> labels;
      for (const auto& [name, value] : exemplar.labels) labels.push_back({name, value});
      sample.exemplars.push_back(
          {Labels::From(std::move(labels)), exemplar.value, exemplar.time.value_or(sample.time)});
    }
    sample.metadata.reset();
    if (!metadata_.empty()) {
      sample.metadata = std::move(metadata_.front());
      metadata_.pop_front();
    }
    return true;
  }
}

}  // namespace meerkat::scrape
