#include <algorithm>
#include <cmath>
#include <map>

#include "base/json_writer.h"
#include "base/number.h"
#include "server/net/base64.h"
#include "server/remote/otlp_schema.h"

// Attribute values as OpenTelemetry's collector prints them.
namespace meerkat::remote::otlp {
namespace {

// As ECMAScript prints numbers: 1e-9, where Go's own exponents have two digits.
std::string Number(double value) {
  if (!std::isfinite(value)) return "json: unsupported value: " + FormatFloat(value);
  std::string out;
  AppendSampleValue(out, value);
  if (const auto exponent = out.find("e-0"); exponent != std::string::npos) {
    out.erase(exponent + 2, 1);
  }
  return out;
}

// Within lists and maps. False: JSON has no such number, and then all of the value is nothing.
bool AppendJson(std::string& out, const AnyValue& any) {
  if (const auto* text = std::get_if<std::string>(&any.value)) {
    JsonWriter::AppendQuoted(out, *text);
  } else if (const auto* number = std::get_if<double>(&any.value)) {
    if (!std::isfinite(*number)) return false;
    out += Number(*number);
  } else if (const auto* bytes = std::get_if<AnyValue::Bytes>(&any.value)) {
    JsonWriter::AppendQuoted(out, net::Base64Encode(bytes->bytes));
  } else if (const auto* list = std::get_if<AnyValue::List>(&any.value)) {
    out += '[';
    for (const AnyValue& item : list->values) {
      if (out.back() != '[') out += ',';
      if (!AppendJson(out, item)) return false;
    }
    out += ']';
  } else if (const auto* map = std::get_if<AnyValue::Map>(&any.value)) {
    // In the order of the keys, of which the last of a name counts.
    std::map<std::string_view, const AnyValue*> sorted;
    for (const KeyValue& pair : map->values) sorted[pair.key] = &pair.value;
    out += '{';
    for (const auto& [key, value] : sorted) {
      if (out.back() != '{') out += ',';
      JsonWriter::AppendQuoted(out, key);
      out += ':';
      if (!AppendJson(out, *value)) return false;
    }
    out += '}';
  } else if (std::holds_alternative<std::monostate>(any.value)) {
    out += "null";
  } else {
    out += TextOf(any);
  }
  return true;
}

// Go's encoder escapes what HTML would read; in JSON these are found in texts only.
std::string EscapeHtml(std::string_view json) {
  std::string out;
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string TextOf(const AnyValue& any) {
  if (const auto* text = std::get_if<std::string>(&any.value)) return *text;
  if (const auto* flag = std::get_if<bool>(&any.value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&any.value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&any.value)) return Number(*number);
  if (const auto* bytes = std::get_if<AnyValue::Bytes>(&any.value)) {
    return net::Base64Encode(bytes->bytes);
  }
  std::string json;
  if (std::holds_alternative<std::monostate>(any.value) || !AppendJson(json, any)) return "";
  return EscapeHtml(json);
}

}  // namespace meerkat::remote::otlp
