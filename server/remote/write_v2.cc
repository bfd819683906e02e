#include <algorithm>
#include <utility>

#include "server/remote/wire.h"
#include "server/remote/write_batch.h"
#include "server/remote/write_receiver.h"

// Remote write 2.0: label names and values are numbers into a table of symbols, and a bad series
// does not fail its neighbours.
namespace meerkat::remote {
namespace {

// Errors told in one answer; the rest is only counted.
constexpr std::size_t kMaxErrors = 50;

void Complain(WriteReceiver::Outcome& outcome, std::size_t& complaints, std::string text) {
  outcome.status = std::max(outcome.status, 400);
  if (++complaints > kMaxErrors) return;
  if (!outcome.error.empty()) outcome.error += '\n';
  outcome.error += text;
}

void TakeRefs(Message& message, std::vector<std::uint32_t>& refs) {
  message.each_uint32([&refs](std::uint32_t ref) { refs.push_back(ref); });
}

// Pairs of symbols; false with a text when a number has no symbol.
bool LookUp(const std::vector<std::uint32_t>& refs, const std::vector<std::string_view>& symbols,
            std::vector<Label>& labels, std::string& error) {
  labels.clear();
  if (refs.size() % 2 != 0) {
    error = "invalid labelRefs length " + std::to_string(refs.size());
    return false;
  }
  for (std::size_t i = 0; i < refs.size(); i += 2) {
    for (const std::uint32_t ref : {refs[i], refs[i + 1]}) {
      if (ref >= symbols.size()) {
        error = "labelRefs " + std::to_string(refs[i]) +
                " (name) = " + std::to_string(refs[i + 1]) +
                " (value) outside of symbols table (size " + std::to_string(symbols.size()) + ")";
        return false;
      }
    }
    labels.push_back({symbols[refs[i]], symbols[refs[i + 1]]});
  }
  return true;
}

std::string Print(const std::vector<std::uint32_t>& refs) {
  std::string out = "[";
  for (const std::uint32_t ref : refs) {
    if (out.size() > 1) out += ' ';
    out += std::to_string(ref);
  }
  return out + "]";
}

}  // namespace

WriteReceiver::Outcome WriteReceiver::AppendV2(std::string_view message, Batch& batch) {
  std::vector<std::string_view> symbols;
  std::vector<std::string_view> series;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 4:
        symbols.push_back(reader.bytes());
        break;
      case 5:
        series.push_back(reader.bytes());
        break;
      default:
        reader.skip();
    }
  }
  // The symbols' numbers change from request to request: a series is known by what they stand for.
  std::vector<SeriesKey> digests;
  digests.reserve(symbols.size());
  for (const std::string_view symbol : symbols) digests.push_back(cache_.KeyOf(symbol));
  Outcome outcome;
  for (const std::string_view one : series) {
    AppendSeriesV2(one, symbols, digests, batch, outcome);
  }
  return outcome;
}

