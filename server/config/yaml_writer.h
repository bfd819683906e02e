#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meerkat::config {

// A document to be printed the way upstream's YAML library prints: two spaces, lists not indented
// within their mapping, plain scalars wherever they read back as the same string.
struct YamlOut {
  enum class Kind : unsigned char { kScalar, kList, kFlowList, kMap };
  Kind kind = Kind::kMap;
  std::string scalar;             // already encoded
  std::vector<std::string> keys;  // of a mapping, one for each value
  std::vector<YamlOut> values;    // of a list or mapping

  static YamlOut Text(std::string_view text);  // quoted where needed
  static YamlOut Raw(std::string text);        // numbers, booleans
  static YamlOut List() { return {.kind = Kind::kList, .scalar = {}, .keys = {}, .values = {}}; }
  static YamlOut Map() { return {}; }
  static YamlOut FlowList(const std::vector<std::string>& texts);

  void Add(std::string_view key, YamlOut value) {
    keys.emplace_back(key);
    values.push_back(std::move(value));
  }
  bool empty() const { return scalar.empty() && values.empty(); }
  std::string Print() const;
};

}  // namespace meerkat::config
