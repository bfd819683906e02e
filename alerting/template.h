#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "promql/value.h"

// Go's text/template and html/template, as far as rule files and Alertmanager use them: templates
// of users give the same text here.
namespace meerkat::alerting::templates {

class Value;
using List = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;

// A moment as Go's time.Time shows it: in UTC or shifted into a zone.
struct Moment {
  Timestamp at{};
  std::int32_t offset_seconds = 0;  // east of UTC
  std::string zone = "UTC";         // the abbreviation: CET
};

using Nanos = std::chrono::nanoseconds;

// What a function or method takes; kAny takes everything.
enum class Param : std::uint8_t {
  kAny,
  kBool,
  kInt,
  kFloat,
  kString,
  kStrings,  // []string
  kList,     // []interface {}
  kTime,
  kDuration,
  kQueryResult,  // what the function query gives, and one of its elements
  kSample
};

struct Function {
  std::vector<Param> params;
  bool variadic = false;  // the last of `params` may repeat any number of times or be absent
  // Arguments fit `params`. An error ends the execution: "error calling NAME: …".
  std::function<Result<Value>(std::span<const Value> args)> call;
  // When set, called in its place, with the data of the whole execution.
  std::function<Result<Value>(const Value& data, std::span<const Value> args)> call_on_data = {};
};
using FunctionSet = std::map<std::string, Function, std::less<>>;

// What values of one Go type have in common beyond their kind. Lives for ever.
struct Type {
  struct Method {
    std::string_view name;
    std::vector<Param> params;
    Result<Value> (*call)(const Value& self, std::span<const Value> args);
  };
  std::string_view name;  // "template.KV"
  std::vector<Method> methods;
  std::string (*text)(const Value& self) = nullptr;  // its String() method
  bool string_elements = false;                      // a map whose missing keys are ""
};

// Any value a template can hold. Immutable; a copy is cheap. Threads: any.
class Value {
 public:
  enum class Kind : std::uint8_t {
    kNil,
    kBool,
    kInt,
    kFloat,
    kString,
    kTime,
    kDuration,
    kList,
    kMap,
    kStruct,  // fields under their names, in the order of the type
  };
  Value() = default;  // nil
  static Value Bool(bool value);
  static Value Int(std::int64_t value, const Type* type = nullptr);
  static Value Float(double value);
  static Value String(std::string value, const Type* type = nullptr);
  static Value Time(Moment value);
  static Value Time(Timestamp value) { return Time(Moment{value, 0, "UTC"}); }
  static Value Duration(Nanos value);
  static Value Of(List items, const Type* type = nullptr);
  static Value Of(Map entries, const Type* type = nullptr);
  static Value Struct(std::vector<std::pair<std::string, Value>> fields, const Type* type);
  static Value Strings(const std::vector<std::string>& items);  // []string
  static Value Strings(const Labels& labels);                   // map[string]string

  Kind kind() const { return kind_; }
  const Type* type() const { return type_; }
  bool is_nil() const { return kind_ == Kind::kNil; }

  // Only for a value of that kind.
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }
  double number() const { return number_; }
  const std::string& string() const;
  const Moment& time() const;
  Nanos duration() const { return Nanos(integer_); }
  const List& list() const;
  const Map& map() const;
  const std::vector<std::pair<std::string, Value>>& fields() const;

  // As Go's fmt prints it with %v.
  std::string ToText() const;
  // Go's name of its type: "int", "map[string]string", "template.KV".
  std::string TypeName() const;
  // What `if` asks: not zero and not empty.
  bool IsTrue() const;

 private:
  struct Rep;
  Kind kind_ = Kind::kNil;
  std::int64_t integer_ = 0;
  double number_ = 0;
  const Type* type_ = nullptr;
  std::shared_ptr<const Rep> rep_;
};

extern const Type kEscapedHtml;  // a string that has been escaped for HTML
extern const Type kSafeHtml;    // html/template.HTML: not escaped in HTML
extern const Type kSafeUrl;     // html/template.URL
extern const Type kStringList;  // []string
extern const Type kStringMap;   // map[string]string
extern const Type kQueryResult;
extern const Type kSample;
// Alertmanager's label and annotation sets and what .SortedPairs gives.
extern const Type kKv;     // methods SortedPairs, Remove, Names, Values
extern const Type kPairs;  // methods Names, Values
extern const Type kPair;   // fields Name, Value
Value Kv(const Labels& labels);
Value Kv(const std::map<std::string, std::string>& labels);

// What output looks like on its way into the text.
enum class Escaping : std::uint8_t {
  kNone,  // text/template
  kHtml,  // html/template: escaped for the place in the HTML where it lands
};

// Named templates that can call each other. Parsing adds to it; executing does not change it.
// Threads: executions from any number of threads; Parse and Add from one, before.
// Bounds: a text of 1 MiB, 200 templates inside each other, 64 MiB of output, 10 million steps.
class Template {
 public:
  Template(std::shared_ptr<const FunctionSet> functions, Escaping escaping);
  ~Template();
  Template(const Template&);
  Template(Template&&) noexcept;
  Template& operator=(Template) noexcept;

  // One text under a name, with the templates it defines. Errors are Go's:
  // "template: NAME:LINE: function \"x\" not defined".
  static Result<Template> Parse(std::string name, std::string_view text,
                                std::shared_ptr<const FunctionSet> functions,
                                Escaping escaping = Escaping::kNone);
  // Adds the text and its definitions; of equal names the later wins, unless it is blank.
  Result<> Add(std::string name, std::string_view text);
  bool Defines(std::string_view name) const;

  // Runs the template that Parse named. Errors are Go's:
  // "template: NAME:LINE:COL: executing \"NAME\" at <WHAT>: …".
  Result<std::string> Execute(const Value& data) const;
  Result<std::string> Execute(std::string_view name, const Value& data) const;
  // Parses and runs a text of its own that may use the templates here.
  Result<std::string> Expand(std::string_view text, const Value& data) const;

 private:
  struct Set;
  std::string name_;
  Escaping escaping_;
  std::shared_ptr<const FunctionSet> functions_;
  std::shared_ptr<Set> set_;
};

// ---- what Alertmanager's templates may call

struct LocalZone {
  std::int32_t offset_seconds = 0;
  std::string abbreviation;
};
struct NotificationWorld {
  std::function<Timestamp()> now;
  // The rules of a named zone at a moment; an error when there is no such zone.
  std::function<Result<LocalZone>(std::string_view zone, Timestamp at)> zone;
};
FunctionSet NotificationFunctions(NotificationWorld world);

// ---- what Prometheus's rules may call

struct RuleWorld {
  std::function<Result<promql::Vector>(std::string_view query, Timestamp at)> query;
  Timestamp now{};
  std::string external_url;  // as the flag has it
};
FunctionSet RuleFunctions(RuleWorld world);

// What a label or annotation of a rule may name: $labels, $externalLabels, $externalURL, $value.
struct RuleData {
  Labels labels;
  Labels external_labels;
  Value value;  // Float, or a String for a histogram
};

// Expands the text of an alerting rule's label or annotation; `alert` is the rule's name. Errors:
// "error executing template __alert_NAME: …", "error parsing template __alert_NAME: …".
Result<std::string> ExpandRuleTemplate(std::string_view alert, std::string_view text,
                                       const RuleData& data, const RuleWorld& world);
// Whether the text parses: the error is Go's, with the name __alert_NAME.
Result<> CheckRuleTemplate(std::string_view alert, std::string_view text);

}  // namespace meerkat::alerting::templates
