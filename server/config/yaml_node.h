#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/config/yaml_reader.h"

// The tree behind YamlValue. Nodes live in one arena; an alias is a second pointer to its node.
namespace meerkat::config {

struct YamlNode {
  YamlValue::Kind kind = YamlValue::Kind::kNull;
  bool quoted = false;  // quoted, block scalar or tagged !!str: never a bool or number
  YamlPosition position;
  std::string text;
  std::vector<const YamlNode*> items;
  struct Entry {
    std::string_view key;
    YamlPosition key_position;
    const YamlNode* value;
  };
  std::vector<Entry> entries;
};

struct YamlTree {
  std::deque<YamlNode> arena;
  const YamlNode* top = nullptr;  // null for an empty text
};

// The first document of `text`. Refuses duplicate keys, unknown and circular aliases; merges `<<`.
// The error reads "line:column: reason".
Result<YamlTree> ParseYamlTree(std::string_view text, const YamlOptions& options);

}  // namespace meerkat::config
