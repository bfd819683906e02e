#include "tsdb/chunk/pack.h"

#include <algorithm>
#include <bit>
#include <cassert>

// unit   := dense | patched | sparse | bitmap
// dense  := width: u8 (0 … 64), bits(n, width)
// patched:= 65: u8, width: u8, extra: u8, count: u8, positions: u8[count], tight(count, extra),
//           bits(n, width)                      extra high bits for the numbers at these positions
// sparse := 66: u8, count: u8, gaps: u8[count], inner(count)       non-zero numbers, less one each
// bitmap := 67: u8, mask: u8[ceil(n / 8)], inner(popcount(mask))   the same
// inner  := dense | patched
// bits   := lanes when n == 256 and width <= 32, else tight
namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kPatched = 65;
constexpr std::uint8_t kSparse = 66;
constexpr std::uint8_t kBitmap = 67;
constexpr unsigned kLaneWidth = 32;

using Lanes = std::uint32_t __attribute__((vector_size(16)));

std::uint64_t MaskOf(unsigned width) {
  return width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

struct Plan {
  unsigned width = 0;      // bits each number gets
  unsigned max_width = 0;  // of the widest number
  std::uint32_t exceptions = 0;
  std::uint64_t bits = 0;  // altogether
};

// The cheapest width when wider numbers are patched. `skip_zeros`: zeros are kept elsewhere.
Plan BestPlan(const WidthCounts& widths, std::size_t n, bool skip_zeros, std::uint64_t most) {
  Plan best;
  const unsigned top = widths.Widest();
  best.max_width = best.width = top;
  best.bits = 8 + n * top;
  std::uint64_t exceptions = 0;
  for (unsigned width = top; width-- > 0;) {
    exceptions += widths.Of(width + 1);
    if (exceptions > most || (skip_zeros && width == 0)) break;
    const std::uint64_t bits = 32 + n * width + exceptions * (8 + top - width);
    if (bits < best.bits) {
      best.width = width;
      best.exceptions = static_cast<std::uint32_t>(exceptions);
      best.bits = bits;
    }
  }
  return best;
}

// Numbers one after the other, lowest bit first, ceil(n * width / 8) bytes.
void PutTight(const std::uint64_t* values, std::size_t n, unsigned width, std::string& out) {
  if (width == 0) return;
  const std::size_t begin = out.size();
  const std::size_t bytes = (n * width + 7) / 8;
  out.resize(begin + bytes + 16);
  char* to = out.data() + begin;
  std::memset(to, 0, bytes + 16);
  const std::uint64_t mask = MaskOf(width);
  std::size_t bit = 0;
  for (std::size_t i = 0; i < n; ++i, bit += width) {
    char* at = to + (bit >> 3);
    const unsigned shift = bit & 7;
    const std::uint64_t value = values[i] & mask;
    const std::uint64_t low = LoadLittle<std::uint64_t>(at) | (value << shift);
    std::memcpy(at, &low, 8);
    if (shift + width > 64) at[8] = static_cast<char>(value >> (64 - shift));
  }
  out.resize(begin + bytes);
}

bool GetTight(ByteReader& reader, std::size_t n, unsigned width, std::uint64_t* values) {
  if (width == 0) {
    std::fill_n(values, n, 0);
    return true;
  }
  std::string_view bytes;
  if (!reader.Bytes((n * width + 7) / 8, bytes)) return false;
  const char* from = bytes.data();
  char padded[kUnit * 8 + 16];
  if (reader.left() < 9) {  // loads reach up to 9 bytes behind the last number
    std::memcpy(padded, from, bytes.size());
    std::memset(padded + bytes.size(), 0, 16);
    from = padded;
  }
  const std::uint64_t mask = MaskOf(width);
  if (width <= 56) {
    std::size_t bit = 0;
    for (std::size_t i = 0; i < n; ++i, bit += width) {
      values[i] = (LoadLittle<std::uint64_t>(from + (bit >> 3)) >> (bit & 7)) & mask;
    }
    return true;
  }
  std::size_t bit = 0;
  for (std::size_t i = 0; i < n; ++i, bit += width) {
    const char* at = from + (bit >> 3);
    const unsigned shift = bit & 7;
    std::uint64_t value = LoadLittle<std::uint64_t>(at) >> shift;
    if (shift != 0) value |= std::uint64_t{static_cast<std::uint8_t>(at[8])} << (64 - shift);
    values[i] = value & mask;
  }
  return true;
}

// 256 numbers in four lanes: number i stands in lane i % 4, so that one vector step handles four.
void PutLanes(const std::uint64_t* values, unsigned width, std::string& out) {
  std::uint32_t words[2 * kLaneWidth + 1][4] = {};
  for (std::size_t i = 0; i < kUnit; ++i) {
    const std::size_t bit = i / 4 * width;
    const std::uint64_t value = (values[i] & MaskOf(width)) << (bit & 31);
    words[bit >> 5][i & 3] |= static_cast<std::uint32_t>(value);
    words[(bit >> 5) + 1][i & 3] |= static_cast<std::uint32_t>(value >> 32);
  }
  out.append(reinterpret_cast<const char*>(words), std::size_t{32} * width);
}

bool GetLanes(ByteReader& reader, unsigned width, std::uint64_t* values) {
  std::string_view bytes;
  if (!reader.Bytes(std::size_t{32} * width, bytes)) return false;
  const char* from = bytes.data();
  const auto low_bits = static_cast<std::uint32_t>(MaskOf(width));
  const Lanes mask = {low_bits, low_bits, low_bits, low_bits};
  const unsigned last = 2 * width - 1;
  for (unsigned step = 0, bit = 0; step < kUnit / 4; ++step, bit += width) {
    const unsigned word = bit >> 5;
    const unsigned shift = bit & 31;
    Lanes low;
    Lanes high;
    std::memcpy(&low, from + 16 * word, 16);
    std::memcpy(&high, from + 16 * std::min(word + 1, last), 16);
    // Two shifts, for shifting a word by 32 at once is not defined.
    const Lanes four = ((low >> shift) | ((high << 1) << (31 - shift))) & mask;
    for (unsigned lane = 0; lane < 4; ++lane) values[4 * step + lane] = four[lane];
  }
  return true;
}

void PutBits(const std::uint64_t* values, std::size_t n, unsigned width, std::string& out) {
  if (n == kUnit && width <= kLaneWidth) {
    PutLanes(values, width, out);
  } else {
    PutTight(values, n, width, out);
  }
}
bool GetBits(ByteReader& reader, std::size_t n, unsigned width, std::uint64_t* values) {
  if (width == 0) {
    std::fill_n(values, n, 0);
    return true;
  }
  if (n == kUnit && width <= kLaneWidth) return GetLanes(reader, width, values);
  return GetTight(reader, n, width, values);
}

void PutInner(const std::uint64_t* values, std::size_t n, const Plan& plan, std::string& out) {
  if (plan.exceptions == 0) {
    PutByte(static_cast<std::uint8_t>(plan.width), out);
    PutBits(values, n, plan.width, out);
    return;
  }
  std::uint64_t extra[kUnit];
  std::uint8_t positions[kUnit];
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (WidthCounts::WidthOf(values[i]) <= plan.width) continue;
    positions[count] = static_cast<std::uint8_t>(i);
    extra[count++] = values[i] >> plan.width;
  }
  PutByte(kPatched, out);
  PutByte(static_cast<std::uint8_t>(plan.width), out);
  PutByte(static_cast<std::uint8_t>(plan.max_width - plan.width), out);
  PutByte(static_cast<std::uint8_t>(count), out);
  out.append(reinterpret_cast<const char*>(positions), count);
  PutTight(extra, count, plan.max_width - plan.width, out);
  PutBits(values, n, plan.width, out);
}

