#include <nlohmann/json.hpp>
#include <sstream>

#include "alerting/matchers.h"
#include "base/duration.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/net/url.h"
#include "server/web/alertmanager/rooms.h"

namespace meerkat::web::alertmanager {
namespace {

using nlohmann::json;

// Go's name of what a JSON value is.
std::string_view KindOf(const json& value) {
  if (value.is_object()) return "object";
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_boolean()) return "bool";
  if (value.is_number()) return "number";
  return "null";
}

// The first thing wrong with a body; what follows it is not looked at.
class Faults {
 public:
  explicit Faults(std::string_view what) : what_(what) {}

  bool any() const { return answer_.has_value(); }
  net::Response Take() { return std::move(*answer_); }

  void Malformed(std::string_view reason) {
    if (any()) return;
    answer_ = RefuseSchema(
        400, 400, "parsing " + what_ + " body from \"\" failed, because " + std::string(reason));
  }
  void WrongType(const json& value, const std::string& where) {
    Malformed("json: cannot unmarshal " + std::string(KindOf(value)) + " into Go " + where);
  }
  void Required(const std::string& field) { Violates(602, field + " in body is required"); }
  void Violates(int code, std::string_view message) {
    if (!any()) answer_ = RefuseSchema(422, code, message);
  }

 private:
  const std::string what_;
  std::optional<net::Response> answer_;
};

std::optional<json> ParseJson(const std::string& body, Faults& faults) {
  if (body.empty()) return std::nullopt;
  try {
    // The first value; what comes after it is nobody's.
    std::istringstream in(body);
    json value;
    in >> value;
    return value;
  } catch (const json::parse_error& error) {
    // As Go would name it: the byte at which the text stops being JSON.
    const auto start = body.find_first_not_of(" \t\r\n");
    const auto inside = start == std::string::npos || body[start] != '{'
                            ? std::string::npos
                            : body.find_first_not_of(" \t\r\n", start + 1);
    if (inside != std::string::npos && body[inside] != '"' && body[inside] != '}') {
      faults.Malformed("invalid character '" + body.substr(inside, 1) +
                       "' looking for beginning of object key string");
    } else if (error.byte > body.size()) {
      faults.Malformed("unexpected EOF");
    } else {
      const std::string byte = body.substr(error.byte == 0 ? 0 : error.byte - 1, 1);
      faults.Malformed("invalid character '" + byte + "' looking for beginning of value");
    }
  }
  return std::nullopt;
}

// "" is no time; dates without time or zone are UTC.
Timestamp ReadTime(const json& value, Faults& faults) {
  if (!value.is_string()) {
    faults.WrongType(value, "value of type strfmt.DateTime");
    return kZeroTime;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.empty()) return kZeroTime;
  for (const char* rest : {"", "Z", "T00:00:00Z"}) {
    if (const auto t = ParseRfc3339(text + rest)) return *t;
  }
  const std::string quoted = Quote(text);
  faults.Malformed("parsing time " + quoted + " as \"2006-01-02\": cannot parse " + quoted +
                   " as \"2006\"");
  return kZeroTime;
}

Timestamp ReadTime(const json& object, const char* key, Faults& faults) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return kZeroTime;
  return ReadTime(*found, faults);
}

std::string ReadString(const json& object, const char* key, const std::string& where,
                       Faults& faults) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  faults.WrongType(*found, "struct field " + where + "." + key + " of type string");
  return "";
}

// A flat object of strings.
std::map<std::string, std::string> ReadStrings(const json& object, const char* key,
                                               const std::string& where, Faults& faults) {
  std::map<std::string, std::string> out;
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return out;
  if (!found->is_object()) {
    faults.WrongType(*found, "struct field " + where + "." + key + " of type models.LabelSet");
    return out;
  }
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) {
      out[name] = value.get<std::string>();
    } else if (!value.is_null()) {
      faults.WrongType(value, "struct field " + where + "." + key + "." + name + " of type string");
    }
  }
  return out;
}

alerting::PostedAlert ReadAlert(const json& item, std::size_t index, Faults& faults) {
  alerting::PostedAlert alert;
  if (!item.is_object()) {
    faults.WrongType(item, "value of type models.PostableAlert");
    return alert;
  }
  const auto labels = ReadStrings(item, "labels", "Alert", faults);
  const auto annotations = ReadStrings(item, "annotations", "PostableAlert", faults);
  alert.starts_at = ReadTime(item, "startsAt", faults);
  alert.ends_at = ReadTime(item, "endsAt", faults);
  alert.generator_url = ReadString(item, "generatorURL", "Alert", faults);
  if (!item.contains("labels") || item["labels"].is_null()) {
    faults.Required(std::to_string(index) + ".labels");
  }
  const std::string& url = alert.generator_url;
  const auto is_uri = [](const std::string& text) {
    if (text.front() == '/') return true;
    const auto parsed = net::Url::Parse(text);
    return parsed && !parsed->scheme.empty();
  };
  if (!url.empty() && !is_uri(url)) {
    faults.Violates(
        601, std::to_string(index) + ".generatorURL in body must be of type uri: " + Quote(url));
  }
  std::vector<Label> pairs;
  for (const auto& [name, value] : labels) pairs.push_back({name, value});
  alert.labels = Labels::From(pairs);
  pairs.clear();
  for (const auto& [name, value] : annotations) pairs.push_back({name, value});
  alert.annotations = Labels::FromSorted(pairs);
  return alert;
}

