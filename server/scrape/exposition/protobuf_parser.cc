#include "server/scrape/exposition/protobuf_parser.h"

#include <cmath>
#include <protozero/exception.hpp>
#include <utility>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "server/remote/message.h"
#include "server/scrape/exposition/lex.h"

namespace meerkat::scrape {
namespace {

using remote::Message;
using tsdb::MetricType;

Timestamp ReadTimestamp(Message message) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        seconds = message.get_int64();
        break;
      case 2:
        nanos = message.get_int64();
        break;
      default:
        message.skip();
    }
  }
  constexpr std::int64_t kLimit = 9'000'000'000'000'000;
  if (seconds > kLimit || seconds < -kLimit) return kMinTime;
  return FromMillis(seconds * 1000 + nanos / 1'000'000);
}

std::pair<std::string, std::string> ReadLabel(Message message) {
  std::pair<std::string, std::string> label;
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        label.first = message.bytes();
        break;
      case 2:
        label.second = message.bytes();
        break;
      default:
        message.skip();
    }
  }
  return label;
}

ParsedExemplar ReadExemplar(Message message) {
  ParsedExemplar exemplar;
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        exemplar.labels.push_back(ReadLabel(Message(message.bytes())));
        break;
      case 2:
        exemplar.value = message.get_double();
        break;
      case 3:
        exemplar.time = ReadTimestamp(Message(message.bytes()));
        break;
      default:
        message.skip();
    }
  }
  return exemplar;
}

BucketSpan ReadSpan(Message message) {
  BucketSpan span;
  while (message.next()) {
    switch (message.tag()) {
      case 1:
        span.offset = message.get_sint32();
        break;
      case 2:
        span.length = message.get_uint32();
        break;
      default:
        message.skip();
    }
  }
  return span;
}

// Takes out buckets without observations, as upstream does before it looks whether spans make
// sense.
void DropEmptyBuckets(std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  std::uint64_t named = 0;
  for (const BucketSpan& span : spans) named += span.length;
  if (named != buckets.size()) return;
  std::vector<BucketSpan> kept_spans;
  std::vector<double> kept;
  std::int64_t gap = 0;  // since the last bucket that is kept
  auto bucket = buckets.begin();
  for (const BucketSpan& span : spans) {
    gap += span.offset;
    for (const auto end = bucket + span.length; bucket != end; ++bucket) {
      if (*bucket == 0) {
        ++gap;
        continue;
      }
      if (gap == 0 && !kept_spans.empty()) {
        ++kept_spans.back().length;
      } else {
        if (!std::in_range<std::int32_t>(gap)) return;
        kept_spans.push_back({static_cast<std::int32_t>(gap), 1});
      }
      kept.push_back(*bucket);
      gap = 0;
    }
  }
  spans = std::move(kept_spans);
  buckets = std::move(kept);
}

// Each count as its difference to the one before becomes the count itself.
void SumUp(std::vector<double>& deltas) {
  double sum = 0;
  for (double& delta : deltas) {
    sum += delta;
    delta = sum;
  }
}

}  // namespace

enum class ProtobufParser::FamilyType : std::int32_t {
  kCounter = 0,
  kGauge = 1,
  kSummary = 2,
  kUntyped = 3,
  kHistogram = 4,
  kGaugeHistogram = 5,
};

// The field of a metric that holds the value of that type.
std::uint32_t ProtobufParser::ValueTag(FamilyType type) {
  switch (type) {
    case FamilyType::kGauge:
      return 2;
    case FamilyType::kCounter:
      return 3;
    case FamilyType::kSummary:
      return 4;
    case FamilyType::kUntyped:
      return 5;
    case FamilyType::kHistogram:
    case FamilyType::kGaugeHistogram:
      return 7;
  }
  return 0;
}

struct ProtobufParser::ClassicBucket {
  double count = 0;
  double bound = 0;
  std::optional<ParsedExemplar> exemplar;
};

// One metric of a family as it stands in the message.
struct ProtobufParser::Metric {
  RawLabels labels;
  std::optional<Timestamp> time;
  Timestamp start = kMinTime;
  double value = 0;  // of counters, gauges and untyped ones
  std::vector<ParsedExemplar> exemplars;
  double count = 0;
  double sum = 0;
  std::vector<std::pair<double, double>> quantiles;
  std::vector<ClassicBucket> buckets;
  Histogram native;
  bool is_native = false;

