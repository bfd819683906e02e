#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meerkat {

// Writes JSON forward into a string it does not own: commas and quoting are its business, nesting
// is the caller's. Escapes as Go's encoding/json without HTML escaping; invalid UTF-8 becomes
// U+FFFD.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Double(double value);  // a JSON number; NaN and infinities become null
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  JsonWriter& Raw(std::string_view json);  // a whole value, already JSON

  static void AppendQuoted(std::string& out, std::string_view value);

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string& out_;
  std::vector<bool> has_items_;
  bool after_key_ = false;
};

}  // namespace meerkat
