#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tsdb/head/token.h"

namespace meerkat::tsdb {

// A walk over bytes that never leaves them; one failure spoils all that follows.
class Walk {
 public:
  explicit Walk(std::string_view bytes) : in_(bytes.data()), end_(in_ + bytes.size()) {}
  bool ok() const { return in_ != nullptr; }
  bool done() const { return in_ == end_; }
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    if (in_ != nullptr) in_ = GetVarint(in_, end_, value);
    return value;
  }
  std::uint8_t Byte() {
    const std::string_view byte = Bytes(1);
    return byte.empty() ? 0 : static_cast<std::uint8_t>(byte[0]);
  }
  std::string_view Bytes(std::uint64_t size) {
    if (in_ == nullptr || size > static_cast<std::uint64_t>(end_ - in_)) {
      in_ = nullptr;
      return {};
    }
    const std::string_view bytes(in_, size);
    in_ += size;
    return bytes;
  }
  std::string_view Text() { return Bytes(Varint()); }
  // The token here, and its bytes.
  std::string_view Next(std::uint64_t before, Token& token) {
    const char* const from = in_;
    if (in_ != nullptr) in_ = DecodeToken(in_, end_, before, token);
    return in_ == nullptr ? std::string_view() : std::string_view(from, in_ - from);
  }

 private:
  const char* in_;
  const char* end_;
};

// What Walk::Text reads.
inline void AppendText(std::string_view text, std::string& out) {
  AppendVarint(out, text.size());
  out.append(text);
}

}  // namespace meerkat::tsdb
