#include "tsdb/chunk/values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/ints.h"
#include "tsdb/chunk/work_array.h"

// values     := (nothing, for no values) | form: u8, body
// 0x00       := every value is +0
// 0x01       := every value is number: signed
// 0x02       := every value is exponent: u8, number: signed, over 10^exponent
// 0x03       := every value has bits: u64
// 0x10+p     := integers: [patches], ints                          p = 1: patches follow
// 0x12+p     := decimals: exponent: u8, [patches], ints            value = integer / 10^exponent
// 0x20+p     := float sums: [patches], first: u64, ints (k), ints (ulps)
//               value[0] = first; value[i] = bits of (value[i-1] + k[i-1] / 1e9) plus ulps[i-1]
// 0x30       := ints over the values' bits
// patches    := count: varint, (gap: varint)*, (bits: u64)*        values that stand in no form
namespace meerkat::tsdb {
namespace {

enum Form : std::uint8_t {
  kZero = 0x00,
  kInteger = 0x01,
  kDecimal = 0x02,
  kRaw = 0x03,
  kIntegers = 0x10,
  kDecimals = 0x12,
  kFloatSums = 0x20,
  kBits = 0x30,
};
constexpr std::uint8_t kPatched = 1;

constexpr unsigned kMaxExponent = 22;  // 10^22 is the greatest power of ten a double holds exactly
constexpr double kPowers[kMaxExponent + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr double kInt64Limit = 9223372036854775808.0;  // 2^63
constexpr double kNano = 1e9;  // sums of durations grow by whole nanoseconds
// Above so many bytes a sample a decimal form has found noise; others may do better.
constexpr std::size_t kWorthComparing = 4;

std::uint64_t BitsOf(double v) {
  return std::bit_cast<std::uint64_t>(v);
}
bool SameBits(double a, double b) {
  return BitsOf(a) == BitsOf(b);
}

// v as integer / 10^exponent when that gives v back bit for bit.
bool ToDecimal(double v, unsigned exponent, std::int64_t& integer) {
  if (exponent == 0) {
    if (!(std::fabs(v) < kInt64Limit)) return false;
    integer = static_cast<std::int64_t>(v);
    return SameBits(static_cast<double>(integer), v);
  }
  const double scaled = v * kPowers[exponent];
  if (!(std::fabs(scaled) < kExactIntegers)) return false;
  integer = std::llrint(scaled);
  return SameBits(static_cast<double>(integer) / kPowers[exponent], v);
}

// The smallest exponent from `from` that works.
std::optional<unsigned> ExponentOf(double v, unsigned from) {
  std::int64_t integer;
  for (unsigned exponent = from; exponent <= kMaxExponent; ++exponent) {
    if (!(std::fabs(v) * kPowers[exponent] < kExactIntegers) && exponent > 0) break;
    if (ToDecimal(v, exponent, integer)) return exponent;
  }
  return std::nullopt;
}

struct Patches {
  std::vector<std::uint32_t> positions;
  std::vector<double> values;
  void Add(std::size_t position, double value) {
    positions.push_back(static_cast<std::uint32_t>(position));
    values.push_back(value);
  }
};

void PutPatches(const Patches& patches, std::string& out) {
  if (patches.positions.empty()) return;
  PutVarint(patches.positions.size(), out);
  std::uint32_t next = 0;
  for (const std::uint32_t position : patches.positions) {
    PutVarint(position - next, out);
    next = position + 1;
  }
  for (const double value : patches.values) PutLittle(BitsOf(value), out);
}

bool GetPatches(ByteReader& reader, std::size_t n, Patches& patches) {
  std::uint64_t count;
  if (!reader.Varint(count, std::min(n, reader.left() / 9))) return false;
  std::uint64_t next = 0;
  patches.positions.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t gap;
    if (!reader.Varint(gap, n) || next + gap >= n) return false;
    patches.positions.push_back(static_cast<std::uint32_t>(next + gap));
    next += gap + 1;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t bits;
    if (!reader.Little(bits)) return false;
    patches.values.push_back(std::bit_cast<double>(bits));
  }
  return true;
}

void Apply(const Patches& patches, std::span<double> values) {
  for (std::size_t i = 0; i < patches.positions.size(); ++i) {
    values[patches.positions[i]] = patches.values[i];
  }
}

void PutConstant(double value, std::string& out) {
  if (BitsOf(value) == 0) return PutByte(kZero, out);
  const auto exponent = ExponentOf(value, 0);
  std::int64_t integer = 0;
  if (!exponent || !ToDecimal(value, *exponent, integer) ||
      ZigZag(integer) >= (std::uint64_t{1} << 49)) {
    PutByte(kRaw, out);
    return PutLittle(BitsOf(value), out);
  }
  PutByte(*exponent == 0 ? kInteger : kDecimal, out);
  if (*exponent != 0) PutByte(static_cast<std::uint8_t>(*exponent), out);
  PutSigned(integer, out);
}

bool GetConstant(std::uint8_t form, ByteReader& reader, double& value) {
  std::uint8_t exponent = 0;
  std::int64_t integer = 0;
  std::uint64_t bits;
  switch (form) {
    case kZero:
      value = 0;
      return true;
    case kRaw:
      if (!reader.Little(bits)) return false;
      value = std::bit_cast<double>(bits);
      return true;
    default:
      if (form == kDecimal && (!reader.Byte(exponent) || exponent > kMaxExponent)) return false;
      if (!reader.Signed(integer)) return false;
      value = static_cast<double>(integer) / kPowers[exponent];
      return true;
  }
}

// How many values may stand outside of a form before it is given up.
std::size_t MostPatches(std::size_t n) {
  return n / 16;
}

struct DecimalForm {
  unsigned exponent = 0;
  Patches patches;
};

// Finds the exponent all values have in common, but for a few; `integers` gets the column, where a
// patched value repeats the one before it.
bool FitDecimal(std::span<const double> values, DecimalForm& form,
                std::span<std::int64_t> integers) {
  const std::size_t most = MostPatches(values.size());
  std::size_t misses = 0;
  unsigned exponent = 0;
  std::int64_t integer;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (ToDecimal(values[i], exponent, integers[i])) continue;
    if (const auto needed = ExponentOf(values[i], exponent + 1)) {
      exponent = *needed;
    } else if (++misses > most) {
      return false;
    }
  }
  form.exponent = exponent;
  if (exponent == 0 && misses == 0) return true;
  // Once more, now that the exponent is known; only what a greater exponent pushes beyond 2^53 can
  // fail anew.
  std::int64_t previous = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (ToDecimal(values[i], exponent, integer)) {
      if (i > 0 && form.patches.positions.size() == i) {  // nothing but patches so far
        std::fill_n(integers.begin(), i, integer);
      }
      previous = integer;
    } else {
      if (form.patches.positions.size() >= most) return false;
      form.patches.Add(i, values[i]);
    }
    integers[i] = previous;
  }
  return true;
}