bool GetInner(ByteReader& reader, std::uint8_t mode, std::size_t n, std::uint64_t* values) {
  if (mode <= 64) return GetBits(reader, n, mode, values);
  std::uint8_t width;
  std::uint8_t extra_width;
  std::uint8_t count;
  if (mode != kPatched || !reader.Byte(width) || !reader.Byte(extra_width) || !reader.Byte(count) ||
      width + extra_width > 64 || width > 63) {
    return false;
  }
  std::string_view positions;
  std::uint64_t extra[kUnit];
  if (!reader.Bytes(count, positions) || !GetTight(reader, count, extra_width, extra) ||
      !GetBits(reader, n, width, values)) {
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto position = static_cast<std::uint8_t>(positions[i]);
    if (position >= n) return false;
    values[position] |= extra[i] << width;
  }
  return true;
}

// The values that are not zero, less one each, behind their positions.
void PutNonZero(const std::uint64_t* values, std::size_t n, std::size_t count, bool as_bitmap,
                std::string& out) {
  std::uint64_t kept[kUnit];
  std::uint8_t gaps[kUnit];
  std::uint8_t mask[kUnit / 8] = {};
  std::size_t k = 0;
  std::size_t next = 0;
  WidthCounts widths;
  for (std::size_t i = 0; i < n; ++i) {
    if (values[i] == 0) continue;
    mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 1U << (i % 8));
    gaps[k] = static_cast<std::uint8_t>(i - next);
    next = i + 1;
    kept[k] = values[i] - 1;
    widths.Add(k, kept[k]);
    ++k;
  }
  assert(k == count);
  if (as_bitmap) {
    PutByte(kBitmap, out);
    out.append(reinterpret_cast<const char*>(mask), (n + 7) / 8);
  } else {
    PutByte(kSparse, out);
    PutByte(static_cast<std::uint8_t>(count), out);
    out.append(reinterpret_cast<const char*>(gaps), count);
  }
  PutInner(kept, count, BestPlan(widths, count, false, kUnit - 1), out);
}

