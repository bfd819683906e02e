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

struct Residuals {
  std::uint64_t zigzag_bits = 0;
  std::int64_t min = 0;
};

Residuals Measure(std::span<const std::int64_t> residuals) {
  Residuals result;
  WidthCounts widths;
  std::int64_t min = residuals.empty() ? 0 : residuals.front();
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    widths.Add(i, ZigZag(residuals[i]));
    min = std::min(min, residuals[i]);
  }
  result.min = min;
  result.zigzag_bits = PackedBits(widths, residuals.size());
  return result;
}

std::uint64_t BitsAbove(std::span<const std::int64_t> residuals, std::int64_t base) {
  WidthCounts widths;
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    widths.Add(i, static_cast<std::uint64_t>(residuals[i]) - static_cast<std::uint64_t>(base));
  }
  return PackedBits(widths, residuals.size());
}

std::int64_t Minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

void PutUnits(std::span<const std::uint64_t> mapped, std::string& out) {
  for (std::size_t first = 0; first < mapped.size(); first += kUnit) {
    PackUnit(mapped.data() + first, std::min(kUnit, mapped.size() - first), out);
  }
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
  // Residuals of order 1 without the first, of order 2 without the first two.
  WorkArray<std::int64_t> first(n == 0 ? 0 : n - 1);
  for (std::size_t i = 1; i < n; ++i) first[i - 1] = Minus(values[i], values[i - 1]);
  // Differences that wrap around share no factor with the distances they stand for.
  const bool wraps = Minus(max, min) < 0;
  const std::uint64_t common = wraps ? 1 : CommonFactor(first.span());
  const std::uint64_t factor = common == 0 ? 1 : common;
  if (factor > 1) {
    for (auto& delta : first.span()) delta /= static_cast<std::int64_t>(factor);
  }
  WorkArray<std::int64_t> second(n < 2 ? 0 : n - 2);
  for (std::size_t i = 1; i < first.size(); ++i) second[i - 1] = Minus(first[i], first[i - 1]);

  const Residuals by_order1 = Measure(first.span());
  const Residuals by_order2 = Measure(second.span());
  // Order 0 is measured from the smallest value; the factor divides these distances too.
  WidthCounts level_widths;
  WorkArray<std::uint64_t> mapped(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t above =
        static_cast<std::uint64_t>(values[i]) - static_cast<std::uint64_t>(min);
    mapped[i] = factor == 1 ? above : above / factor;
    level_widths.Add(i, mapped[i]);
  }
  const std::uint64_t level_bits = PackedBits(level_widths, n);

  const std::uint8_t factor_flag = factor == 1 ? 0 : kFactorFlag;
  const bool takes_order2 = by_order2.zigzag_bits + 16 < by_order1.zigzag_bits;
  const Residuals& best = takes_order2 ? by_order2 : by_order1;
  const std::span<const std::int64_t> residuals = takes_order2 ? second.span() : first.span();
  const std::uint64_t above_bits = BitsAbove(residuals, best.min);
  const std::uint64_t best_bits = std::min(above_bits, best.zigzag_bits);

  if (level_bits <= best_bits) {
    PutByte(factor_flag, out);
    if (factor != 1) PutVarint(factor, out);
    PutSigned(min, out);
    return PutUnits(mapped.span(), out);
  }

  const bool zigzag = best.zigzag_bits < above_bits;
  const unsigned order = takes_order2 ? 2 : 1;
  PutByte(static_cast<std::uint8_t>(order | (zigzag ? kZigZagFlag : 0U) | factor_flag), out);
  if (factor != 1) PutVarint(factor, out);
  // The residuals in front, which the decoder adds too, are zero: start and slope make up for them,
  // and units stay full.
  std::fill_n(mapped.span().begin(), order, 0);
  for (std::size_t i = 0; i < residuals.size(); ++i) {
    mapped[i + order] =
        zigzag ? ZigZag(residuals[i])
               : static_cast<std::uint64_t>(residuals[i]) - static_cast<std::uint64_t>(best.min);
  }
  const std::uint64_t base = zigzag ? 0 : static_cast<std::uint64_t>(best.min) * factor;
  const auto value0 = static_cast<std::uint64_t>(values[0]);
  if (order == 1) {
    PutSigned(static_cast<std::int64_t>(value0 - base), out);
  } else {
    const std::uint64_t slope = static_cast<std::uint64_t>(values[1]) - value0 - 2 * base;
    PutSigned(static_cast<std::int64_t>(value0 - slope - base), out);
    PutSigned(static_cast<std::int64_t>(slope), out);
  }
  if (!zigzag) PutSigned(static_cast<std::int64_t>(base), out);
  PutUnits(mapped.span(), out);
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
