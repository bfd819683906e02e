#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "tsdb/chunk/bytes.h"
#include "tsdb/chunk/pack.h"

// Columns of 64-bit integers: differences of order 0, 1 or 2, common factor, packed units.
// All arithmetic is modulo 2^64, so every column is exact.
//
// ints  := flags: u8, [factor: varint], start: signed, [slope: signed], [base: signed], unit*
// flags := order (bits 0-1), zigzag (bit 2), factor follows (bit 3)
// A residual is base + factor * r (base: 0 with zigzag or order 0), r read from the units.
//   order 0: value[i] = start + residual[i]
//   order 1: value = start;                 each: value += residual[i]
//   order 2: value = start, delta = slope;  each: delta += residual[i], value += delta
namespace meerkat::tsdb {

void EncodeInts(std::span<const std::int64_t> values, std::string& out);

struct IntsHeader {
  unsigned order = 0;
  bool zigzag = false;
  std::uint64_t factor = 1;
  std::uint64_t start = 0;
  std::uint64_t slope = 0;
  std::uint64_t base = 0;

  bool Read(ByteReader& reader);
};

// Hands out the `n` values a unit at a time: sink(index of the first, values of the unit).
// False for bytes that EncodeInts did not write.
template <typename Sink>
bool DecodeInts(ByteReader& reader, std::size_t n, Sink&& sink) {
  IntsHeader header;
  if (!header.Read(reader)) return false;
  std::array<std::uint64_t, kUnit> unit;
  std::array<std::int64_t, kUnit> values;
  std::uint64_t value = header.start;
  std::uint64_t delta = header.slope;
  const std::uint64_t factor = header.factor;
  const std::uint64_t base = header.base;
  for (std::size_t first = 0; first < n; first += kUnit) {
    const std::size_t count = n - first < kUnit ? n - first : kUnit;
    if (!UnpackUnit(reader, count, unit.data())) return false;
    if (header.zigzag) {
      for (std::size_t i = 0; i < count; ++i) {
        unit[i] = static_cast<std::uint64_t>(UnZigZag(unit[i]));
      }
    }
    if (factor != 1) {
      for (std::size_t i = 0; i < count; ++i) unit[i] *= factor;
    }
    if (header.order == 0) {
      for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<std::int64_t>(value + unit[i]);
      }
    } else if (header.order == 1) {
      for (std::size_t i = 0; i < count; ++i) {
        value += unit[i] + base;
        values[i] = static_cast<std::int64_t>(value);
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) {
        delta += unit[i] + base;
        value += delta;
        values[i] = static_cast<std::int64_t>(value);
      }
    }
    sink(first, std::span<const std::int64_t>(values.data(), count));
  }
  return true;
}

}  // namespace meerkat::tsdb
