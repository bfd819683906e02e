#pragma once

#include <cstdint>
#include <string_view>

namespace meerkat::scrape {

// A stretch of text that is expected at some place of a page, without the text.
struct LineKey {
  std::uint64_t hash = 0;
  std::uint32_t length = 0;
};

// What stands for a text where texts are compared time and again: 64 bits under a key that is drawn
// when this is made. Two texts of a target take each other for the same once in 2^64 comparisons;
// keeping the texts themselves would be most of a scrape cache's memory, and reading them again
// most of its time.
class LineHash {
 public:
  LineHash();
  std::uint64_t operator()(std::string_view text) const;
  // Whether `body` has exactly the text of `key` at `at`.
  bool Matches(std::string_view body, std::size_t at, LineKey key) const {
    return at <= body.size() && body.size() - at >= key.length &&
           (*this)({body.data() + at, key.length}) == key.hash;
  }

 private:
  std::uint64_t key_;
};

}  // namespace meerkat::scrape
