#include "server/config/yaml_reader.h"

#include <algorithm>
#include <limits>

#include "base/duration.h"
#include "base/letter_case.h"
#include "base/nearest.h"
#include "base/quote.h"
#include "server/config/yaml_node.h"
#include "server/config/yaml_scalar.h"

namespace meerkat::config {

// What all views of one document share: where messages go and how much may still be visited.
struct YamlContext {
  std::string file;
  const YamlOptions& options;
  std::size_t visited = 0;
  std::string error;                  // the first; "" while all is well
  const YamlNode* lacking = nullptr;  // the error is that this mapping lacks a key
  std::vector<std::string> warnings;

  std::string Message(YamlPosition position, std::string_view key, std::string_view reason) const {
    std::string message =
        file + ":" + std::to_string(position.line) + ":" + std::to_string(position.column) + ": ";
    if (!key.empty()) message.append(key).append(": ");
    return message.append(reason);
  }
  void Fail(YamlPosition position, std::string_view key, std::string_view reason) {
    if (error.empty()) error = Message(position, key, reason);
  }
  // False once the document has been walked for too long: aliases of aliases multiply.
  bool Visit(const YamlNode& node) {
    if (++visited <= options.max_values) return true;
    Fail(node.position, "", "document contains excessive aliasing");
    return false;
  }
};

namespace {

using Kind = YamlValue::Kind;

const YamlNode::Entry* FindEntry(const YamlNode& map, std::string_view key) {
  const auto found = std::ranges::find(map.entries, key, &YamlNode::Entry::key);
  return found == map.entries.end() ? nullptr : &*found;
}

struct Place {
  YamlPosition position;
  std::string_view key;   // the last one on the way
  std::size_t steps = 0;  // how far it went
};

Place Walk(const YamlNode& top, const YamlPath& path) {
  const YamlNode* node = &top;
  Place place{.position = top.position, .key = {}};
  for (const auto& step : path) {
    if (const auto* const key = std::get_if<std::string_view>(&step)) {
      const YamlNode::Entry* const entry = FindEntry(*node, *key);
      if (entry == nullptr) break;
      place.position = entry->key_position;
      place.key = entry->key;
      node = entry->value;
    } else {
      const std::size_t index = std::get<std::size_t>(step);
      if (index >= node->items.size()) break;
      node = node->items[index];
      place.position = node->position;
    }
    ++place.steps;
  }
  return place;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kScalar:
      return "a scalar";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a mapping";
  }
  return "";
}

}  // namespace

Kind YamlValue::kind() const {
  return node_->kind;
}
const std::string& YamlValue::text() const {
  return node_->text;
}
bool YamlValue::quoted() const {
  return node_->quoted;
}
YamlPosition YamlValue::position() const {
  return node_->position;
}

void YamlValue::Fail(std::string_view reason) const {
  context_->Fail(node_->position, key_, reason);
}

void YamlValue::Warn(std::string_view reason) const {
  context_->warnings.push_back(context_->Message(node_->position, key_, reason));
}

void YamlValue::Mismatch(std::string_view wanted) const {
  std::string got(KindName(node_->kind));
  if (node_->kind == Kind::kScalar) got = Quote(node_->text.substr(0, 64));
  Fail("expected " + std::string(wanted) + ", got " + got);
}

// Whether there is a scalar to convert. Null is left to the caller's zero value.
bool YamlValue::Scalar(std::string_view wanted) const {
  if (!context_->Visit(*node_) || node_->kind == Kind::kNull) return false;
  if (node_->kind == Kind::kScalar) return true;
  Mismatch(wanted);
  return false;
}

void YamlValue::Read(std::string& out) const {
  out.clear();
  if (Scalar("a string")) out = node_->text;
}

void YamlValue::Read(net::Secret& out) const {
  std::string text;
  Read(text);
  out = net::Secret(std::move(text));
}

void YamlValue::Read(bool& out) const {
  out = false;
  if (!Scalar("a boolean")) return;
  const auto value = node_->quoted ? std::nullopt : ScalarToBool(node_->text);
  if (!value) return Mismatch("a boolean");
  out = *value;
}

template <typename T>
void YamlValue::ReadInteger(T& out) const {
  constexpr std::string_view kWanted =
      std::is_signed_v<T> ? "an integer" : "an integer that is not negative";
  out = 0;
  if (!Scalar(kWanted)) return;
  if (!node_->quoted) {
    if constexpr (std::is_signed_v<T>) {
      const auto value = ScalarToInt(node_->text);
      if (value && std::in_range<T>(*value)) {
        out = static_cast<T>(*value);
        return;
      }
    } else {
      const auto value = ScalarToUint(node_->text);
      if (value && std::in_range<T>(*value)) {
        out = static_cast<T>(*value);
        return;
      }
    }
  }
  Mismatch(kWanted);
}

void YamlValue::Read(int& out) const {
  ReadInteger(out);
}
void YamlValue::Read(std::int64_t& out) const {
  ReadInteger(out);
}
void YamlValue::Read(std::uint64_t& out) const {
  ReadInteger(out);
}
void YamlValue::Read(std::uint32_t& out) const {
  ReadInteger(out);
}

void YamlValue::Read(double& out) const {
  out = 0;
  if (!Scalar("a number")) return;
  const auto value = node_->quoted ? std::nullopt : ScalarToFloat(node_->text);
  if (!value) return Mismatch("a number");
  out = *value;
}

void YamlValue::Read(Millis& out) const {
  out = Millis(0);
  if (!Scalar("a duration")) return;
  auto value = ParseDuration(node_->text);
  if (!value) return Fail(value.error().message());
  out = *value;
}

