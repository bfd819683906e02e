#include <array>
#include <optional>

#include "alerting/template/escape.h"
#include "alerting/template/go_layout.h"
#include "alerting/template/json.h"
#include "alerting/template/text_functions.h"
#include "base/quote.h"

namespace meerkat::alerting::templates {
namespace {

using Args = std::span<const Value>;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string Base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    const std::size_t digits = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t k = 0; k < 4; ++k) {
      out += k < digits ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

// The offset of the first wrong byte on failure.
std::optional<std::string> FromBase64(std::string_view text, std::size_t& wrong) {
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  std::size_t end = text.size();
  while (end > 0 && text.size() - end < 2 && text[end - 1] == '=') --end;
  wrong = text.size();
  if (text.size() % 4 != 0) return std::nullopt;
  for (std::size_t i = 0; i < end; ++i) {
    const std::size_t digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) {
      wrong = i;
      return std::nullopt;
    }
    group = group << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xFF);
    }
  }
  return out;
}

std::string TrimSpace(const std::string& text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

Result<Value> Join(Args args) {
  std::string out;
  bool first = true;
  for (const Value& item : args[1].list()) {
    if (!first) out += args[0].string();
    first = false;
    out += item.string();
  }
  return Value::String(std::move(out));
}

Result<Value> Dict(Args args) {
  if (args.size() % 2 != 0) {
    return Error(Code::kExecution, "dict requires an even number of arguments");
  }
  Map map;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    if (args[i].kind() != Value::Kind::kString) {
      return Error(Code::kExecution, "dict keys must be strings");
    }
    map[args[i].string()] = args[i + 1];
  }
  return Value::Of(std::move(map));
}

Result<Value> AppendTo(Args args) {
  List list = args[0].list();
  list.insert(list.end(), args.begin() + 1, args.end());
  return Value::Of(std::move(list));
}

Error BadTime(const Value& layout, const Value& text) {
  return Error(Code::kExecution, "parsing time " + Quote(text.string()) + " as " +
                                     Quote(layout.string()) + ": cannot parse " +
                                     Quote(text.string()) + " as " + Quote(layout.string()));
}

// The labels of the route that a notification came along.
Result<Value> RouteLabel(const Value& data, Args args) {
  if (data.kind() == Value::Kind::kStruct) {
    for (const auto& [name, value] : data.fields()) {
      if (name != "RouteLabels" || value.kind() != Value::Kind::kMap) continue;
      const auto found = value.map().find(args[0].string());
      if (found != value.map().end()) return found->second;
    }
  }
  return Value::String("");
}

}  // namespace

FunctionSet NotificationFunctions(NotificationWorld world) {
  FunctionSet set = SharedFunctions();
  const auto add = [&set](const char* name, std::vector<Param> params,
                          std::function<Result<Value>(Args)> call, bool variadic = false) {
    set[name] = {std::move(params), variadic, std::move(call), {}};
  };
  constexpr Param kString = Param::kString;
  constexpr Param kTime = Param::kTime;

  add("title", {kString},
      [](Args args) -> Result<Value> { return Value::String(TitleCase(args[0].string())); });
  add("trimSpace", {kString},
      [](Args args) -> Result<Value> { return Value::String(TrimSpace(args[0].string())); });
  add("join", {kString, Param::kStrings}, Join);
  add("safeUrl", {kString},
      [](Args args) -> Result<Value> { return Value::String(args[0].string(), &kSafeUrl); });
  add("urlUnescape", {kString}, [](Args args) -> Result<Value> {
    std::string out;
    if (!UnescapeUrl(args[0].string(), true, out)) {
      return Error(Code::kExecution, "invalid URL escape " + Quote(out));
    }
    return Value::String(std::move(out));
  });
  add(
      "stringSlice", {kString},
      [](Args args) -> Result<Value> {
        return Value::Of(List(args.begin(), args.end()), &kStringList);
      },
      true);
  add("date", {kString, kTime}, [](Args args) -> Result<Value> {
    return Value::String(FormatTime(args[1].time(), args[0].string()));
  });
  add("tz", {kString, kTime}, [zone = world.zone](Args args) -> Result<Value> {
    Moment moment = args[1].time();
    const Result<LocalZone> local = zone(args[0].string(), moment.at);
    if (!local) return local.error();
    moment.offset_seconds = local->offset_seconds;
    moment.zone = local->abbreviation;
    return Value::Time(std::move(moment));
  });
  add("now", {}, [now = world.now](Args) -> Result<Value> { return Value::Time(now()); });
  add("since", {kTime}, [now = world.now](Args args) -> Result<Value> {
    return Value::Duration(std::chrono::duration_cast<Nanos>(now() - args[0].time().at));
  });
  add("toDate", {kString, kString}, [](Args args) -> Result<Value> {
    const auto moment = ParseTime(args[0].string(), args[1].string());
    // Go's zero time where there is none in the text.
    constexpr Timestamp kNoTime = FromMillis(-62'135'596'800'000);
    return moment ? Value::Time(*moment) : Value::Time(kNoTime);
  });
  add("mustToDate", {kString, kString}, [](Args args) -> Result<Value> {
    const auto moment = ParseTime(args[0].string(), args[1].string());
    if (!moment) return BadTime(args[0], args[1]);
    return Value::Time(*moment);
  });
  add("toJson", {Param::kAny},
      [](Args args) -> Result<Value> { return Value::String(ToJson(args[0])); });
  add("base64encode", {kString},
      [](Args args) -> Result<Value> { return Value::String(Base64(args[0].string())); });
  add("base64decode", {kString}, [](Args args) -> Result<Value> {
    std::size_t wrong = 0;
    std::optional<std::string> bytes = FromBase64(args[0].string(), wrong);
    if (!bytes) {
      return Error(Code::kExecution, "illegal base64 data at input byte " + std::to_string(wrong));
    }
    return Value::String(*std::move(bytes));
  });
  add(
      "list", {Param::kAny},
      [](Args args) -> Result<Value> { return Value::Of(List(args.begin(), args.end())); }, true);
  add("append", {Param::kList, Param::kAny}, AppendTo, true);
  add("dict", {Param::kAny}, Dict, true);
  set["routeLabels"] = {{kString}, false, {}, RouteLabel};
  return set;
}

}  // namespace meerkat::alerting::templates