  void ReadSimple(Message message) {
    while (message.next()) {
      switch (message.tag()) {
        case 1:
          value = message.get_double();
          break;
        case 2:
          exemplars.push_back(ReadExemplar(Message(message.bytes())));
          break;
        case 3:
          start = ReadTimestamp(Message(message.bytes()));
          break;
        default:
          message.skip();
      }
    }
  }

  void ReadSummary(Message message) {
    while (message.next()) {
      switch (message.tag()) {
        case 1:
          count = static_cast<double>(message.get_uint64());
          break;
        case 2:
          sum = message.get_double();
          break;
        case 3: {
          Message quantile(message.bytes());
          auto& [rank, at_rank] = quantiles.emplace_back(0, 0);
          while (quantile.next()) {
            if (quantile.tag() == 1) {
              rank = quantile.get_double();
            } else if (quantile.tag() == 2) {
              at_rank = quantile.get_double();
            } else {
              quantile.skip();
            }
          }
          break;
        }
        case 4:
          start = ReadTimestamp(Message(message.bytes()));
          break;
        default:
          message.skip();
      }
    }
  }

  void ReadBucket(Message message) {
    ClassicBucket& bucket = buckets.emplace_back();
    while (message.next()) {
      switch (message.tag()) {
        case 1:
          bucket.count = static_cast<double>(message.get_uint64());
          break;
        case 2:
          bucket.bound = message.get_double();
          break;
        case 3:
          bucket.exemplar = ReadExemplar(Message(message.bytes()));
          break;
        case 4:
          if (const double exact = message.get_double(); exact > 0) bucket.count = exact;
          break;
        default:
          message.skip();
      }
    }
  }

  void ReadHistogram(Message message, bool gauge) {
    double float_count = 0;
    double float_zero_count = 0;
    std::vector<double> positive_counts;
    std::vector<double> negative_counts;
    while (message.next()) {
      switch (message.tag()) {
        case 1:
          count = static_cast<double>(message.get_uint64());
          break;
        case 2:
          sum = message.get_double();
          break;
        case 3:
          ReadBucket(Message(message.bytes()));
          break;
        case 4:
          float_count = message.get_double();
          break;
        case 5:
          native.schema = message.get_sint32();
          break;
        case 6:
          native.zero_threshold = message.get_double();
          break;
        case 7:
          native.zero_count = static_cast<double>(message.get_uint64());
          break;
        case 8:
          float_zero_count = message.get_double();
          break;
        case 9:
          native.negative_spans.push_back(ReadSpan(Message(message.bytes())));
          break;
        case 10:
          message.each_sint64([&](std::int64_t number) {
            native.negative_buckets.push_back(static_cast<double>(number));
          });
          break;
        case 11:
          message.each_double([&](double number) { negative_counts.push_back(number); });
          break;
        case 12:
          native.positive_spans.push_back(ReadSpan(Message(message.bytes())));
          break;
        case 13:
          message.each_sint64([&](std::int64_t number) {
            native.positive_buckets.push_back(static_cast<double>(number));
          });
          break;
        case 14:
          message.each_double([&](double number) { positive_counts.push_back(number); });
          break;
        case 15:
          start = ReadTimestamp(Message(message.bytes()));
          break;
        case 16:
          exemplars.push_back(ReadExemplar(Message(message.bytes())));
          break;
        default:
          message.skip();
      }
    }
    const bool floats = float_count > 0 || float_zero_count > 0;
    is_native = !native.positive_spans.empty() || !native.negative_spans.empty() ||
                native.zero_threshold > 0 || native.zero_count > 0 || float_zero_count > 0;
    if (floats) {
      native.positive_buckets = std::move(positive_counts);
      native.negative_buckets = std::move(negative_counts);
      native.zero_count = float_zero_count;
    } else {
      SumUp(native.positive_buckets);
      SumUp(native.negative_buckets);
    }
    native.integer = !floats;
    native.count = floats ? float_count : count;
    if (float_count > 0) count = float_count;
    DropEmptyBuckets(native.positive_spans, native.positive_buckets);
    DropEmptyBuckets(native.negative_spans, native.negative_buckets);
    native.sum = sum;
    if (gauge) native.reset_hint = Histogram::ResetHint::kGauge;
  }
};

