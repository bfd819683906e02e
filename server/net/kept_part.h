#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace meerkat::net {

// A copy of some bytes on pages of its own. What is kept for minutes would pin the memory around it
// if it lay on the heap among what made it. Threads: one at a time.
class KeptPart {
 public:
  static Result<KeptPart> Copy(std::string_view bytes);  // not empty
  KeptPart(KeptPart&& other) noexcept
      : begin_(std::exchange(other.begin_, nullptr)), size_(other.size_) {}
  KeptPart& operator=(KeptPart&& other) noexcept {
    std::swap(begin_, other.begin_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~KeptPart();

  std::string_view bytes() const { return {static_cast<const char*>(begin_), size_}; }

 private:
  KeptPart(void* begin, std::size_t size) : begin_(begin), size_(size) {}

  void* begin_;
  std::size_t size_;
};

}  // namespace meerkat::net
