#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/config/yaml_reader.h"
#include "server/config/yaml_writer.h"
#include "server/net/client_config.h"

namespace meerkat::config {

// `path` as seen from the configuration file's directory; absolute and empty paths stay.
std::string JoinDirectory(std::string_view directory, const std::string& path);

// 1m, 512MiB, ... as upstream prints sizes.
std::string FormatSize(std::uint64_t bytes);

enum class Show : unsigned char { kAlways, kUnlessZero, kNever };

// The keys of one mapping, described once and used both ways: read from a document into a struct,
// or written from the struct into a document. A description runs in upstream's order of keys, so
// that what is printed looks as upstream prints it. When reading, missing keys leave their default.
class Fields {
 public:
  Fields(YamlMap& map, std::string_view directory) : map_(&map), directory_(directory) {}
  explicit Fields(YamlOut& out) : out_(&out) {}

  bool reading() const { return map_ != nullptr; }
  // Only while reading.
  YamlMap& map() { return *map_; }
  std::string_view directory() const { return directory_; }
  void Fail(std::string_view key, std::string_view reason) {
    if (map_ != nullptr) map_->Fail(key, reason);
  }
  void FailAt(const YamlPath& path, std::string_view reason) {
    if (map_ != nullptr) map_->FailAt(path, reason);
  }

  // bool, integers, double, std::string, Millis, net::Secret, optionals, lists and maps of them.
  template <typename T>
  bool Field(std::string_view key, T& value, Show show = Show::kUnlessZero) {
    if (map_ != nullptr) return map_->Read(key, value);
    if (show == Show::kAlways || (show == Show::kUnlessZero && !IsZero(value))) {
      out_->Add(key, ToOut(value));
    }
    return false;
  }
  bool Size(std::string_view key, std::uint64_t& bytes);
  // A file or a list of files, relative to the configuration's directory.
  bool Path(std::string_view key, std::string& path);
  bool Paths(std::string_view key, std::vector<std::string>& paths);
  bool FlowList(std::string_view key, std::vector<std::string>& values);

  template <typename E>
  using Names = std::span<const std::pair<std::string_view, E>>;
  // One of a few words. `reason` makes the refusal of any other.
  template <typename E>
  bool Enum(std::string_view key, E& value, Names<E> names, Show show = Show::kAlways,
            const std::function<std::string(const std::string&)>& reason = {}) {
    if (map_ == nullptr) {
      for (const auto& [name, known] : names) {
        if (known == value && show != Show::kNever) out_->Add(key, ToOut(name));
      }
      return false;
    }
    const auto written = map_->Find(key);
    if (!written || written->is_null()) return false;
    std::string text;
    written->Read(text);
    for (const auto& [name, known] : names) {
      if (name == text) {
        value = known;
        return true;
      }
    }
    FailEnum(key, text, NamesOf(names), reason);
    return true;
  }

  // A nested mapping; written when something in it is, or always.
  bool Block(std::string_view key, const std::function<void(Fields& fields)>& describe,
             Show show = Show::kUnlessZero);
  // A nested mapping that may be absent.
  template <typename T>
  bool OptionalBlock(std::string_view key, std::optional<T>& value,
                     const std::function<void(Fields& fields, T& value)>& describe) {
    if (map_ != nullptr) {
      return Block(key, [&](Fields& fields) { describe(fields, value.emplace()); });
    }
    if (value) Block(key, [&](Fields& fields) { describe(fields, *value); }, Show::kAlways);
    return false;
  }
  // A list of mappings. A null item is refused with `null_item`.
  template <typename T>
  bool Blocks(std::string_view key, std::vector<T>& items,
              const std::function<void(Fields& fields, T& item)>& describe,
              std::string_view null_item = "empty or null section") {
    if (map_ != nullptr) {
      items.clear();
      return ReadItems(key, null_item,
                       [&](Fields& fields) { describe(fields, items.emplace_back()); });
    }
    if (items.empty()) return false;
    YamlOut list = YamlOut::List();
    for (T& item : items) {
      Fields fields(list.values.emplace_back());
      describe(fields, item);
    }
    out_->Add(key, std::move(list));
    return false;
  }
  // Appends to what is written; for what fits none of the above.
  YamlOut& out() { return *out_; }

 private:
  bool ReadItems(std::string_view key, std::string_view null_item,
                 const std::function<void(Fields& fields)>& read);
  template <typename E>
  static std::vector<std::string_view> NamesOf(Names<E> names) {
    std::vector<std::string_view> list;
    for (const auto& entry : names) list.push_back(entry.first);
    return list;
  }
  void FailEnum(std::string_view key, const std::string& text,
                const std::vector<std::string_view>& names,
                const std::function<std::string(const std::string&)>& reason);

  static YamlOut ToOut(bool value) { return YamlOut::Raw(value ? "true" : "false"); }
  static YamlOut ToOut(int value) { return YamlOut::Raw(std::to_string(value)); }
  static YamlOut ToOut(std::int64_t value) { return YamlOut::Raw(std::to_string(value)); }
  static YamlOut ToOut(std::uint64_t value) { return YamlOut::Raw(std::to_string(value)); }
  static YamlOut ToOut(double value);
  static YamlOut ToOut(std::string_view value) { return YamlOut::Text(value); }
  static YamlOut ToOut(const std::string& value) { return YamlOut::Text(value); }
  static YamlOut ToOut(Millis value);
  static YamlOut ToOut(const net::Secret& value) { return YamlOut::Text(value.ToString()); }
  template <typename T>
  static YamlOut ToOut(const std::optional<T>& value) {
    return ToOut(*value);
  }
  template <typename T>
  static YamlOut ToOut(const std::vector<T>& values) {
    YamlOut out = YamlOut::List();
    for (const T& value : values) out.values.push_back(ToOut(value));
    return out;
  }
  template <typename T>
  static YamlOut ToOut(const std::map<std::string, T>& values) {
    YamlOut out = YamlOut::Map();
    for (const auto& [key, value] : values) out.Add(key, ToOut(value));
    return out;
  }
  template <typename T>
  static bool IsZero(const T& value) {
    if constexpr (requires { value.has_value(); }) {
      return !value.has_value();
    } else if constexpr (requires { value.empty(); }) {
      return value.empty();
    } else {
      return value == T{};
    }
  }

  YamlMap* map_ = nullptr;
  YamlOut* out_ = nullptr;
  std::string_view directory_;
};

}  // namespace meerkat::config