void WriteReceiver::AppendSeriesV2(std::string_view series,
                                   const std::vector<std::string_view>& symbols,
                                   const std::vector<SeriesKey>& digests, Batch& batch,
                                   Outcome& outcome) {
  std::size_t& complaints = batch.complaints;
  std::vector<std::uint32_t>& refs = batch.refs;
  refs.clear();
  std::size_t points = 0;
  std::size_t exemplars = 0;  // senders give them series of their own
  tsdb::Metadata metadata;
  bool has_metadata = false;
  Message reader(series);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        TakeRefs(reader, refs);
        break;
      case 2:
      case 3:
        ++points;
        reader.skip();
        break;
      case 4:
        ++exemplars;
        reader.skip();
        break;
      case 5: {
        has_metadata = true;
        Message entry(reader.bytes());
        while (entry.next()) {
          switch (entry.tag()) {
            case 1:
              metadata.type = MetricTypeOf(entry.get_enum());
              break;
            case 3:
            case 4: {
              const bool help = entry.tag() == 3;
              const std::uint32_t ref = entry.get_uint32();
              if (ref < symbols.size()) (help ? metadata.help : metadata.unit) = symbols[ref];
              break;
            }
            default:
              entry.skip();
          }
        }
        break;
      }
      default:
        reader.skip();
    }
  }

  batch.scratch.clear();
  bool in_table = refs.size() % 2 == 0;
  for (const std::uint32_t ref : refs) {
    in_table = in_table && ref < digests.size();
    if (!in_table) break;
    batch.scratch.append(reinterpret_cast<const char*>(&digests[ref]), sizeof(SeriesKey));
  }
  const SeriesKey key = cache_.KeyOf(batch.scratch);
  tsdb::SeriesRef ref = in_table ? cache_.Find(key, batch.trail) : tsdb::SeriesRef::kNone;
  bool resolved = false;
  const auto resolve = [&]() -> bool {
    resolved = true;
    std::string error;
    if (!LookUp(refs, symbols, batch.labels, error)) {
      Complain(outcome, complaints, "parsing labels for series " + Print(refs) + ": " + error);
      return false;
    }
    LabelFault fault;
    if (FindFault(batch.labels, fault)) {
      invalid_labels_.Add(static_cast<double>(points));
      Complain(outcome, complaints,
               fault.duplicate
                   ? "invalid labels for series, labels " + remote::Print(batch.labels) +
                         ", duplicated label " + fault.name
                   : "invalid metric name or labels, got " + remote::Print(batch.labels));
      return false;
    }
    if (points == 0 && exemplars == 0) {
      Complain(outcome, complaints,
               "TimeSeries must contain at least one sample or histogram for series " +
                   remote::Print(batch.labels));
      return false;
    }
    ref = Resolve(key, batch.labels, batch);
    if (ref == tsdb::SeriesRef::kNone) {
      Complain(outcome, complaints, std::string(TextOf(tsdb::Refusal::kSeriesLimit)));
      outcome.status = 500;
      return false;
    }
    return true;
  };
  if ((ref == tsdb::SeriesRef::kNone || points == 0 || has_metadata) && !resolve()) return;

  const auto series_text = [&] {
    std::string unused;
    LabelFault none;
    LookUp(refs, symbols, batch.labels, unused);
    FindFault(batch.labels, none);  // for its order
    return remote::Print(batch.labels);
  };
  const auto append = [&](const auto& wire, std::uint64_t& written) {
    Batch::Taken taken = batch.Append(ref, wire);
    if (taken.refusal == tsdb::Refusal::kUnknownSeries && !resolved && resolve()) {
      taken = batch.Append(ref, wire);
    }
    if (taken.written) ++written;
    if (taken.refusal != tsdb::Refusal::kNone) {
      Complain(outcome, complaints, std::string(taken.reason) + " for series " + series_text());
    }
  };
  batch.BeginSeries();
  Timestamp newest_exemplar = kMinTime;  // disorder within the request is no fault, as of samples
  const std::uint64_t before = outcome.samples + outcome.histograms;
  reader = Message(series);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2: {
        append(ReadSample(reader.bytes()), outcome.samples);
        break;
      }
      case 3: {
        append(ReadHistogram(reader.bytes()), outcome.histograms);
        break;
      }
      case 4: {
        std::vector<std::uint32_t> numbers;
        tsdb::Exemplar exemplar = ReadExemplar(reader.bytes(), [&numbers](Message& entry) {
          if (entry.tag() != 1) return entry.skip();
          TakeRefs(entry, numbers);
        });
        std::vector<Label> labels;
        std::string error;
        if (!LookUp(numbers, symbols, labels, error)) {
          Complain(outcome, complaints,
                   "parsing exemplar labels for series " + series_text() + ": " + error);
          break;
        }
        exemplar.labels = Labels::From(std::move(labels));
        const tsdb::Refusal refusal = batch.appender->AppendExemplar(ref, exemplar);
        if (refusal == tsdb::Refusal::kNone) {
          ++outcome.exemplars;
          newest_exemplar = std::max(newest_exemplar, exemplar.time);
        } else if (refusal == tsdb::Refusal::kOutOfOrder && exemplar.time > newest_exemplar) {
          Complain(outcome, complaints, "out of order exemplar for series " + series_text());
        }
        break;
      }
      default:
        reader.skip();
    }
  }
  if (has_metadata) {
    for (const Label& label : batch.labels) {
      if (label.name == kMetricName) batch.appender->SetMetadata(label.value, metadata);
    }
  } else {
    without_metadata_.Add(static_cast<double>(outcome.samples + outcome.histograms - before));
  }
}

}  // namespace meerkat::remote