void YamlValue::ReadSize(std::uint64_t& out) const {
  out = 0;
  if (!Scalar("a size")) return;
  const auto value = ParseSize(node_->text);
  if (!value) return Mismatch("a size like 512MB");
  out = *value;
}

void YamlValue::Each(const std::function<void(const YamlValue& item)>& visit) const {
  if (!context_->Visit(*node_) || node_->kind == Kind::kNull) return;
  if (node_->kind != Kind::kList) return Mismatch("a list");
  for (const YamlNode* item : node_->items) {
    if (!context_->Visit(*item)) return;
    visit(YamlValue(context_, item, key_));
  }
}

bool YamlValue::Block(const std::function<void(YamlMap& map)>& read) const {
  if (!context_->Visit(*node_) || node_->kind == Kind::kNull) return false;
  if (node_->kind != Kind::kMap) {
    Mismatch("a mapping");
    return false;
  }
  YamlMap map(context_, node_);
  read(map);
  map.RefuseUnknown();
  return true;
}

void YamlValue::Entries(
    const std::function<void(std::string_view key, const YamlValue& value)>& visit) const {
  if (!context_->Visit(*node_) || node_->kind == Kind::kNull) return;
  if (node_->kind != Kind::kMap) return Mismatch("a mapping");
  for (const YamlNode::Entry& entry : node_->entries) {
    if (!context_->Visit(*entry.value)) return;
    visit(entry.key, YamlValue(context_, entry.value, entry.key));
  }
}

bool YamlMap::ReadSize(std::string_view key, std::uint64_t& out) {
  const auto value = Find(key);
  if (value) value->ReadSize(out);
  return value.has_value();
}

bool YamlMap::Each(std::string_view key, const std::function<void(const YamlValue& item)>& visit) {
  const auto value = Find(key);
  if (value) value->Each(visit);
  return value.has_value();
}

bool YamlMap::Block(std::string_view key, const std::function<void(YamlMap& map)>& read) {
  const auto value = Find(key);
  return value && value->Block(read);
}

bool YamlMap::Entries(
    std::string_view key,
    const std::function<void(std::string_view key, const YamlValue& value)>& visit) {
  const auto value = Find(key);
  if (value) value->Entries(visit);
  return value.has_value();
}

std::optional<YamlValue> YamlMap::Find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  const YamlNode::Entry* entry = FindEntry(*node_, key);
  if (entry == nullptr) return std::nullopt;
  return YamlValue(context_, entry->value, entry->key);
}

void YamlMap::ForEachKey(
    const std::function<void(std::string_view key, const YamlValue& value)>& visit) {
  for (const YamlNode::Entry& entry : node_->entries) {
    visit(entry.key, YamlValue(context_, entry.value, entry.key));
  }
}

void YamlMap::Fail(std::string_view key, std::string_view reason) {
  const YamlNode::Entry* entry = FindEntry(*node_, key);
  if (entry == nullptr && context_->error.empty()) context_->lacking = node_;
  context_->Fail(entry != nullptr ? entry->key_position : node_->position, key, reason);
}

void YamlMap::FailAt(const YamlPath& path, std::string_view reason) {
  const Place place = Walk(*node_, path);
  context_->Fail(place.position, place.key, reason);
}

bool YamlMap::Has(const YamlPath& path) const {
  return Walk(*node_, path).steps == path.size();
}

void YamlMap::Warn(std::string_view key, std::string_view reason) {
  const YamlNode::Entry* entry = FindEntry(*node_, key);
  context_->warnings.push_back(
      context_->Message(entry != nullptr ? entry->key_position : node_->position, key, reason));
}

YamlPosition YamlMap::position() const {
  return node_->position;
}

void YamlMap::RefuseUnknown() const {
  if (context_->options.ignore_unknown_keys) return;
  for (const YamlNode::Entry& entry : node_->entries) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    std::string reason = "unknown key";
    const std::vector<std::string_view> candidates(known_.begin(), known_.end());
    std::string word = ToLower(entry.key);
    std::ranges::replace(word, '-', '_');
    if (const auto near = Nearest(word, candidates); !near.empty()) {
      reason.append(", did you mean ").append(Quote(near)).append("?");
    }
    if (context_->lacking == node_) context_->error.clear();
    context_->Fail(entry.key_position, entry.key, reason);
    return;
  }
}

Result<YamlOutcome> ReadYaml(std::string_view file, std::string_view text,
                             const std::function<void(const YamlValue& top)>& read,
                             const YamlOptions& options) {
  auto tree = ParseYamlTree(text, options);
  if (!tree) {
    return Error(tree.error().code(), std::string(file) + ":" + tree.error().message());
  }
  YamlContext context{.file = std::string(file), .options = options, .error = {}, .warnings = {}};
  const YamlNode nothing{.position = {1, 1}, .text = {}, .items = {}, .entries = {}};
  read(YamlValue(&context, tree->top == nullptr ? &nothing : tree->top, ""));
  if (!context.error.empty()) return Error(Code::kInvalid, std::move(context.error));
  return YamlOutcome{std::move(context.warnings)};
}

Result<YamlOutcome> ReadYamlMap(std::string_view file, std::string_view text,
                                const std::function<void(YamlMap& top)>& read,
                                const YamlOptions& options) {
  const auto read_top = [&](const YamlValue& top) {
    if (top.is_null()) {
      const YamlNode empty{
          .kind = Kind::kMap, .position = {1, 1}, .text = {}, .items = {}, .entries = {}};
      top.As(empty).Block(read);
    } else {
      top.Block(read);
    }
  };
  return ReadYaml(file, text, read_top, options);
}

}  // namespace meerkat::config
