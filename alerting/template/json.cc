#include "alerting/template/json.h"

#include <cmath>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/rfc3339.h"

namespace meerkat::alerting::templates {
namespace {

void AppendString(std::string& out, std::string_view text) {
  std::string quoted;
  JsonWriter::AppendQuoted(quoted, text);
  for (const char c : quoted) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
}

void Append(std::string& out, const Value& value, int depth) {
  // Deeper than any data: a list cannot hold itself.
  if (depth > 50) {
    out += "null";
    return;
  }
  switch (value.kind()) {
    case Value::Kind::kNil:
      out += "null";
      return;
    case Value::Kind::kBool:
      out += value.boolean() ? "true" : "false";
      return;
    case Value::Kind::kInt:
    case Value::Kind::kDuration:
      out += std::to_string(value.integer());
      return;
    case Value::Kind::kFloat:
      if (!std::isfinite(value.number())) {
        out += "null";
      } else {
        AppendSampleValue(out, value.number());
        // encoding/json writes 1e-9 where strconv writes 1e-09.
        const std::size_t at = out.size();
        if (at >= 4 && out[at - 4] == 'e' && out[at - 3] == '-' && out[at - 2] == '0') {
          out.erase(at - 2, 1);
        }
      }
      return;
    case Value::Kind::kString:
      AppendString(out, value.string());
      return;
    case Value::Kind::kTime:
      AppendString(out, FormatRfc3339(value.time().at));
      return;
    case Value::Kind::kList: {
      out += '[';
      bool first = true;
      for (const Value& item : value.list()) {
        if (!first) out += ',';
        first = false;
        Append(out, item, depth + 1);
      }
      out += ']';
      return;
    }
    case Value::Kind::kMap: {
      out += '{';
      bool first = true;
      for (const auto& [key, item] : value.map()) {
        if (!first) out += ',';
        first = false;
        AppendString(out, key);
        out += ':';
        Append(out, item, depth + 1);
      }
      out += '}';
      return;
    }
    case Value::Kind::kStruct: {
      out += '{';
      bool first = true;
      for (const auto& [name, item] : value.fields()) {
        if (!first) out += ',';
        first = false;
        // Upstream's tags: field names with a small first letter.
        std::string key = name;
        if (!key.empty() && key[0] >= 'A' && key[0] <= 'Z' && value.type() != &kPair) {
          key[0] = static_cast<char>(key[0] | 0x20);
        }
        AppendString(out, key);
        out += ':';
        Append(out, item, depth + 1);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

std::string ToJson(const Value& value) {
  std::string out;
  Append(out, value, 0);
  return out;
}

}  // namespace meerkat::alerting::templates