std::optional<Matcher> ReadMatcher(const json& item, std::size_t index, Faults& faults,
                                   std::string& invalid) {
  if (!item.is_object()) {
    faults.WrongType(item, "value of type models.Matcher");
    return std::nullopt;
  }
  const std::string prefix = "matchers." + std::to_string(index) + ".";
  const auto flag = [&](const char* key, bool otherwise) {
    const auto found = item.find(key);
    if (found == item.end() || found->is_null()) return otherwise;
    if (found->is_boolean()) return found->get<bool>();
    faults.WrongType(*found, std::string("struct field Matcher.matchers.") + key + " of type bool");
    return otherwise;
  };
  std::string name = ReadString(item, "name", "Matcher.matchers", faults);
  std::string value = ReadString(item, "value", "Matcher.matchers", faults);
  const bool regex = flag("isRegex", false);
  const bool equal = flag("isEqual", true);
  for (const char* key : {"isRegex", "name", "value"}) {
    if (!item.contains(key) || item[key].is_null()) faults.Required(prefix + key);
  }
  using Type = Matcher::Type;
  const Type type =
      regex ? (equal ? Type::kRegex : Type::kNotRegex) : (equal ? Type::kEqual : Type::kNotEqual);
  const std::string pattern = value;
  auto matcher = alerting::MakeMatcher(type, std::move(name), std::move(value));
  if (matcher) return std::move(*matcher);
  if (invalid.empty()) {
    // Here, unlike in filters, upstream looks at the expression without its anchors.
    const auto bare = Regex::Compile(pattern, Regex::Flavor::kAlertmanager);
    invalid = "invalid silence: invalid label matcher " + std::to_string(index) +
              " in set 0: invalid regular expression " + Quote(pattern) + ": " +
              (bare ? matcher.error() : bare.error()).message();
  }
  return std::nullopt;
}

}  // namespace

Parsed<std::vector<alerting::PostedAlert>> ParseAlerts(const std::string& body) {
  Faults faults("alerts");
  std::vector<alerting::PostedAlert> alerts;
  const auto parsed = ParseJson(body, faults);
  if (!parsed) {
    faults.Required("alerts");
    return faults.Take();
  }
  if (parsed->is_array()) {
    for (std::size_t i = 0; i < parsed->size() && !faults.any(); ++i) {
      alerts.push_back(ReadAlert((*parsed)[i], i, faults));
    }
  } else if (!parsed->is_null()) {
    faults.WrongType(*parsed, "value of type models.PostableAlerts");
  }
  if (faults.any()) return faults.Take();
  return alerts;
}

Parsed<alerting::Silence> ParseSilence(const std::string& body) {
  Faults faults("silence");
  const auto parsed = ParseJson(body, faults);
  if (!parsed) {
    faults.Required("silence");
    return faults.Take();
  }
  if (!parsed->is_object() && !parsed->is_null()) {
    faults.WrongType(*parsed, "value of type models.PostableSilence");
    return faults.Take();
  }
  const json object = parsed->is_null() ? json::object() : *parsed;
  alerting::Silence silence;
  silence.id = ReadString(object, "id", "PostableSilence", faults);
  silence.created_by = ReadString(object, "createdBy", "Silence", faults);
  silence.comment = ReadString(object, "comment", "Silence", faults);
  silence.annotations = ReadStrings(object, "annotations", "Silence", faults);
  silence.starts_at = ReadTime(object, "startsAt", faults);
  silence.ends_at = ReadTime(object, "endsAt", faults);
  for (const char* key : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
    if (!object.contains(key) || object[key].is_null()) faults.Required(key);
  }
  std::string invalid;
  if (const auto matchers = object.find("matchers"); matchers != object.end()) {
    if (!matchers->is_array()) {
      faults.WrongType(*matchers, "struct field Silence.matchers of type models.Matchers");
    } else if (matchers->empty()) {
      faults.Violates(612, "matchers in body should have at least 1 items");
    } else {
      for (std::size_t i = 0; i < matchers->size(); ++i) {
        auto matcher = ReadMatcher((*matchers)[i], i, faults, invalid);
        if (matcher) silence.matchers.push_back(std::move(*matcher));
      }
    }
  }
  if (faults.any()) return faults.Take();
  if (!invalid.empty()) return Refuse(400, invalid);
  return silence;
}

Parsed<Acknowledgement> ParseAcknowledgement(const std::string& body) {
  Faults faults("acknowledgement");
  Acknowledgement acknowledgement;
  const auto parsed = ParseJson(body, faults);
  if (!parsed || !parsed->is_object()) {
    faults.Required("acknowledgement");
    return faults.Take();
  }
  acknowledgement.created_by = ReadString(*parsed, "createdBy", "Acknowledgement", faults);
  acknowledgement.comment = ReadString(*parsed, "comment", "Acknowledgement", faults);
  const std::string text = ReadString(*parsed, "duration", "Acknowledgement", faults);
  if (acknowledgement.created_by.empty()) faults.Required("createdBy");
  if (!text.empty()) {
    const auto duration = ParseDuration(text);
    if (!duration || *duration <= Millis(0)) {
      faults.Violates(601, "duration in body must be of type duration: " + Quote(text));
    } else {
      acknowledgement.at_most = *duration;
    }
  }
  if (faults.any()) return faults.Take();
  return acknowledgement;
}

}  // namespace meerkat::web::alertmanager