void PutDecimal(const DecimalForm& form, std::span<const std::int64_t> integers, std::string& out) {
  const unsigned patched = form.patches.positions.empty() ? 0 : kPatched;
  PutByte(static_cast<std::uint8_t>((form.exponent == 0 ? kIntegers : kDecimals) | patched), out);
  if (form.exponent != 0) PutByte(static_cast<std::uint8_t>(form.exponent), out);
  PutPatches(form.patches, out);
  EncodeInts(integers, out);
}

// Tries the column as a running sum of nanoseconds; false when most of it is something else.
bool PutFloatSums(std::span<const double> values, std::string& out) {
  const std::size_t n = values.size();
  WorkArray<std::int64_t> steps(n - 1);
  WorkArray<std::int64_t> ulps(n - 1);
  Patches patches;
  const auto first =
      std::find_if(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  if (first == values.end()) return false;
  double previous = *first;
  if (!SameBits(values[0], previous)) patches.Add(0, values[0]);
  constexpr std::int64_t kNear = 64;
  std::size_t far = 0;
  for (std::size_t i = 1; i < n; ++i) {
    steps[i - 1] = ulps[i - 1] = 0;
    if (SameBits(values[i], previous) && previous != 0) continue;  // -0 + 0 would be +0
    const double step = (values[i] - previous) * kNano;
    if (!(std::fabs(step) < kExactIntegers)) {
      patches.Add(i, values[i]);
      if (patches.positions.size() > MostPatches(n)) return false;
      continue;
    }
    const std::int64_t whole = std::llrint(step);
    const double predicted = previous + static_cast<double>(whole) / kNano;
    const auto off = static_cast<std::int64_t>(BitsOf(values[i]) - BitsOf(predicted));
    steps[i - 1] = whole;
    ulps[i - 1] = off;
    previous = values[i];
    if (off > kNear || off < -kNear) {
      if (++far > n / 10) return false;
    }
  }
  const unsigned patched = patches.positions.empty() ? 0 : kPatched;
  PutByte(static_cast<std::uint8_t>(kFloatSums | patched), out);
  PutPatches(patches, out);
  PutLittle(BitsOf(*first), out);
  EncodeInts(steps.span(), out);
  EncodeInts(ulps.span(), out);
  return true;
}

void PutRawBits(std::span<const double> values, std::span<std::int64_t> bits, std::string& out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    bits[i] = std::bit_cast<std::int64_t>(values[i]);
  }
  PutByte(kBits, out);
  EncodeInts(bits, out);
}

