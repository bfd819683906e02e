#include "tsdb/chunk/ints.h"

#include <algorithm>
#include <numeric>

#include "tsdb/chunk/work_array.h"

namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kZigZagFlag = 4;
constexpr std::uint8_t kFactorFlag = 8;

std::uint64_t Magnitude(std::int64_t v) {
  return v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
}

// What all differences between neighbours can be divided by; 0 when nothing ever changes.
std::uint64_t CommonFactor(std::span<const std::int64_t> deltas) {
  std::uint64_t factor = 0;
  for (const std::int64_t delta : deltas) {
    if (delta == 0) continue;
    const std::uint64_t magnitude = Magnitude(delta);
    if (factor == 0) {
      factor = magnitude;
    } else if (magnitude % factor != 0) {
      factor = std::gcd(factor, magnitude);
    }
    if (factor == 1) break;
  }
  return factor;
}

// Residuals of one order, and what storing them takes.
struct Residuals {
  std::span<const std::int64_t> values;  // without those in front that the header stands for
  std::int64_t min = 0;
  bool zigzag = false;  // else stored as distances from `min`
  std::uint64_t bits = 0;
};

std::uint64_t BitsAbove(std::span<const std::int64_t> residuals, std::int64_t base) {
  WidthCounts widths;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    widths.Add(i, static_cast<std::uint64_t>(residuals[i]) - static_cast<std::uint64_t>(base));
  }
  return PackedBits(widths, residuals.size());
}

Residuals Measure(std::span<const std::int64_t> values) {
  Residuals result;
  result.values = values;
  WidthCounts widths;
  for (std::size_t i = 0; i < values.size(); ++i) {
    widths.Add(i, ZigZag(values[i]));
    result.min = i == 0 ? values[i] : std::min(result.min, values[i]);
  }
  result.bits = PackedBits(widths, values.size());
  result.zigzag = result.min < 0;
  return result;
}

// Whether distances from the smallest one beat the zigzag: always so when none is negative.
void ChooseMapping(Residuals& residuals) {
  const std::uint64_t above = BitsAbove(residuals.values, residuals.min);
  residuals.zigzag = residuals.min < 0 && residuals.bits < above;
  if (!residuals.zigzag) residuals.bits = above;
}

std::int64_t Minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void PutUnits(std::span<const std::uint64_t> mapped, std::string& out) {
  for (std::size_t first = 0; first < mapped.size(); first += kUnit) {
    PackUnit(mapped.data() + first, std::min(kUnit, mapped.size() - first), out);
  }
}

void PutFlags(unsigned order, bool zigzag, std::uint64_t factor, std::string& out) {
  PutByte(static_cast<std::uint8_t>(order | (zigzag ? kZigZagFlag : 0U) |
                                    (factor == 1 ? 0U : kFactorFlag)),
          out);
  if (factor != 1) PutVarint(factor, out);
}

// Order 1 or 2. `work` has room for all values.
void PutDifferences(std::span<const std::int64_t> values, unsigned order, std::uint64_t factor,
                    const Residuals& residuals, std::span<std::uint64_t> work, std::string& out) {
  PutFlags(order, residuals.zigzag, factor, out);
  // The residuals in front, which the decoder adds too, are zero: start and slope make up for them,
  // and units stay full.
  std::fill_n(work.begin(), order, 0);
  for (std::size_t i = 0; i < residuals.values.size(); ++i) {
    const std::int64_t residual = residuals.values[i];
    work[i + order] = residuals.zigzag ? ZigZag(residual)
                                       : static_cast<std::uint64_t>(residual) -
                                             static_cast<std::uint64_t>(residuals.min);
  }
  const std::uint64_t base =
      residuals.zigzag ? 0 : static_cast<std::uint64_t>(residuals.min) * factor;
  const auto value0 = static_cast<std::uint64_t>(values[0]);
  if (order == 1) {
    PutSigned(static_cast<std::int64_t>(value0 - base), out);
  } else {
    const std::uint64_t slope = static_cast<std::uint64_t>(values[1]) - value0 - 2 * base;
    PutSigned(static_cast<std::int64_t>(value0 - slope - base), out);
    PutSigned(static_cast<std::int64_t>(slope), out);
  }
  if (!residuals.zigzag) PutSigned(static_cast<std::int64_t>(base), out);
  PutUnits(work, out);
}

}  // namespace

void EncodeInts(std::span<const std::int64_t> values, std::string& out) {
  const std::size_t n = values.size();
  std::int64_t min = n == 0 ? 0 : values[0];
  std::int64_t max = min;
  for (const std::int64_t value : values) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
  WorkArray<std::int64_t> first(n == 0 ? 0 : n - 1);
  for (std::size_t i = 1; i < n; ++i) first[i - 1] = Minus(values[i], values[i - 1]);
  // Differences that wrap around share no factor with the distances they stand for.
  const bool wraps = Minus(max, min) < 0;
  const std::uint64_t common = wraps ? 1 : CommonFactor(first.span());
  const std::uint64_t factor = common == 0 ? 1 : common;
  if (factor > 1) {
    for (auto& delta : first.span()) delta /= static_cast<std::int64_t>(factor);
  }
  WorkArray<std::uint64_t> work(n);
  Residuals order1 = Measure(first.span());
  // A column that hardly moves: nothing else comes near, and looking costs more than it could win.
  if (n > 0 && order1.bits <= n) {
    return PutDifferences(values, 1, factor, order1, work.span(), out);
  }

  WorkArray<std::int64_t> second(n < 2 ? 0 : n - 2);
  for (std::size_t i = 1; i < first.size(); ++i) second[i - 1] = Minus(first[i], first[i - 1]);
  Residuals order2 = Measure(second.span());
  const bool takes_order2 = order2.bits + 16 < order1.bits;
  Residuals& best = takes_order2 ? order2 : order1;
  ChooseMapping(best);

  // Order 0 is measured from the smallest value; the factor divides these distances too.
  WidthCounts level_widths;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t above =
        static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(min);
    work[i] = factor == 1 ? above : above / factor;
    level_widths.Add(i, work[i]);
  }
  if (PackedBits(level_widths, n) > best.bits) {
    return PutDifferences(values, takes_order2 ? 2 : 1, factor, best, work.span(), out);
  }
  PutFlags(0, false, factor, out);
  PutSigned(min, out);
  PutUnits(work.span(), out);
}

bool IntsHeader::Read(ByteReader& reader) {
  std::uint8_t flags;
  if (!reader.Byte(flags) || flags > 15 || (flags & 3) == 3) return false;
  order = flags & 3;
  zigzag = (flags & kZigZagFlag) != 0;
  if (zigzag && order == 0) return false;
  if ((flags & kFactorFlag) != 0 && !reader.Varint(factor)) return false;
  std::int64_t number;
  if (!reader.Signed(number)) return false;
  start = static_cast<std::uint64_t>(number);
  if (order == 2) {
    if (!reader.Signed(number)) return false;
    slope = static_cast<std::uint64_t>(number);
  }
  if (order != 0 && !zigzag) {
    if (!reader.Signed(number)) return false;
    base = static_cast<std::uint64_t>(number);
  }
  return true;
}

}  // namespace meerkat::tsdb
