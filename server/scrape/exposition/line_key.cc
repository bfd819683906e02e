#include "server/scrape/exposition/line_key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <random>

namespace meerkat::scrape {

LineHash::LineHash() {
  std::random_device random;
  key_ = std::uint64_t{random()} << 32 | random();
}

std::uint64_t LineHash::operator()(std::string_view text) const {
  return XXH3_64bits_withSeed(text.data(), text.size(), key_);
}

}  // namespace meerkat::scrape