bool GetSparse(ByteReader& reader, std::size_t n, std::uint64_t* values) {
  std::uint8_t count;
  std::uint8_t mode;
  std::string_view gaps;
  std::uint64_t kept[kUnit];
  if (!reader.Byte(count) || count > n || !reader.Bytes(count, gaps) || !reader.Byte(mode) ||
      !GetInner(reader, mode, count, kept)) {
    return false;
  }
  std::fill_n(values, n, 0);
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    next += static_cast<std::uint8_t>(gaps[i]);
    if (next >= n) return false;
    values[next++] = kept[i] + 1;
  }
  return true;
}

bool GetBitmap(ByteReader& reader, std::size_t n, std::uint64_t* values) {
  std::string_view bytes;
  if (!reader.Bytes((n + 7) / 8, bytes)) return false;
  std::uint64_t mask[kUnit / 64] = {};
  std::memcpy(mask, bytes.data(), bytes.size());
  std::size_t count = 0;
  for (const std::uint64_t word : mask) count += static_cast<std::size_t>(std::popcount(word));
  std::uint8_t mode;
  std::uint64_t kept[kUnit];
  if (!reader.Byte(mode) || !GetInner(reader, mode, count, kept)) return false;
  std::fill_n(values, n, 0);
  const std::uint64_t* next = kept;
  for (std::size_t word = 0; word < kUnit / 64; ++word) {
    for (std::uint64_t bits = mask[word]; bits != 0; bits &= bits - 1) {
      const std::size_t at = 64 * word + static_cast<std::size_t>(std::countr_zero(bits));
      if (at >= n) return false;
      values[at] = *next++ + 1;
    }
  }
  return true;
}

}  // namespace

std::uint64_t PackedBits(const WidthCounts& widths, std::size_t n) {
  const std::size_t count = n - widths.Of(0);
  // Over a whole column exceptions are not bounded by a unit; a quarter never pays anyway.
  const std::uint64_t dense = BestPlan(widths, n, false, n / 4).bits;
  const std::uint64_t kept = BestPlan(widths, count, true, count / 4).bits;
  return std::min(dense, kept + std::min(8 * count, n));
}

void PackUnit(const std::uint64_t* values, std::size_t n, std::string& out) {
  assert(n <= kUnit);
  WidthCounts widths;
  for (std::size_t i = 0; i < n; ++i) widths.Add(i, values[i]);
  const Plan dense = BestPlan(widths, n, false, kUnit - 1);
  const std::size_t count = n - widths.Of(0);
  if (dense.width > 0 || dense.exceptions > 0) {
    const std::uint64_t kept = 8 + BestPlan(widths, count, true, kUnit - 1).bits;
    const std::uint64_t sparse = count < kUnit ? kept + 8 + 8 * count : ~std::uint64_t{0};
    const std::uint64_t bitmap = kept + (n + 7) / 8 * 8;
    if (std::min(sparse, bitmap) < dense.bits) {
      return PutNonZero(values, n, count, bitmap <= sparse, out);
    }
  }
  PutInner(values, n, dense, out);
}

bool UnpackUnit(ByteReader& reader, std::size_t n, std::uint64_t* values) {
  assert(n <= kUnit);
  std::uint8_t mode;
  if (!reader.Byte(mode)) return false;
  if (mode == kSparse) return GetSparse(reader, n, values);
  if (mode == kBitmap) return GetBitmap(reader, n, values);
  return GetInner(reader, mode, n, values);
}

}  // namespace meerkat::tsdb
