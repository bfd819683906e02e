#include "base/letter_case.h"

#include <algorithm>

#include "base/utf8.h"

namespace meerkat {
namespace {

// Letters first … last (upper case) have their lower case at +delta; with `pairs`, upper and lower
// alternate from `first` on and delta is 1.
struct CaseRange {
  char32_t first;
  char32_t last;
  char32_t delta;
  bool pairs = false;
};

constexpr CaseRange kRanges[] = {
    {'A', 'Z', 32},          {0xC0, 0xD6, 32},          {0xD8, 0xDE, 32},
    {0x100, 0x12E, 1, true}, {0x132, 0x136, 1, true},   {0x139, 0x147, 1, true},
    {0x14A, 0x176, 1, true}, {0x179, 0x17D, 1, true},   {0x386, 0x386, 38},
    {0x388, 0x38A, 37},      {0x38E, 0x38F, 63},        {0x391, 0x3A1, 32},
    {0x3A3, 0x3AB, 32},      {0x400, 0x40F, 80},        {0x410, 0x42F, 32},
    {0x460, 0x480, 1, true}, {0x48A, 0x4BE, 1, true},   {0x4D0, 0x52E, 1, true},
    {0x531, 0x556, 48},      {0x1E00, 0x1E94, 1, true}, {0x1EA0, 0x1EFE, 1, true},
};

char32_t LowerRune(char32_t rune) {
  if (rune == 0x178) return 0xFF;
  for (const CaseRange& range : kRanges) {
    if (rune < range.first || rune > range.last) continue;
    if (range.pairs && (rune - range.first) % 2 != 0) return rune;
    return rune + range.delta;
  }
  return rune;
}

char32_t UpperRune(char32_t rune) {
  if (rune == 0xFF) return 0x178;
  if (rune == 0xB5) return 0x39C;   // micro sign
  if (rune == 0x3C2) return 0x3A3;  // final sigma
  for (const CaseRange& range : kRanges) {
    if (rune < range.first + range.delta || rune > range.last + range.delta) continue;
    if (range.pairs && (rune - range.first) % 2 == 0) return rune;
    return rune - range.delta;
  }
  return rune;
}

template <typename Map>
std::string MapRunes(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char first = text.front();
    const std::string_view before = text;
    const char32_t rune = TakeRune(text);
    if (rune == kInvalidRune) {
      out += first;
    } else if (const char32_t mapped = map(rune); mapped != rune) {
      AppendRune(out, mapped);
    } else {
      out.append(before.substr(0, before.size() - text.size()));
    }
  }
  return out;
}

}  // namespace

std::string ToLower(std::string_view text) {
  return MapRunes(text, LowerRune);
}

std::string ToUpper(std::string_view text) {
  return MapRunes(text, UpperRune);
}

}  // namespace meerkat
