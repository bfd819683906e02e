#include "server/config/yaml_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_set>

#include "base/quote.h"
#include "base/utf8.h"
#include "server/net/base64.h"

namespace meerkat::config {
namespace {

using Kind = YamlValue::Kind;

YamlPosition At(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

Error ErrorAt(YamlPosition position, std::string reason) {
  return {Code::kInvalid, std::to_string(position.line) + ":" + std::to_string(position.column) +
                              ": " + std::move(reason)};
}

// Thrown through yaml-cpp's parser, which knows no other way to be stopped, and caught below.
struct Stop {
  Error error;
};

// yaml-cpp writes the escapes \N and \_ as the bytes 85 and A0 instead of the characters U+0085 and
// U+00A0. Nothing else is not UTF-8 here: the text was checked.
std::string Mended(const std::string& value) {
  std::string mended;
  for (std::string_view rest = value; !rest.empty();) {
    const auto byte = static_cast<unsigned char>(rest.front());
    const char32_t rune = TakeRune(rest);
    AppendRune(mended, rune == kInvalidRune ? byte : rune);
  }
  return mended;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(YamlTree& tree, const YamlOptions& options) : tree_(tree), options_(options) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Place(Make(Kind::kNull, mark, anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode* node = anchor < anchors_.size() ? anchors_[anchor] : nullptr;
    if (node == nullptr) throw Stop{ErrorAt(At(mark), "unknown anchor referenced")};
    for (const Open& open : open_) {
      if (open.node == node) throw Stop{ErrorAt(At(mark), "anchor value contains itself")};
    }
    Place(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = Make(Kind::kScalar, mark, anchor);
    node->text = IsValidUtf8(value) ? value : Mended(value);
    node->quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (tag == "tag:yaml.org,2002:null") node->kind = Kind::kNull;
    if (tag == "tag:yaml.org,2002:binary") {
      auto bytes = net::Base64Decode(value);
      if (!bytes) throw Stop{ErrorAt(At(mark), "!!binary value contains invalid base64 data")};
      node->text = *std::move(bytes);
      node->quoted = true;
    }
    Place(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    YamlNode* node = Make(Kind::kList, mark, anchor);
    Place(node);
    open_.push_back({node});
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    YamlNode* node = Make(Kind::kMap, mark, anchor);
    Place(node);
    open_.push_back({node});
  }
  void OnMapEnd() override {
    Close(*open_.back().node);
    open_.pop_back();
  }

 private:
  struct Open {
    YamlNode* node;
    const YamlNode* key = nullptr;  // of a mapping: read, its value not yet
  };

  YamlNode* Make(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree_.arena.size() >= options_.max_values) {
      throw Stop{ErrorAt(At(mark), "document has too many values")};
    }
    YamlNode& node = tree_.arena.emplace_back();
    node.kind = kind;
    node.position = At(mark);
    if (anchor != 0) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1);
      anchors_[anchor] = &node;
    }
    return &node;
  }

  // Puts a value where the parser stands: at the top, in a list, as a key or as a key's value.
  void Place(const YamlNode* node) {
    if (open_.empty()) {
      tree_.top = node;
      return;
    }
    Open& open = open_.back();
    if (open.node->kind == Kind::kList) {
      open.node->items.push_back(node);
    } else if (open.key == nullptr) {
      if (node->kind == Kind::kList || node->kind == Kind::kMap) {
        throw Stop{ErrorAt(node->position, "a mapping key must be a scalar")};
      }
      open.key = node;
    } else {
      open.node->entries.push_back({open.key->text, open.key->position, node});
      open.key = nullptr;
    }
  }

  // Refuses duplicates and folds `<<` in: own keys win, then the first merged mapping.
  void Close(YamlNode& map) {
    std::unordered_set<std::string_view> seen;
    std::vector<const YamlNode*> merged;
    std::vector<YamlNode::Entry> own;
    own.reserve(map.entries.size());
    for (const YamlNode::Entry& entry : map.entries) {
      if (entry.key == "<<") {
        CollectMerged(*entry.value, merged);
        continue;
      }
      if (!seen.insert(entry.key).second) {
        throw Stop{ErrorAt(
            entry.key_position,
            std::string(entry.key) + ": key " + Quote(entry.key) + " already set in this mapping")};
      }
      own.push_back(entry);
    }
    for (const YamlNode* source : merged) {
      for (const YamlNode::Entry& entry : source->entries) {
        if (seen.insert(entry.key).second) own.push_back(entry);
      }
      merged_ += source->entries.size();
      if (merged_ > options_.max_values) {
        throw Stop{ErrorAt(map.position, "document contains excessive aliasing")};
      }
    }
    map.entries = std::move(own);
  }

  void CollectMerged(const YamlNode& value, std::vector<const YamlNode*>& merged) {
    if (value.kind == Kind::kMap) {
      merged.push_back(&value);
      return;
    }
    bool maps_only = value.kind == Kind::kList;
    for (const YamlNode* item : value.items) {
      maps_only = maps_only && item->kind == Kind::kMap;
      merged.push_back(item);
    }
    if (!maps_only) {
      throw Stop{
          ErrorAt(value.position, "map merge requires map or sequence of maps as the value")};
    }
  }

  YamlTree& tree_;
  const YamlOptions& options_;
  std::vector<Open> open_;
  std::vector<YamlNode*> anchors_;
  std::size_t merged_ = 0;
};

// YAML 1.1, 5.1.
bool MayStandInYaml(char32_t rune) {
  if (rune < 0x20) return rune == '\t' || rune == '\n' || rune == '\r';
  return rune < 0x7F || rune == 0x85 || (rune >= 0xA0 && rune != 0xFFFE && rune != 0xFFFF);
}

// yaml-cpp takes any byte; here, as upstream, a file is characters, and printable ones.
Result<> CheckCharacters(std::string_view text) {
  // UTF-16 says so with its first two bytes; yaml-cpp makes UTF-8 of it.
  if (text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE")) return {};
  YamlPosition position{1, 1};
  while (!text.empty()) {
    const char32_t rune = TakeRune(text);
    if (rune == kInvalidRune) return ErrorAt(position, "yaml: invalid UTF-8");
    if (!MayStandInYaml(rune)) {
      return ErrorAt(position, "yaml: control characters are not allowed");
    }
    position = rune == '\n' ? YamlPosition{position.line + 1, 1}
                            : YamlPosition{position.line, position.column + 1};
  }
  return {};
}

}  // namespace

Result<YamlTree> ParseYamlTree(std::string_view text, const YamlOptions& options) {
  if (text.size() > options.max_bytes) return ErrorAt({1, 1}, "the document is too large");
  if (auto checked = CheckCharacters(text); !checked) return std::move(checked).error();
  YamlTree tree;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    TreeBuilder builder(tree, options);
    parser.HandleNextDocument(builder);
  } catch (const Stop& stop) {
    return stop.error;
  } catch (const YAML::Exception& exception) {
    return ErrorAt(At(exception.mark), "yaml: " + exception.msg);
  }
  return tree;
}

}  // namespace meerkat::config