Result<Entry> ProtobufParser::Next() {
  while (next_ >= items_.size()) {
    if (rest_.empty()) return Entry::kEnd;
    if (auto family = ReadFamily(); !family) return std::move(family).error();
  }
  current_ = std::move(items_[next_++]);
  next_exemplar_ = 0;
  name_ = family_;
  histogram_ = current_.histogram;
  value_ = current_.value;
  has_time_ = current_.time.has_value();
  time_ = current_.time.value_or(Timestamp{});
  if (current_.entry == Entry::kHelp) text_ = help_;
  if (current_.entry == Entry::kUnit) text_ = unit_;
  if (current_.entry == Entry::kSeries || current_.entry == Entry::kHistogram) {
    key_.clear();
    for (const auto& [name, value] : current_.labels) {
      key_.append(name).append(1, '\xfe').append(value).append(1, '\xff');
    }
    series_ = key_;
  }
  return current_.entry;
}

Result<> ProtobufParser::ReadFamily() {
  std::uint64_t length = 0;
  int shift = 0;
  while (true) {
    if (rest_.empty() || shift > 63) {
      return Error(Code::kInvalid, "protobufparse: invalid varint encountered");
    }
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    length |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    shift += 7;
    if (byte < 0x80) break;
  }
  if (length > rest_.size()) {
    return Error(Code::kInvalid,
                 "protobufparse: insufficient length of buffer, expected at least " +
                     std::to_string(length) + " bytes, got " + std::to_string(rest_.size()) +
                     " bytes");
  }
  const std::string_view message = rest_.substr(0, length);
  rest_.remove_prefix(length);
  items_.clear();
  next_ = 0;
  try {
    return Decode(message);
  } catch (const protozero::exception& exception) {
    return Error(Code::kInvalid, std::string("protobufparse: ") + exception.what());
  }
}

Result<> ProtobufParser::Decode(std::string_view message) {
  family_.clear();
  help_.clear();
  unit_.clear();
  auto type = FamilyType::kCounter;
  std::vector<std::string_view> metrics;
  Message family(message);
  while (family.next()) {
    switch (family.tag()) {
      case 1:
        family_ = family.bytes();
        break;
      case 2:
        help_ = family.bytes();
        break;
      case 3:
        type = static_cast<FamilyType>(family.get_enum());
        break;
      case 4:
        metrics.push_back(family.bytes());
        break;
      case 5:
        unit_ = family.bytes();
        break;
      default:
        family.skip();
    }
  }
  if (metrics.empty()) return {};
  if (!IsValidMetricName(NameScheme::kUtf8, family_)) {
    return Error(Code::kInvalid, "invalid metric name: " + family_);
  }
  if (!IsValidUtf8(help_)) {
    return Error(Code::kInvalid, "invalid help for metric " + Quote(family_) + ": " + help_);
  }
  switch (type) {
    case FamilyType::kCounter:
      type_ = MetricType::kCounter;
      break;
    case FamilyType::kGauge:
      type_ = MetricType::kGauge;
      break;
    case FamilyType::kSummary:
      type_ = MetricType::kSummary;
      break;
    case FamilyType::kHistogram:
      type_ = MetricType::kHistogram;
      break;
    case FamilyType::kGaugeHistogram:
      type_ = MetricType::kGaugeHistogram;
      break;
    case FamilyType::kUntyped:
      type_ = MetricType::kUnknown;
      break;
    default:
      return Error(Code::kInvalid, "unknown metric type for metric " + Quote(family_) + ": " +
                                       std::to_string(static_cast<int>(type)));
  }
  items_.emplace_back().entry = Entry::kHelp;
  items_.emplace_back().entry = Entry::kType;
  if (!unit_.empty()) {
    const bool suffix = family_.size() > unit_.size() && family_.ends_with(unit_) &&
                        family_[family_.size() - unit_.size() - 1] == '_';
    // Counters are named with _total behind the unit.
    const bool counter = type == FamilyType::kCounter && family_.ends_with(unit_ + "_total");
    if (!suffix && !counter) {
      return Error(Code::kInvalid,
                   "unit " + Quote(unit_) + " not a suffix of metric " + Quote(family_));
    }
    items_.emplace_back().entry = Entry::kUnit;
  }
  // What the metric before was decides for this one too, as upstream; the first one for itself.
  bool as_native = false;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    auto metric = ReadMetric(metrics[i], type);
    if (!metric) return std::move(metric).error();
    as_native = as_native || (i == 0 && metric->is_native);
    if (!AddMetric(*metric, as_native && options_.native_histograms)) as_native = false;
    as_native = as_native || metric->is_native;
  }
  return {};
}

