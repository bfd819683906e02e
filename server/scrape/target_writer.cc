#include "server/scrape/target_writer.h"

#include <algorithm>

#include "base/histogram_check.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/thread_time.h"
#include "server/scrape/exposition/text_parser.h"
#include "server/scrape/histogram_limits.h"
#include "server/scrape/sample_labels.h"

namespace meerkat::scrape {
namespace {

// Exposed timestamps may run ahead of our clock by as much.
constexpr Millis kMaxAhead = std::chrono::minutes(10);

// Lines from fetching what is known of a series to reading it.
constexpr std::size_t kEntryAhead = 16;
constexpr std::size_t kSeriesAhead = 6;

// Code points in names and values of an exemplar's labels, by the OpenMetrics specification.
constexpr std::size_t kMaxExemplarLength = 128;

std::size_t RuneCount(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

constexpr std::array<std::string_view, 8> kReportNames = {
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
};
constexpr std::size_t kUsualReports = 5;

}  // namespace

// What is known while one body is read.
struct TargetWriter::Pass {
  tsdb::Appender& appender;
  Timestamp scrape_time;
  Timestamp latest;  // exposed timestamps beyond are out of bounds
  std::unique_ptr<Parser> parser;
  std::size_t predicted = 0;  // index into the order of the last scrape
  WriteOutcome outcome;
  std::uint64_t appended = 0;  // for the sample limit
  bool sample_limit_hit = false;
  bool bucket_limit_hit = false;
  std::uint64_t out_of_order = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t out_of_bounds = 0;
  std::uint64_t exemplars_out_of_order = 0;
  HistogramPtr histogram;  // of the sample being taken, within limits; null for floats
  RawLabels raw_labels;
  ParsedExemplar exemplar;
};

TargetWriter::TargetWriter(std::shared_ptr<const ScrapeConfig> config,
                           std::shared_ptr<const Target> target, tsdb::Storage& storage,
                           const Clock& clock, ScrapeMetrics& metrics, Logger log,
                           bool extra_metrics, bool start_timestamps)
    : config_(std::move(config)),
      target_(std::move(target)),
      storage_(storage),
      clock_(clock),
      metrics_(metrics),
      log_(std::move(log)),
      extra_metrics_(extra_metrics || config_->extra_scrape_metrics.value_or(false)),
      start_timestamps_(start_timestamps),
      source_(storage.NewSource()) {}

void TargetWriter::Inherit(std::shared_ptr<TargetWriter> before) {
  const MutexLock lock(mu_);
  before_ = std::move(before);
}

void TargetWriter::TakeOver(TargetWriter& before) {
  const MutexLock lock(before.mu_);
  if (before.before_ != nullptr) before.TakeOver(*std::exchange(before.before_, nullptr));
  cache_ = std::exchange(before.cache_, ScrapeCache());
  report_refs_ = before.report_refs_;
}

WriteOutcome TargetWriter::Write(const Answer& answer) {
  const MutexLock lock(mu_);
  if (before_ != nullptr) TakeOver(*std::exchange(before_, nullptr));
  auto appender = storage_.NewAppender(source_.get());
  WriteOutcome outcome;
  if (answer.error.empty()) {
    outcome = Ingest(*appender, answer);
    if (!outcome.error.empty()) {
      log_.Debug("Append failed", {{"err", outcome.error}});
      appender = storage_.NewAppender(source_.get());  // rolls the first back
      cache_.AbandonScrape();
    }
  } else {
    outcome.error = answer.error;
  }
  if (!outcome.error.empty()) {
    MarkVanished(*appender, answer.time);
    if (cache_.EndScrape(false)) metrics_.cache_flush_forced.Add();
  }
  outcome.duration =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - answer.started).count();
  Report(*appender, answer, outcome);
  if (auto committed = appender->Commit(); !committed) {
    log_.Error("Scrape commit failed", {{"err", committed.error().message()}});
  }
  return outcome;
}

void TargetWriter::WriteEnd(Timestamp time) {
  const MutexLock lock(mu_);
  auto appender = storage_.NewAppender(source_.get());
  MarkVanished(*appender, time);
  cache_.EndScrape(false);
  const std::size_t reports = extra_metrics_ ? kReports : kUsualReports;
  for (std::size_t i = 0; i < reports; ++i) AppendReport(*appender, i, time, StaleNan());
  if (auto committed = appender->Commit(); !committed) {
    log_.Warn("Stale commit failed", {{"err", committed.error().message()}});
  }
}

WriteOutcome TargetWriter::Ingest(tsdb::Appender& appender, const Answer& answer) {
  Pass pass{.appender = appender,
            .scrape_time = answer.time,
            .latest = clock_.Now() + kMaxAhead,
            .parser = nullptr,
            .outcome = {},
            .histogram = nullptr,
            .raw_labels = {},
            .exemplar = {}};
  // An empty page is a page: it ends what was there before.
  if (!answer.body.empty()) pass.outcome.error = ReadBody(pass, answer);
  if (!pass.outcome.error.empty()) return std::move(pass.outcome);
  MarkVanished(appender, answer.time);
  StoreMetadata(appender);
  cache_.EndScrape(!answer.body.empty());
  return std::move(pass.outcome);
}

std::string TargetWriter::ReadBody(Pass& pass, const Answer& answer) {
  const ParserOptions options{.native_histograms = target_->native_histograms,
                              .classic_beside_native = target_->classic_beside_native,
                              .convert_classic_to_nhcb = target_->convert_classic,
                              .keep_classic = target_->classic_beside_native,
                              .start_timestamps = start_timestamps_};
  auto parser =
      NewParser(answer.body, answer.content_type, config_->fallback_scrape_protocol, options);
  if (!parser) return parser.error().message();
  pass.parser = *std::move(parser);
  std::string error = ReadEntries(pass);
  if (pass.sample_limit_hit) {
    if (error.empty()) error = "sample limit exceeded";
    metrics_.exceeded_sample_limit.Add();
  }
  if (pass.bucket_limit_hit) {
    if (error.empty()) error = "histogram bucket limit exceeded";
    metrics_.exceeded_bucket_limit.Add();
  }
  WarnOfRefusals(pass);
  return error;
}

std::string TargetWriter::ReadEntries(Pass& pass) {
  // Upstream would go on for as long as it takes; here others wait for the worker. No honest page
  // comes near: in a second some ten million samples are read.
  const std::chrono::nanoseconds enough = ThreadTime() + target_->timeout;
  constexpr std::uint32_t kUnwatched = 8192;  // entries
  for (std::uint32_t left = kUnwatched;; --left) {
    left -= TakePredicted(pass, left);
    if (left == 0) {
      if (ThreadTime() > enough) {
        return "reading the body took more CPU time than the scrape timeout";
      }
      left = kUnwatched;
      continue;
    }
    auto entry = pass.parser->Next();
    if (!entry) return entry.error().message();
    switch (*entry) {
      case Entry::kEnd:
        return "";
      case Entry::kComment:
        break;
      case Entry::kType:
      case Entry::kHelp:
      case Entry::kUnit:
        TakeMetadata(pass, *entry);
        break;
      case Entry::kSeries:
      case Entry::kHistogram:
        if (std::string error = TakeSample(pass, *entry == Entry::kHistogram); !error.empty()) {
          return error;
        }
        break;
    }
  }
}

// The usual lines: the same series and comments as in the last scrape from this place on. How many
// came, of at most `most`; the first that is anything out of the ordinary is left to the long way.
std::uint32_t TargetWriter::TakePredicted(Pass& pass, std::uint32_t most) {
  const std::vector<ScrapeCache::Line>& order = cache_.order();
  const bool limited = config_->limits.samples != 0;
  Parser& parser = *pass.parser;
  std::uint32_t taken = 0;
  for (; taken < most && pass.predicted < order.size(); ++taken) {
    // A second after the last scrape all of it is out of the processor's caches: what the store
    // knows of a series is fetched some lines before it is needed, and what we know some lines
    // before that.
    __builtin_prefetch(cache_.SeriesAt(pass.predicted + kEntryAhead), 1);
    if (const auto* soon = cache_.SeriesAt(pass.predicted + kSeriesAhead)) {
      pass.appender.Expect(soon->ref);
    }
    const ScrapeCache::Line line = order[pass.predicted];
    if (!line.is_series()) {
      if (!TakePredictedMetadata(pass, line)) break;
      continue;
    }
    ScrapeCache::Series& series = cache_.series(line.index());
    if (!cache_.MayStep(line) || limited || !parser.ExpectSeries(cache_.hash(), series.key())) {
      break;
    }
    ++pass.predicted;
    ++pass.outcome.scraped;
    if (series.dropped) [[unlikely]] {
      cache_.StepSeries(line, false);
      continue;
    }
    ++pass.outcome.after_relabeling;
    // What was expected is a float without timestamps.
    tsdb::Refusal refusal = tsdb::Refusal::kOutOfBounds;
    if (pass.scrape_time <= pass.latest) {
      refusal = pass.appender.Append(series.ref, pass.scrape_time, parser.value());
    }
    if (refusal == tsdb::Refusal::kNone) [[likely]] {
      cache_.StepSeries(line, true);
    } else {
      TakeRefused(pass, line, refusal);
    }
  }
  return taken;
}

bool TargetWriter::TakePredictedMetadata(Pass& pass, ScrapeCache::Line line) {
  const auto& known = cache_.metadata_line(line);
  if (known.raw.length == 0 || !pass.parser->SkipRaw(cache_.hash(), known.raw)) return false;
  if (known.is_type && known.family != nullptr) pass.parser->set_type(known.family->metadata.type);
  cache_.StepMetadata(line);
  ++pass.predicted;
  return true;
}

void TargetWriter::TakeRefused(Pass& pass, ScrapeCache::Line line, tsdb::Refusal refusal) {
  pass.histogram = nullptr;
  if (refusal == tsdb::Refusal::kUnknownSeries) {
    refusal = Append(pass, cache_.series(line.index()));
  }
  // What Judge calls an error here cannot come from a plain number of a known series.
  std::string error;
  cache_.StepSeries(line, Judge(pass, refusal, error));
}

tsdb::Refusal TargetWriter::Append(Pass& pass, ScrapeCache::Series& series) {
  Parser& parser = *pass.parser;
  const auto exposed = config_->honor_timestamps ? parser.time() : std::nullopt;
  const Timestamp time = exposed.value_or(pass.scrape_time);
  if (time > pass.latest) return tsdb::Refusal::kOutOfBounds;
  const Timestamp start = start_timestamps_ ? parser.start() : kMinTime;
  const auto append = [&] {
    if (pass.histogram != nullptr) {
      return pass.appender.Append(series.ref, time, pass.histogram, start);
    }
    return pass.appender.Append(series.ref, time, parser.value(), start);
  };
  tsdb::Refusal refusal = append();
  if (refusal == tsdb::Refusal::kUnknownSeries) {
    series.ref = ResolveAgain(pass, parser.series());
    if (series.ref != tsdb::SeriesRef::kNone) refusal = append();
  }
  return refusal;
}

// The store forgot a series that we still know by its text: a page was gone for hours.
tsdb::SeriesRef TargetWriter::ResolveAgain(Pass& pass, std::string_view text) {
  const std::string line = std::string(text) + " 0\n";
  TextParser again(line);
  again.set_type(pass.parser->type());
  RawLabels raw;
  if (auto entry = again.Next(); entry && *entry == Entry::kSeries) {
    again.GetLabels(raw);
  } else {
    pass.parser->GetLabels(raw);
  }
  return pass.appender.Resolve(SampleLabels(*config_, target_->labels, raw));
}

std::string TargetWriter::TakeSample(Pass& pass, bool histogram) {
  ++pass.outcome.scraped;
  Parser& parser = *pass.parser;
  std::uint32_t index = cache_.Find(parser.series());
  const bool cached = index != ScrapeCache::kNoSeries;
  if (cached) {
    pass.predicted = cache_.series(index).position + 1;
    if (cache_.series(index).dropped) {
      (void)cache_.See(index);
      return "";
    }
  }
  const auto exposed = config_->honor_timestamps ? parser.time() : std::nullopt;
  const bool tracked = !exposed || config_->track_timestamps_staleness;

  ScrapeCache::Series fresh;
  bool again = false;
  if (cached) {
    again = !cache_.See(index);
  } else {
    parser.GetLabels(pass.raw_labels);
    const Labels labels = SampleLabels(*config_, target_->labels, pass.raw_labels);
    if (labels.empty()) {
      (void)cache_.See(cache_.Add(parser.series(), tsdb::SeriesRef::kNone, true));
      return "";
    }
    const LabelCheck check = CheckLabels(*config_, labels);
    if (check.fault == LabelFault::kLimit) metrics_.exceeded_label_limits.Add();
    if (check.fault != LabelFault::kNone) return check.reason;
    // As many as both have together: without rules that may add one, no name was there twice.
    const bool distinct = config_->metric_relabel_rules.empty() &&
                          labels.size() == target_->labels.size() + pass.raw_labels.size();
    if (const auto twice = distinct ? std::nullopt : DuplicateName(pass.raw_labels)) {
      return "label name " + Quote(*twice) + " is not unique: invalid sample";
    }
    fresh.ref = pass.appender.Resolve(labels);
    if (fresh.ref == tsdb::SeriesRef::kNone) return "the limit of series is reached";
  }

  ScrapeCache::Series& series = cached ? cache_.series(index) : fresh;
  tsdb::Refusal refusal = tsdb::Refusal::kDuplicate;
  std::string error;
  bool added = false;
  if (!again || exposed) {
    pass.histogram = nullptr;
    if (histogram) {
      pass.histogram = LimitBuckets(parser.histogram(), config_->native_histogram_bucket_limit,
                                    config_->native_histogram_min_bucket_factor);
      if (pass.histogram == nullptr) {
        pass.bucket_limit_hit = true;
        ++pass.outcome.after_relabeling;
        return "";
      }
      if (std::string fault = HistogramFault(*pass.histogram); !fault.empty()) return fault;
    }
    if (config_->limits.samples != 0 && ++pass.appended > config_->limits.samples) {
      pass.sample_limit_hit = true;
      ++pass.outcome.after_relabeling;
      return "";
    }
    refusal = Append(pass, series);
  }
  added = Judge(pass, refusal, error);
  if (!error.empty()) return error;
  if (!cached && added) {
    index = cache_.Add(parser.series(), series.ref, false);
    (void)cache_.See(index);
    if (!pass.sample_limit_hit && !pass.bucket_limit_hit) ++pass.outcome.series_added;
  }
  if (added && tracked) cache_.Track(index);
  ++pass.outcome.after_relabeling;
  TakeExemplars(pass, cached || added ? cache_.series(index).ref : fresh.ref, histogram);
  return "";
}

bool TargetWriter::Judge(Pass& pass, tsdb::Refusal refusal, std::string& error) {
  switch (refusal) {
    case tsdb::Refusal::kNone:
      return true;
    case tsdb::Refusal::kOutOfOrder:
      ++pass.out_of_order;
      metrics_.out_of_order.Add();
      return false;
    case tsdb::Refusal::kDuplicate:
      ++pass.duplicates;
      metrics_.duplicate_timestamp.Add();
      return false;
    case tsdb::Refusal::kTooOld:
    case tsdb::Refusal::kOutOfBounds:
      ++pass.out_of_bounds;
      metrics_.out_of_bounds.Add();
      return false;
    case tsdb::Refusal::kUnknownSeries:
    case tsdb::Refusal::kSeriesLimit:
      error = "the limit of series is reached";
      return false;
    case tsdb::Refusal::kBadHistogram:
      error = "invalid histogram";
      return false;
  }
  return false;
}

void TargetWriter::TakeExemplars(Pass& pass, tsdb::SeriesRef ref, bool histogram) {
  std::vector<tsdb::Exemplar> exemplars;
  while (pass.parser->TakeExemplar(pass.exemplar)) {
    // Without a time of their own exemplars of a whole histogram could not be told apart.
    if (histogram && !pass.exemplar.time) continue;
    std::vector<Label> labels;
    std::size_t length = 0;
    for (const auto& [name, value] : pass.exemplar.labels) {
      labels.push_back({name, value});
      length += RuneCount(name) + RuneCount(value);
    }
    if (length > kMaxExemplarLength) continue;
    const auto exposed = config_->honor_timestamps ? pass.parser->time() : std::nullopt;
    exemplars.push_back({.labels = Labels::From(std::move(labels)),
                         .value = pass.exemplar.value,
                         .time = pass.exemplar.time.value_or(exposed.value_or(pass.scrape_time))});
  }
  std::ranges::stable_sort(exemplars, {}, &tsdb::Exemplar::time);
  for (const tsdb::Exemplar& exemplar : exemplars) {
    if (pass.appender.AppendExemplar(ref, exemplar) == tsdb::Refusal::kOutOfOrder) {
      ++pass.exemplars_out_of_order;
      metrics_.exemplar_out_of_order.Add();
    }
  }
}

void TargetWriter::TakeMetadata(Pass& pass, Entry entry) {
  const Parser& parser = *pass.parser;
  ScrapeCache::Family& family = cache_.family(parser.name());
  tsdb::Metadata& known = family.metadata;
  const auto set = [&family](auto& field, const auto& value) {
    if (field == value) return;
    field = value;
    family.changed = true;
  };
  if (entry == Entry::kType) set(known.type, parser.type());
  if (entry == Entry::kHelp) set(known.help, parser.text());
  if (entry == Entry::kUnit) set(known.unit, parser.text());
  metadata_changed_ = metadata_changed_ || family.changed;
  cache_.SawMetadata(parser.raw(), entry == Entry::kType, &family);
  // The line was a newcomer or stands elsewhere; the next lines are likely where they were.
  if (pass.predicted < cache_.order().size() && !cache_.order()[pass.predicted].is_series()) {
    ++pass.predicted;
  }
}

void TargetWriter::MarkVanished(tsdb::Appender& appender, Timestamp time) {
  cache_.ForEachVanished([&](const ScrapeCache::Series& series) {
    // Markers that come too late change nothing; nobody needs to hear of it.
    (void)appender.Append(series.ref, time, StaleNan());
  });
}

void TargetWriter::StoreMetadata(tsdb::Appender& appender) {
  if (!std::exchange(metadata_changed_, false)) return;
  cache_.TakeChangedFamilies([&appender](const std::string& name, const tsdb::Metadata& metadata) {
    appender.SetMetadata(name, metadata);
  });
}

void TargetWriter::Report(tsdb::Appender& appender, const Answer& answer,
                          const WriteOutcome& outcome) {
  const std::array<double, kReports> values = {
      outcome.error.empty() ? 1.0 : 0.0,
      outcome.duration,
      static_cast<double>(outcome.scraped),
      static_cast<double>(outcome.after_relabeling),
      static_cast<double>(outcome.series_added),
      static_cast<double>(target_->timeout.count()) / 1000,
      static_cast<double>(config_->limits.samples),
      static_cast<double>(answer.body_bytes),
  };
  const std::size_t reports = extra_metrics_ ? kReports : kUsualReports;
  for (std::size_t i = 0; i < reports; ++i) AppendReport(appender, i, answer.time, values[i]);
}

void TargetWriter::AppendReport(tsdb::Appender& appender, std::size_t which, Timestamp time,
                                double value) {
  tsdb::SeriesRef& ref = report_refs_[which];
  if (ref != tsdb::SeriesRef::kNone &&
      appender.Append(ref, time, value) != tsdb::Refusal::kUnknownSeries) {
    return;
  }
  ref = appender.Resolve(ReportLabels(kReportNames[which], target_->labels));
  if (ref != tsdb::SeriesRef::kNone) (void)appender.Append(ref, time, value);
}

void TargetWriter::WarnOfRefusals(const Pass& pass) const {
  const auto warn = [this](std::uint64_t count, std::string_view message) {
    if (count > 0) log_.Warn(message, {{"num_dropped", std::to_string(count)}});
  };
  warn(pass.out_of_order, "Error on ingesting out-of-order samples");
  warn(pass.duplicates, "Error on ingesting samples with different value but same timestamp");
  warn(pass.out_of_bounds,
       "Error on ingesting samples that are too old or are too far into the future");
  warn(pass.exemplars_out_of_order, "Error on ingesting out-of-order exemplars");
}

std::vector<FamilyMetadata> TargetWriter::Metadata() const {
  const MutexLock lock(mu_);
  std::vector<FamilyMetadata> list;
  for (const auto& [name, family] : cache_.families()) list.push_back({name, family.metadata});
  return list;
}

TargetWriter::MetadataSize TargetWriter::metadata_size() const {
  const MutexLock lock(mu_);
  return {cache_.families().size(), cache_.metadata_bytes()};
}

}  // namespace meerkat::scrape
