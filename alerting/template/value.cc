#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "alerting/template.h"
#include "alerting/template/format.h"
#include "alerting/template/go_time.h"

namespace meerkat::alerting::templates {

struct Value::Rep {
  std::variant<std::string, Moment, List, Map, std::vector<std::pair<std::string, Value>>> content;
};

Value Value::Bool(bool value) {
  Value out;
  out.kind_ = Kind::kBool;
  out.integer_ = value ? 1 : 0;
  return out;
}

Value Value::Int(std::int64_t value, const Type* type) {
  Value out;
  out.kind_ = Kind::kInt;
  out.type_ = type;
  out.integer_ = value;
  return out;
}

Value Value::Float(double value) {
  Value out;
  out.kind_ = Kind::kFloat;
  out.number_ = value;
  return out;
}

Value Value::String(std::string value, const Type* type) {
  Value out;
  out.kind_ = Kind::kString;
  out.type_ = type;
  out.rep_ = std::make_shared<Rep>(Rep{std::move(value)});
  return out;
}

Value Value::Time(Moment value) {
  Value out;
  out.kind_ = Kind::kTime;
  out.type_ = &kTimeType;
  out.rep_ = std::make_shared<Rep>(Rep{std::move(value)});
  return out;
}

Value Value::Duration(Nanos value) {
  Value out;
  out.kind_ = Kind::kDuration;
  out.type_ = &kDurationType;
  out.integer_ = value.count();
  return out;
}

Value Value::Of(List items, const Type* type) {
  Value out;
  out.kind_ = Kind::kList;
  out.type_ = type;
  out.rep_ = std::make_shared<Rep>(Rep{std::move(items)});
  return out;
}

Value Value::Of(Map entries, const Type* type) {
  Value out;
  out.kind_ = Kind::kMap;
  out.type_ = type;
  out.rep_ = std::make_shared<Rep>(Rep{std::move(entries)});
  return out;
}

Value Value::Struct(std::vector<std::pair<std::string, Value>> fields, const Type* type) {
  Value out;
  out.kind_ = Kind::kStruct;
  out.type_ = type;
  out.rep_ = std::make_shared<Rep>(Rep{std::move(fields)});
  return out;
}

Value Value::Strings(const std::vector<std::string>& items) {
  List list;
  for (const std::string& item : items) list.push_back(String(item));
  return Of(std::move(list), &kStringList);
}

Value Value::Strings(const Labels& labels) {
  Map map;
  for (const Label label : labels) map.emplace(label.name, String(std::string(label.value)));
  return Of(std::move(map), &kStringMap);
}

const std::string& Value::string() const {
  return std::get<std::string>(rep_->content);
}
const Moment& Value::time() const {
  return std::get<Moment>(rep_->content);
}
const List& Value::list() const {
  return std::get<List>(rep_->content);
}
const Map& Value::map() const {
  return std::get<Map>(rep_->content);
}
const std::vector<std::pair<std::string, Value>>& Value::fields() const {
  return std::get<std::vector<std::pair<std::string, Value>>>(rep_->content);
}

std::string Value::ToText() const {
  return FormatValue(*this);
}

std::string Value::TypeName() const {
  if (type_ != nullptr) return std::string(type_->name);
  switch (kind_) {
    case Kind::kNil:
      return "<nil>";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      return "string";
    case Kind::kTime:
      return "time.Time";
    case Kind::kDuration:
      return "time.Duration";
    case Kind::kList:
      return "[]interface {}";
    case Kind::kMap:
      return "map[string]interface {}";
    case Kind::kStruct:
      return "struct {}";
  }
  return "";
}

bool Value::IsTrue() const {
  switch (kind_) {
    case Kind::kNil:
      return false;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kDuration:
      return integer_ != 0;
    case Kind::kFloat:
      return number_ != 0;
    case Kind::kString:
      return !string().empty();
    case Kind::kList:
      return !list().empty();
    case Kind::kMap:
      return !map().empty();
    case Kind::kTime:
    case Kind::kStruct:
      return true;
  }
  return false;
}

// ---- Alertmanager's sets of pairs

namespace {

List SortedPairs(const Value& kv) {
  List pairs;
  const auto add = [&](const std::string& name, const Value& value) {
    pairs.push_back(Value::Struct({{"Name", Value::String(name)}, {"Value", value}}, &kPair));
  };
  // The alert's name first, the rest by name.
  const auto name = kv.map().find("alertname");
  if (name != kv.map().end()) add(name->first, name->second);
  for (const auto& [key, value] : kv.map()) {
    if (key != "alertname") add(key, value);
  }
  return pairs;
}

List Column(const List& pairs, std::size_t field) {
  List out;
  for (const Value& pair : pairs) out.push_back(pair.fields()[field].second);
  return out;
}

std::string PairsText(const List& pairs) {
  std::string out;
  for (const Value& pair : pairs) {
    if (!out.empty()) out += ", ";
    out += pair.fields()[0].second.string() + "=" + pair.fields()[1].second.string();
  }
  return out;
}

Value Names(const List& pairs) {
  return Value::Of(Column(pairs, 0), &kStringList);
}
Value Values(const List& pairs) {
  return Value::Of(Column(pairs, 1), &kStringList);
}

Result<Value> Remove(const Value& kv, std::span<const Value> args) {
  Map left = kv.map();
  for (const Value& name : args[0].list()) left.erase(name.string());
  return Value::Of(std::move(left), &kKv);
}

}  // namespace

const Type kEscapedHtml{"string", {}};
const Type kSafeHtml{"template.HTML", {}};
const Type kSafeUrl{"template.URL", {}};
const Type kStringList{"[]string", {}};
const Type kStringMap{"map[string]string", {}, nullptr, true};
const Type kPair{"template.Pair", {}};

const Type kPairs{
    "template.Pairs",
    {{"Names", {}, [](const Value& self, auto) -> Result<Value> { return Names(self.list()); }},
     {"Values", {}, [](const Value& self, auto) -> Result<Value> { return Values(self.list()); }},
     {"String",
      {},
      [](const Value& self, auto) -> Result<Value> {
        return Value::String(PairsText(self.list()));
      }}},
    [](const Value& self) { return PairsText(self.list()); }};

const Type kKv{
    "template.KV",
    {{"SortedPairs",
      {},
      [](const Value& self, auto) -> Result<Value> {
        return Value::Of(SortedPairs(self), &kPairs);
      }},
     {"Remove", {Param::kStrings}, Remove},
     {"Names",
      {},
      [](const Value& self, auto) -> Result<Value> { return Names(SortedPairs(self)); }},
     {"Values",
      {},
      [](const Value& self, auto) -> Result<Value> { return Values(SortedPairs(self)); }},
     {"String",
      {},
      [](const Value& self, auto) -> Result<Value> {
        return Value::String(PairsText(SortedPairs(self)));
      }}},
    [](const Value& self) { return PairsText(SortedPairs(self)); },
    true};

Value Kv(const Labels& labels) {
  Map map;
  for (const Label label : labels) map.emplace(label.name, Value::String(std::string(label.value)));
  return Value::Of(std::move(map), &kKv);
}

Value Kv(const std::map<std::string, std::string>& labels) {
  Map map;
  for (const auto& [name, value] : labels) map.emplace(name, Value::String(value));
  return Value::Of(std::move(map), &kKv);
}

}  // namespace meerkat::alerting::templates
