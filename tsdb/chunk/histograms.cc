#include "tsdb/chunk/histograms.h"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/ints.h"
#include "tsdb/chunk/positions.h"
#include "tsdb/chunk/values.h"

// histograms := group*                                                   until all are there
// group      := count: varint, first: positions over the count           where a new one begins
//               layouts: varint, layout*, which: ints, hints: ints,
//               counts: sized values, sums: sized values, zeros: sized values,
//               per layout, per bucket (positive, then negative): sized values
// layout     := integer: u8, schema: signed, threshold: u64 (bits), spans, spans,
//               bounds: varint, sized values
// spans      := count: varint, (offset: signed, length: varint)*
// Columns have an entry for each new histogram, bucket columns for each new one of that layout.
namespace meerkat::tsdb {
namespace {

constexpr std::size_t kOtherFields = 32;  // of a histogram, in numbers
// A group takes histograms until it has so many numbers; the decoder believes no group that claims
// more than the second: one histogram alone may be that wide.
constexpr std::size_t kGroupNumbers = std::size_t{1} << 20;
constexpr std::size_t kMaxGroupNumbers = std::size_t{1} << 24;
constexpr std::size_t kLayoutsToTry = 16;  // layouts come back soon or not at all

// What must be equal for two histograms to share bucket columns: the histogram without its numbers.
using Layout = Histogram;

bool SameLayout(const Histogram& a, const Histogram& b) {
  const auto same_bits = [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  };
  return a.integer == b.integer && a.schema == b.schema &&
         same_bits(a.zero_threshold, b.zero_threshold) && a.positive_spans == b.positive_spans &&
         a.negative_spans == b.negative_spans &&
         std::equal(a.custom_bounds.begin(), a.custom_bounds.end(), b.custom_bounds.begin(),
                    b.custom_bounds.end(), same_bits);
}

void PutColumn(std::span<const double> values, std::string& out) {
  std::string column;
  EncodeValues(values, column);
  PutVarint(column.size(), out);
  out += column;
}

bool GetColumn(ByteReader& reader, std::span<double> values) {
  std::uint64_t size;
  std::string_view column;
  return reader.Varint(size, reader.left()) && reader.Bytes(size, column) &&
         DecodeValues(column, values).ok();
}

void PutSpans(const std::vector<BucketSpan>& spans, std::string& out) {
  PutVarint(spans.size(), out);
  for (const BucketSpan& span : spans) {
    PutSigned(span.offset, out);
    PutVarint(span.length, out);
  }
}

bool GetSpans(ByteReader& reader, std::vector<BucketSpan>& spans, std::uint64_t& buckets) {
  std::uint64_t count;
  if (!reader.Varint(count, reader.left() / 2)) return false;
  spans.reserve(count);
  buckets = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::int64_t offset;
    std::uint64_t length;
    if (!reader.Signed(offset) || offset != static_cast<std::int32_t>(offset) ||
        !reader.Varint(length, 0xFFFFFFFF)) {
      return false;
    }
    buckets += length;
    spans.push_back({static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(length)});
  }
  return true;
}

void PutLayout(const Histogram& layout, std::string& out) {
  PutByte(layout.integer ? 1 : 0, out);
  PutSigned(layout.schema, out);
  PutLittle(std::bit_cast<std::uint64_t>(layout.zero_threshold), out);
  PutSpans(layout.positive_spans, out);
  PutSpans(layout.negative_spans, out);
  PutVarint(layout.custom_bounds.size(), out);
  PutColumn(layout.custom_bounds, out);
}

struct Group {
  Layout layout;
  std::size_t positive = 0;  // buckets
  std::size_t negative = 0;
  std::vector<std::uint32_t> members;  // which of the new histograms have this layout
};

bool GetLayout(ByteReader& reader, Group& group) {
  Layout& layout = group.layout;
  std::uint8_t integer;
  std::int64_t schema;
  std::uint64_t threshold;
  std::uint64_t positive;
  std::uint64_t negative;
  std::uint64_t bounds;
  if (!reader.Byte(integer) || integer > 1 || !reader.Signed(schema) ||
      schema != static_cast<std::int32_t>(schema) || !reader.Little(threshold) ||
      !GetSpans(reader, layout.positive_spans, positive) ||
      !GetSpans(reader, layout.negative_spans, negative) || positive + negative > reader.left() ||
      !reader.Varint(bounds, kMaxGroupNumbers / kOtherFields)) {
    return false;
  }
  layout.integer = integer == 1;
  layout.schema = static_cast<std::int32_t>(schema);
  layout.zero_threshold = std::bit_cast<double>(threshold);
  layout.custom_bounds.resize(bounds);
  group.positive = positive;
  group.negative = negative;
  return GetColumn(reader, layout.custom_bounds);
}

// The i-th bucket, counting the positive ones first.
template <typename H>
auto& Bucket(H& histogram, std::size_t positive, std::size_t index) {
  return index < positive ? histogram.positive_buckets[index]
                          : histogram.negative_buckets[index - positive];
}

bool DecodeGroup(ByteReader& reader, std::size_t count, std::vector<HistogramPtr>& histograms) {
  std::vector<std::uint32_t> first;
  std::uint64_t layouts;
  if (!GetPositions(reader, count, first) || first.empty() || first[0] != 0 ||
      !reader.Varint(layouts, reader.left())) {
    return false;
  }
  const std::size_t n = first.size();
  std::vector<Group> groups(layouts);
  std::size_t bounds = 0;
  for (Group& group : groups) {
    if (!GetLayout(reader, group)) return false;
    bounds += group.layout.custom_bounds.size();
    if (bounds > kMaxGroupNumbers) return false;
  }
  std::size_t numbers = bounds;
  bool valid = true;
  std::vector<Histogram::ResetHint> hints(n);
  if (!DecodeInts(reader, n,
                  [&](std::size_t begin, auto which) {
                    for (std::size_t i = 0; i < which.size(); ++i) {
                      if (static_cast<std::uint64_t>(which[i]) >= layouts) {
                        valid = false;
                        return;
                      }
                      Group& group = groups[static_cast<std::size_t>(which[i])];
                      group.members.push_back(static_cast<std::uint32_t>(begin + i));
                      numbers += kOtherFields + group.positive + group.negative +
                                 group.layout.custom_bounds.size();
                    }
                  }) ||
      !valid || numbers > kMaxGroupNumbers ||
      !DecodeInts(reader, n,
                  [&](std::size_t begin, auto kinds) {
                    for (std::size_t i = 0; i < kinds.size(); ++i) {
                      valid = valid && kinds[i] >= 0 && kinds[i] <= 3;
                      hints[begin + i] = static_cast<Histogram::ResetHint>(kinds[i] & 3);
                    }
                  }) ||
      !valid) {
    return false;
  }
  std::vector<double> counts(n);
  std::vector<double> sums(n);
  std::vector<double> zeros(n);
  if (!GetColumn(reader, counts) || !GetColumn(reader, sums) || !GetColumn(reader, zeros)) {
    return false;
  }
  std::vector<std::shared_ptr<Histogram>> made(n);
  std::vector<double> buckets;
  for (Group& group : groups) {
    for (const std::uint32_t member : group.members) {
      auto histogram = std::make_shared<Histogram>(group.layout);
      histogram->reset_hint = hints[member];
      histogram->count = counts[member];
      histogram->sum = sums[member];
      histogram->zero_count = zeros[member];
      histogram->positive_buckets.resize(group.positive);
      histogram->negative_buckets.resize(group.negative);
      made[member] = std::move(histogram);
    }
    buckets.resize(group.members.size());
    for (std::size_t b = 0; b < group.positive + group.negative; ++b) {
      if (!GetColumn(reader, buckets)) return false;
      for (std::size_t i = 0; i < buckets.size(); ++i) {
        Bucket(*made[group.members[i]], group.positive, b) = buckets[i];
      }
    }
  }
  for (std::size_t i = 0, next = 0; i < count; ++i) {
    if (next < n && first[next] == i) ++next;
    histograms.push_back(made[next - 1]);
  }
  return true;
}

// What `histogram` counts against the limits.
std::size_t NumbersOf(const Histogram& histogram) {
  return kOtherFields + histogram.positive_buckets.size() + histogram.negative_buckets.size() +
         2 * histogram.custom_bounds.size();  // once for the layout, once for the histogram
}

void EncodeGroup(std::span<const HistogramPtr> histograms, std::string& out) {
  PutVarint(histograms.size(), out);
  std::vector<std::uint32_t> first;
  std::vector<Group> groups;
  std::vector<std::int64_t> which;
  std::vector<std::int64_t> hints;
  std::vector<double> counts;
  std::vector<double> sums;
  std::vector<double> zeros;
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    const Histogram& histogram = *histograms[i];
    if (i > 0 && (histograms[i] == histograms[i - 1] || histogram.SameAs(*histograms[i - 1]))) {
      continue;
    }
    std::size_t group = groups.size();
    const std::size_t oldest = groups.size() > kLayoutsToTry ? groups.size() - kLayoutsToTry : 0;
    for (std::size_t g = groups.size(); g-- > oldest;) {
      if (!SameLayout(groups[g].layout, histogram)) continue;
      group = g;
      break;
    }
    if (group == groups.size()) {
      groups.push_back(
          {histogram, histogram.positive_buckets.size(), histogram.negative_buckets.size(), {}});
    }
    groups[group].members.push_back(static_cast<std::uint32_t>(i));
    first.push_back(static_cast<std::uint32_t>(i));
    which.push_back(static_cast<std::int64_t>(group));
    hints.push_back(static_cast<std::int64_t>(histogram.reset_hint));
    counts.push_back(histogram.count);
    sums.push_back(histogram.sum);
    zeros.push_back(histogram.zero_count);
  }
  PutPositions(first, histograms.size(), out);
  PutVarint(groups.size(), out);
  for (const Group& group : groups) PutLayout(group.layout, out);
  EncodeInts(which, out);
  EncodeInts(hints, out);
  PutColumn(counts, out);
  PutColumn(sums, out);
  PutColumn(zeros, out);
  std::vector<double> buckets;
  for (const Group& group : groups) {
    for (std::size_t b = 0; b < group.positive + group.negative; ++b) {
      buckets.clear();
      for (const std::uint32_t member : group.members) {
        buckets.push_back(Bucket(*histograms[member], group.positive, b));
      }
      PutColumn(buckets, out);
    }
  }
}

}  // namespace

void EncodeHistograms(std::span<const HistogramPtr> histograms, std::string& out) {
  while (!histograms.empty()) {
    std::size_t size = 1;
    std::size_t numbers = NumbersOf(*histograms[0]);
    for (; size < histograms.size(); ++size) {
      if (histograms[size] == histograms[size - 1]) continue;
      numbers += NumbersOf(*histograms[size]);
      if (numbers > kGroupNumbers) break;
    }
    EncodeGroup(histograms.first(size), out);
    histograms = histograms.subspan(size);
  }
}

Result<> DecodeHistograms(std::string_view bytes, std::size_t count,
                          std::vector<HistogramPtr>& histograms) {
  histograms.clear();
  ByteReader reader(bytes);
  bool good = true;
  while (good && histograms.size() < count) {
    std::uint64_t size;
    good = reader.Varint(size, count - histograms.size()) && size > 0 &&
           DecodeGroup(reader, size, histograms);
  }
  if (good && reader.left() == 0) return {};
  return Error(Code::kCorruption, "histogram column does not decode");
}

}  // namespace meerkat::tsdb
