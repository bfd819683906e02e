#include <algorithm>
#include <optional>

#include "alerting/template/escape.h"
#include "alerting/template/format.h"
#include "alerting/template/node.h"
#include "base/quote.h"

namespace meerkat::alerting::templates {
namespace {

using Args = std::span<const Value>;

Error Wrong(std::string text) {
  return Error(Code::kExecution, std::move(text));
}

// ---- comparison

enum class Basic { kNone, kBool, kInt, kFloat, kString };

Basic BasicOf(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kBool:
      return Basic::kBool;
    case Value::Kind::kInt:
    case Value::Kind::kDuration:
      return Basic::kInt;
    case Value::Kind::kFloat:
      return Basic::kFloat;
    case Value::Kind::kString:
      return Basic::kString;
    default:
      return Basic::kNone;
  }
}

Error Incompatible(const Value& a, const Value& b) {
  return Wrong("incompatible types for comparison: " + a.TypeName() + " and " + b.TypeName());
}

Result<bool> Equal(const Value& a, const Value& b) {
  const Basic kind = BasicOf(a);
  if (kind != BasicOf(b)) {
    if (!a.is_nil() && !b.is_nil()) return Incompatible(a, b);
    return false;
  }
  switch (kind) {
    case Basic::kBool:
      return a.boolean() == b.boolean();
    case Basic::kInt:
      return a.integer() == b.integer();
    case Basic::kFloat:
      return a.number() == b.number();
    case Basic::kString:
      return a.string() == b.string();
    case Basic::kNone:
      break;
  }
  if (a.is_nil() || b.is_nil()) return a.is_nil() && b.is_nil();
  if (a.kind() == Value::Kind::kTime && b.kind() == Value::Kind::kTime) {
    return a.time().at == b.time().at;
  }
  return Wrong("non-comparable type " + a.ToText() + ": " + a.TypeName());
}

Result<Value> Eq(Args args) {
  if (args.size() < 2) return Wrong("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    const Result<bool> same = Equal(args[0], other);
    if (!same) return same.error();
    if (*same) return Value::Bool(true);
  }
  return Value::Bool(false);
}

Result<Value> Ne(Args args) {
  const Result<bool> same = Equal(args[0], args[1]);
  if (!same) return same.error();
  return Value::Bool(!*same);
}

Result<bool> Less(const Value& a, const Value& b) {
  const Basic kind = BasicOf(a);
  if (kind == Basic::kNone || BasicOf(b) == Basic::kNone) {
    return Wrong("invalid type for comparison");
  }
  if (kind != BasicOf(b)) return Incompatible(a, b);
  switch (kind) {
    case Basic::kInt:
      return a.integer() < b.integer();
    case Basic::kFloat:
      return a.number() < b.number();
    case Basic::kString:
      return a.string() < b.string();
    default:
      return Wrong("invalid type for comparison");
  }
}

Result<Value> Lt(Args args) {
  const Result<bool> less = Less(args[0], args[1]);
  if (!less) return less.error();
  return Value::Bool(*less);
}

Result<Value> Le(Args args) {
  const Result<bool> less = Less(args[0], args[1]);
  if (!less) return less.error();
  const Result<bool> same = Equal(args[0], args[1]);
  if (!same) return same.error();
  return Value::Bool(*less || *same);
}

Result<Value> Gt(Args args) {
  const Result<Value> le = Le(args);
  if (!le) return le.error();
  return Value::Bool(!le->boolean());
}

Result<Value> Ge(Args args) {
  const Result<Value> lt = Lt(args);
  if (!lt) return lt.error();
  return Value::Bool(!lt->boolean());
}

// ---- collections

// An index into something `size` long; at the end is allowed for slices.
Result<std::size_t> IndexOf(const Value& index, std::size_t size, bool end,
                            std::string_view what = "") {
  if (index.is_nil()) return Wrong("cannot index slice/array with nil");
  if (index.kind() != Value::Kind::kInt) {
    return Wrong("cannot index slice/array with type " + index.TypeName());
  }
  const std::int64_t at = index.integer();
  const auto limit = static_cast<std::int64_t>(size) + (end ? 1 : 0);
  // Go's own check lets the length itself through, and then its reflection refuses.
  if (!end && at == limit) return Wrong("reflect: " + std::string(what) + " index out of range");
  if (at < 0 || at >= limit) return Wrong("index out of range: " + std::to_string(at));
  return static_cast<std::size_t>(at);
}

Result<Value> Index(Args args) {
  Value item = args[0];
  if (item.is_nil()) return Wrong("index of untyped nil");
  for (const Value& index : args.subspan(1)) {
    switch (item.kind()) {
      case Value::Kind::kNil:
        return Wrong("index of nil pointer");
      case Value::Kind::kList: {
        const auto at = IndexOf(index, item.list().size(), false, "slice");
        if (!at) return at.error();
        item = Value(item.list()[*at]);
        break;
      }
      case Value::Kind::kString: {
        const auto at = IndexOf(index, item.string().size(), false, "string");
        if (!at) return at.error();
        item = Value::Int(static_cast<unsigned char>(item.string()[*at]));
        break;
      }
      case Value::Kind::kMap: {
        if (index.kind() != Value::Kind::kString) {
          if (index.is_nil()) return Wrong("value is nil; should be of type string");
          return Wrong("value has type " + index.TypeName() + "; should be string");
        }
        const auto found = item.map().find(index.string());
        const bool strings = item.type() != nullptr && item.type()->string_elements;
        item = found != item.map().end() ? Value(found->second)
               : strings                 ? Value::String("")
                                         : Value();
        break;
      }
      default:
        return Wrong("can't index item of type " + item.TypeName());
    }
  }
  return item;
}

Result<Value> Slice(Args args) {
  const Value& item = args[0];
  if (item.is_nil()) return Wrong("slice of untyped nil");
  if (args.size() > 4) {
    return Wrong("too many slice indexes: " + std::to_string(args.size() - 1));
  }
  const bool text = item.kind() == Value::Kind::kString;
  if (!text && item.kind() != Value::Kind::kList) {
    return Wrong("can't slice item of type " + item.TypeName());
  }
  if (text && args.size() == 4) return Wrong("cannot 3-index slice a string");
  const std::size_t size = text ? item.string().size() : item.list().size();
  std::size_t bounds[3] = {0, size, size};
  for (std::size_t i = 1; i < args.size(); ++i) {
    const auto at = IndexOf(args[i], size, true);
    if (!at) return at.error();
    bounds[i - 1] = *at;
  }
  for (std::size_t i = 0; i + 1 < 3; ++i) {
    if (bounds[i] > bounds[i + 1]) {
      return Wrong("invalid slice index: " + std::to_string(bounds[i]) + " > " +
                   std::to_string(bounds[i + 1]));
    }
  }
  if (text) return Value::String(item.string().substr(bounds[0], bounds[1] - bounds[0]));
  const auto begin = item.list().begin();
  return Value::Of(List(begin + static_cast<std::ptrdiff_t>(bounds[0]),
                        begin + static_cast<std::ptrdiff_t>(bounds[1])),
                   item.type());
}

Result<Value> Len(Args args) {
  const Value& item = args[0];
  switch (item.kind()) {
    case Value::Kind::kNil:
      return Wrong("len of nil pointer");
    case Value::Kind::kString:
      return Value::Int(static_cast<std::int64_t>(item.string().size()));
    case Value::Kind::kList:
      return Value::Int(static_cast<std::int64_t>(item.list().size()));
    case Value::Kind::kMap:
      return Value::Int(static_cast<std::int64_t>(item.map().size()));
    default:
      return Wrong("len of type " + item.TypeName());
  }
}

// What an escaper works on: one string as it is, anything else as print shows it.
std::string Joined(Args args) {
  if (args.size() == 1 && args[0].kind() == Value::Kind::kString) return args[0].string();
  return Sprint(args);
}

FunctionSet MakeBuiltins() {
  const auto any = [](std::size_t fixed) { return std::vector<Param>(fixed, Param::kAny); };
  FunctionSet set;
  // Evaluated by the executor, which may leave arguments unevaluated; here for their names.
  const auto by_executor = [](Args) -> Result<Value> {
    return Wrong("not called through the executor");
  };
  set["and"] = {any(1), true, by_executor};
  set["or"] = {any(1), true, by_executor};
  set["call"] = {
      any(1), true, [](Args args) -> Result<Value> {
        if (args.empty() || args[0].is_nil()) return Wrong("call of nil");
        return Wrong("non-function " + args[0].ToText() + " of type " + args[0].TypeName());
      }};
  set["not"] = {any(1), false,
                [](Args args) -> Result<Value> { return Value::Bool(!args[0].IsTrue()); }};
  set["eq"] = {any(2), true, Eq};
  set["ne"] = {any(2), false, Ne};
  set["lt"] = {any(2), false, Lt};
  set["le"] = {any(2), false, Le};
  set["gt"] = {any(2), false, Gt};
  set["ge"] = {any(2), false, Ge};
  set["index"] = {any(2), true, Index};
  set["slice"] = {any(2), true, Slice};
  set["len"] = {any(1), false, Len};
  set["print"] = {any(1), true,
                  [](Args args) -> Result<Value> { return Value::String(Sprint(args)); }};
  set["println"] = {any(1), true,
                    [](Args args) -> Result<Value> { return Value::String(Sprintln(args)); }};
  set["printf"] = {{Param::kString, Param::kAny}, true, [](Args args) -> Result<Value> {
                     return Value::String(Sprintf(args[0].string(), args.subspan(1)));
                   }};
  set["html"] = {any(1), true, [](Args args) -> Result<Value> {
                   return Value::String(EscapeHtml(Joined(args)), &kEscapedHtml);
                 }};
  set["js"] = {any(1), true,
               [](Args args) -> Result<Value> { return Value::String(EscapeJs(Joined(args))); }};
  set["urlquery"] = {any(1), true, [](Args args) -> Result<Value> {
                       return Value::String(EscapeQuery(Joined(args)));
                     }};
  return set;
}

}  // namespace

const FunctionSet& Builtins() {
  static const FunctionSet kSet = MakeBuiltins();
  return kSet;
}

}  // namespace meerkat::alerting::templates
