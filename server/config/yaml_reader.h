#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/net/client_config.h"

// A strict, typed reader for configuration files. Whoever reads a mapping asks for the keys it
// knows; keys nobody asked for are refused with the nearest that somebody did. The first thing
// wrong ends up as "file:line:column: key: reason"; reading goes on harmlessly after it, so callers
// check nothing in between. Scalars convert as upstream's YAML library converts them: any plain
// scalar is a string, yes/on/y are booleans, 0x10 and 1_000 are integers, null is the zero value.
namespace meerkat::config {

struct YamlOptions {
  bool ignore_unknown_keys = false;
  // Larger texts are refused before anything is parsed.
  std::size_t max_bytes = 64 << 20;
  // How many values may be visited, aliases counted each time they are followed.
  std::size_t max_values = 10'000'000;
};

struct YamlPosition {
  int line = 0;  // both from 1
  int column = 0;
};

// Keys of mappings and indexes of lists, from the outside in.
using YamlPath = std::vector<std::variant<std::string_view, std::size_t>>;
template <typename Step>
YamlPath Below(YamlPath path, Step step) {
  path.emplace_back(step);
  return path;
}

class YamlMap;
struct YamlOutcome;
struct YamlNode;
struct YamlContext;

// A value in the document; cheap to copy, valid while ReadYaml runs.
class YamlValue {
 public:
  enum class Kind : unsigned char { kNull, kScalar, kList, kMap };

  YamlValue(YamlContext* context, const YamlNode* node, std::string_view key)
      : context_(context), node_(node), key_(key) {}

  Kind kind() const;
  bool is_null() const { return kind() == Kind::kNull; }
  const std::string& text() const;  // of a scalar, unquoted; "" for others
  bool quoted() const;              // a scalar in quotes or a block scalar
  YamlPosition position() const;

  void Read(std::string& out) const;
  void Read(bool& out) const;
  void Read(int& out) const;
  void Read(std::int64_t& out) const;
  void Read(std::uint64_t& out) const;
  void Read(std::uint32_t& out) const;
  void Read(double& out) const;
  void Read(net::Secret& out) const;
  void Read(Millis& out) const;             // 1m30s
  void ReadSize(std::uint64_t& out) const;  // 512MB, powers of 1024
  template <typename T>
  void Read(std::vector<T>& out) const {
    out.clear();
    Each([&out](const YamlValue& item) { item.Read(out.emplace_back()); });
  }
  template <typename T>
  void Read(std::map<std::string, T>& out) const {
    out.clear();
    Entries([&out](std::string_view key, const YamlValue& value) {
      value.Read(out[std::string(key)]);
    });
  }
  template <typename T>
  void Read(std::optional<T>& out) const {
    out.reset();
    if (!is_null()) Read(out.emplace());
  }

  // Items of a list. Null is an empty list; anything else is refused.
  void Each(const std::function<void(const YamlValue& item)>& visit) const;
  // A mapping with known keys. False (and `read` is not called) for null; anything else is refused.
  bool Block(const std::function<void(YamlMap& map)>& read) const;
  // A mapping with free keys, in the document's order. Null is an empty mapping.
  void Entries(
      const std::function<void(std::string_view key, const YamlValue& value)>& visit) const;

  // Refuses this value.
  void Fail(std::string_view reason) const;
  // Says that it is accepted but not what the writer may have hoped for.
  void Warn(std::string_view reason) const;

 private:
  friend Result<YamlOutcome> ReadYamlMap(std::string_view, std::string_view,
                                         const std::function<void(YamlMap&)>&, const YamlOptions&);
  YamlValue As(const YamlNode& node) const { return {context_, &node, key_}; }
  template <typename T>
  void ReadInteger(T& out) const;
  bool Scalar(std::string_view wanted) const;
  void Mismatch(std::string_view wanted) const;

  YamlContext* context_;
  const YamlNode* node_;
  std::string_view key_;
};

// A mapping whose keys are known. Keys that no call below named are refused when the Block ends.
class YamlMap {
 public:
  // Reads the value of `key` into `out`; false, and `out` keeps its default, when it is not there.
  template <typename T>
  bool Read(std::string_view key, T& out) {
    auto value = Find(key);
    if (value) value->Read(out);
    return value.has_value();
  }
  bool ReadSize(std::string_view key, std::uint64_t& out);
  // False when the key is missing; a null list or mapping is there but empty.
  bool Each(std::string_view key, const std::function<void(const YamlValue& item)>& visit);
  bool Block(std::string_view key, const std::function<void(YamlMap& map)>& read);
  bool Entries(std::string_view key,
               const std::function<void(std::string_view key, const YamlValue& value)>& visit);
  // The value itself, for what fits none of the above.
  std::optional<YamlValue> Find(std::string_view key);

  // Any key of the mapping in the document's order, without making it known.
  void ForEachKey(const std::function<void(std::string_view key, const YamlValue& value)>& visit);

  // Refuses the value of `key`, or the mapping itself when there is no such key. In that case a key
  // of it that nobody knows is told of instead: most often it was meant to be the missing one.
  void Fail(std::string_view key, std::string_view reason);
  // Refuses what lies below, as far down the path as the document goes.
  void FailAt(const YamlPath& path, std::string_view reason);
  bool Has(const YamlPath& path) const;
  void Warn(std::string_view key, std::string_view reason);
  YamlPosition position() const;

 private:
  friend class YamlValue;
  YamlMap(YamlContext* context, const YamlNode* node) : context_(context), node_(node) {}
  void RefuseUnknown() const;

  YamlContext* context_;
  const YamlNode* node_;
  std::vector<std::string> known_;
};

struct YamlOutcome {
  std::vector<std::string> warnings;  // "file:line:column: key: text"
};

// Parses the first document of `text`, hands it to `read`, and gives back the first error. `file`
// is only for messages.
Result<YamlOutcome> ReadYaml(std::string_view file, std::string_view text,
                             const std::function<void(const YamlValue& top)>& read,
                             const YamlOptions& options = {});
// The same for a document that is a mapping; an empty document is an empty mapping.
Result<YamlOutcome> ReadYamlMap(std::string_view file, std::string_view text,
                                const std::function<void(YamlMap& top)>& read,
                                const YamlOptions& options = {});

}  // namespace meerkat::config