Result<ProtobufParser::Metric> ProtobufParser::ReadMetric(std::string_view bytes, FamilyType type) {
  Metric metric;
  Metric other;
  Message reader(bytes);
  while (reader.next()) {
    // A value of another type than the family's is as good as none.
    Metric& into = reader.tag() == ValueTag(type) ? metric : other;
    switch (reader.tag()) {
      case 1:
        metric.labels.push_back(ReadLabel(Message(reader.bytes())));
        break;
      case 2:
      case 3:
      case 5:
        into.ReadSimple(Message(reader.bytes()));
        break;
      case 4:
        into.ReadSummary(Message(reader.bytes()));
        break;
      case 6:
        if (const std::int64_t millis = reader.get_int64(); millis != 0) {
          metric.time = FromMillis(millis);
        }
        break;
      case 7:
        into.ReadHistogram(Message(reader.bytes()), type == FamilyType::kGaugeHistogram);
        break;
      default:
        reader.skip();
    }
  }
  for (const auto& [name, value] : metric.labels) {
    if (name.empty() || !IsValidUtf8(name)) {
      return Error(Code::kInvalid, "invalid label name: " + name);
    }
    if (!IsValidUtf8(value)) return Error(Code::kInvalid, "invalid label value: " + value);
  }
  return metric;
}

ProtobufParser::Item& ProtobufParser::Add(const Metric& metric, std::string_view suffix) {
  Item& item = items_.emplace_back();
  item.labels.emplace_back(kMetricName, family_ + std::string(suffix));
  item.labels.insert(item.labels.end(), metric.labels.begin(), metric.labels.end());
  item.time = metric.time;
  item.start = metric.start;
  return item;
}

bool ProtobufParser::AddMetric(const Metric& metric, bool as_native) {
  if (type_ == MetricType::kSummary) {
    AddSummary(metric);
    return false;
  }
  if (type_ != MetricType::kHistogram && type_ != MetricType::kGaugeHistogram) {
    Item& item = Add(metric, "");
    item.value = std::isnan(metric.value) ? NormalNan() : metric.value;
    item.exemplars = metric.exemplars;
    return false;
  }
  if (!as_native) {
    AddClassicHistogram(metric);
    return false;
  }
  Item& item = Add(metric, "");
  item.entry = Entry::kHistogram;
  item.histogram = std::make_shared<const Histogram>(metric.native);
  item.exemplars = metric.exemplars;
  if (metric.exemplars.empty()) {
    for (const ClassicBucket& bucket : metric.buckets) {
      if (bucket.exemplar) item.exemplars.push_back(*bucket.exemplar);
    }
  }
  if (!options_.classic_beside_native || metric.buckets.empty()) return true;
  AddClassicHistogram(metric);
  return false;
}

void ProtobufParser::AddClassicHistogram(const Metric& metric) {
  Add(metric, "_count").value = metric.count;
  Add(metric, "_sum").value = std::isnan(metric.sum) ? NormalNan() : metric.sum;
  bool infinite = false;
  const auto add_bucket = [&](double bound, double count) -> Item& {
    Item& item = Add(metric, "_bucket");
    item.labels.emplace_back("le", FormatOpenMetricsFloat(bound));
    item.value = count;
    return item;
  };
  for (const ClassicBucket& bucket : metric.buckets) {
    Item& item = add_bucket(bucket.bound, bucket.count);
    if (bucket.exemplar) item.exemplars.push_back(*bucket.exemplar);
    infinite = infinite || (std::isinf(bucket.bound) && bucket.bound > 0);
  }
  if (!infinite) add_bucket(std::numeric_limits<double>::infinity(), metric.count);
}

void ProtobufParser::AddSummary(const Metric& metric) {
  Add(metric, "_count").value = metric.count;
  Add(metric, "_sum").value = std::isnan(metric.sum) ? NormalNan() : metric.sum;
  for (const auto& [rank, value] : metric.quantiles) {
    Item& item = Add(metric, "");
    item.labels.emplace_back("quantile", FormatOpenMetricsFloat(rank));
    item.value = std::isnan(value) ? NormalNan() : value;
  }
}

void ProtobufParser::GetLabels(RawLabels& labels) const {
  labels = current_.labels;
}

bool ProtobufParser::TakeExemplar(ParsedExemplar& exemplar) {
  if (next_exemplar_ >= current_.exemplars.size()) return false;
  exemplar = current_.exemplars[next_exemplar_++];
  return true;
}

}  // namespace meerkat::scrape
