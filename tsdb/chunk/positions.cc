#include "tsdb/chunk/positions.h"

#include <algorithm>
#include <bit>

namespace meerkat::tsdb {
namespace {

std::size_t EndOfRun(std::span<const std::uint32_t> positions, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < positions.size() && positions[end] == positions[end - 1] + 1) ++end;
  return end;
}

}  // namespace

void PutPositions(std::span<const std::uint32_t> positions, std::size_t bound, std::string& out) {
  const std::size_t begin = out.size();
  const std::size_t mask_bytes = (bound + 7) / 8;
  std::uint64_t runs = 0;
  for (std::size_t i = 0; i < positions.size(); i = EndOfRun(positions, i)) ++runs;
  if (2 * runs <= mask_bytes) {  // a run takes at least two bytes
    PutVarint(2 * runs, out);
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < positions.size();) {
      const std::size_t end = EndOfRun(positions, i);
      PutVarint(positions[i] - next, out);
      PutVarint(end - i - 1, out);
      next = positions[end - 1] + 1;
      i = end;
    }
    if (out.size() - begin <= mask_bytes + 1) return;
    out.resize(begin);
  }
  PutVarint(1, out);
  const std::size_t mask = out.size();
  out.append(mask_bytes, '\0');
  for (const std::uint32_t position : positions) {
    char& byte = out[mask + position / 8];
    byte = static_cast<char>(byte | 1 << (position % 8));
  }
}

bool GetPositions(ByteReader& reader, std::size_t bound, std::vector<std::uint32_t>& positions) {
  positions.clear();
  std::uint64_t head;
  if (!reader.Varint(head)) return false;
  if (head == 1) {
    std::string_view mask;
    if (!reader.Bytes((bound + 7) / 8, mask)) return false;
    for (std::size_t byte = 0; byte < mask.size(); ++byte) {
      for (unsigned bits = static_cast<std::uint8_t>(mask[byte]); bits != 0; bits &= bits - 1) {
        const std::size_t position = 8 * byte + static_cast<std::size_t>(std::countr_zero(bits));
        if (position >= bound) return false;
        positions.push_back(static_cast<std::uint32_t>(position));
      }
    }
    return true;
  }
  if (head % 2 != 0) return false;
  std::uint64_t next = 0;
  for (std::uint64_t run = 0; run < head / 2; ++run) {
    std::uint64_t gap;
    std::uint64_t more;
    if (!reader.Varint(gap, bound) || !reader.Varint(more, bound)) return false;
    next += gap;
    if (next + more >= bound) return false;
    for (std::uint64_t i = 0; i <= more; ++i) {
      positions.push_back(static_cast<std::uint32_t>(next++));
    }
  }
  return true;
}

}  // namespace meerkat::tsdb