bool GetDecimal(std::uint8_t form, ByteReader& reader, std::span<double> values) {
  std::uint8_t exponent = 0;
  const bool decimal = (form & ~kPatched) == kDecimals;
  if (decimal && (!reader.Byte(exponent) || exponent > kMaxExponent)) return false;
  Patches patches;
  if ((form & kPatched) != 0 && !GetPatches(reader, values.size(), patches)) return false;
  bool good;
  if (decimal) {
    const double power = kPowers[exponent];
    good = DecodeInts(reader, values.size(), [&](std::size_t first, auto integers) {
      for (std::size_t i = 0; i < integers.size(); ++i) {
        values[first + i] = static_cast<double>(integers[i]) / power;
      }
    });
  } else {
    good = DecodeInts(reader, values.size(), [&](std::size_t first, auto integers) {
      for (std::size_t i = 0; i < integers.size(); ++i) {
        values[first + i] = static_cast<double>(integers[i]);
      }
    });
  }
  Apply(patches, values);
  return good;
}

bool GetFloatSums(std::uint8_t form, ByteReader& reader, std::span<double> values) {
  Patches patches;
  std::uint64_t first_bits;
  if ((form & kPatched) != 0 && !GetPatches(reader, values.size(), patches)) return false;
  if (!reader.Little(first_bits)) return false;
  const std::span<double> rest = values.subspan(1);
  // The steps wait in the output until the differences in ulps are read.
  if (!DecodeInts(reader, rest.size(), [&](std::size_t first, auto steps) {
        for (std::size_t i = 0; i < steps.size(); ++i) {
          rest[first + i] = static_cast<double>(steps[i]) / kNano;
        }
      })) {
    return false;
  }
  double previous = std::bit_cast<double>(first_bits);
  values[0] = previous;
  if (!DecodeInts(reader, rest.size(), [&](std::size_t first, auto ulps) {
        for (std::size_t i = 0; i < ulps.size(); ++i) {
          const double predicted = previous + rest[first + i];
          previous = std::bit_cast<double>(BitsOf(predicted) + static_cast<std::uint64_t>(ulps[i]));
          rest[first + i] = previous;
        }
      })) {
    return false;
  }
  Apply(patches, values);
  return true;
}

bool Decode(ByteReader& reader, std::span<double> values) {
  std::uint8_t form;
  if (!reader.Byte(form)) return false;
  if (form <= kRaw) {
    double value;
    if (!GetConstant(form, reader, value)) return false;
    std::fill(values.begin(), values.end(), value);
    return true;
  }
  switch (form & ~kPatched) {
    case kIntegers:
    case kDecimals:
      return GetDecimal(form, reader, values);
    case kFloatSums:
      return GetFloatSums(form, reader, values);
    case kBits:
      return form == kBits && DecodeInts(reader, values.size(), [&](std::size_t first, auto bits) {
               for (std::size_t i = 0; i < bits.size(); ++i) {
                 values[first + i] = std::bit_cast<double>(bits[i]);
               }
             });
    default:
      return false;
  }
}

}  // namespace

void EncodeValues(std::span<const double> values, std::string& out) {
  if (values.empty()) return;
  const std::uint64_t first = BitsOf(values[0]);
  const auto changed =
      std::find_if(values.begin(), values.end(), [first](double v) { return BitsOf(v) != first; });
  if (changed == values.end()) return PutConstant(values[0], out);

  const std::size_t begin = out.size();
  WorkArray<std::int64_t> integers(values.size());
  DecimalForm decimal;
  if (FitDecimal(values, decimal, integers.span())) {
    PutDecimal(decimal, integers.span(), out);
    const bool clean = decimal.patches.positions.empty();
    if (clean && out.size() - begin <= kWorthComparing * values.size()) return;
  }
  // Noise, or a form with holes: the smallest of what is left.
  std::string other;
  if (PutFloatSums(values, other) && (out.size() == begin || other.size() < out.size() - begin)) {
    out.replace(begin, std::string::npos, other);
  }
  if (out.size() == begin || out.size() - begin > kWorthComparing * values.size()) {
    other.clear();
    PutRawBits(values, integers.span(), other);
    if (out.size() == begin || other.size() < out.size() - begin) {
      out.replace(begin, std::string::npos, other);
    }
  }
}

Result<> DecodeValues(std::string_view bytes, std::span<double> values) {
  ByteReader reader(bytes);
  if (values.empty() ? bytes.empty() : Decode(reader, values) && reader.left() == 0) return {};
  return Error(Code::kCorruption, "value column does not decode");
}

}  // namespace meerkat::tsdb
