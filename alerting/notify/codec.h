#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert.h"
#include "base/clock.h"
#include "base/labels.h"

// How alerting state becomes bytes in the StateStore.
//   int    := zigzag varint          string := length:varint bytes
//   time   := int, milliseconds      labels := count:varint (name:string value:string)…
// Each record begins with its version, an int.
namespace meerkat::alerting {

class Encoder {
 public:
  Encoder& Int(std::int64_t value);
  Encoder& String(std::string_view value);
  Encoder& Time(Timestamp value) { return Int(ToMillis(value)); }
  Encoder& Pairs(const Labels& labels);
  Encoder& Pairs(const std::map<std::string, std::string>& pairs);
  Encoder& Hashes(const std::vector<std::uint64_t>& hashes);
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that does not fit everything reads as empty and ok() is false.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  std::int64_t Int();
  std::string String();
  Timestamp Time() { return FromMillis(Int()); }
  Labels LabelSet();
  std::map<std::string, std::string> Pairs();
  std::vector<std::uint64_t> Hashes();
  bool ok() const { return ok_; }

 private:
  std::uint64_t Varint();
  std::size_t Count(std::size_t least_bytes_each);

  std::string_view rest_;
  bool ok_ = true;
};

std::string EncodeAlert(const Alert& alert);
std::optional<Alert> DecodeAlert(std::string_view bytes);

}  // namespace meerkat::alerting
