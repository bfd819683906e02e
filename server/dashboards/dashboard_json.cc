#include "server/dashboards/dashboard_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace meerkat::server {
namespace {

using Json = nlohmann::ordered_json;
using namespace nlohmann::literals;  // NOLINT(google-build-using-namespace): _json_pointer

constexpr std::size_t kMaxUid = 40;

bool IsUidCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

Json Parse(std::string_view text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

bool IsWrapper(const Json& json) {
  return json.is_object() && json.contains("dashboard") && json["dashboard"].is_object() &&
         !json.contains("panels") && !json.contains("rows");
}

// {"apiVersion": "dashboard.grafana.app/v2…", "metadata": {"name": uid}, "spec": {…}}: Grafana's
// new model, which the browser turns into the classic one.
bool IsNewModel(const Json& json) {
  if (!json.is_object() || !json.contains("spec") || !json["spec"].is_object()) return false;
  const auto version = json.find("apiVersion");
  return version != json.end() && version->is_string() &&
         version->get_ref<const std::string&>().starts_with("dashboard.grafana.app/v2");
}

}  // namespace

Result<DashboardSummary> ReadDashboard(std::string_view text) {
  const Json parsed = Parse(text);
  if (parsed.is_discarded()) return Error(Code::kInvalid, "not valid JSON");
  const bool is_new = IsNewModel(parsed);
  const Json& json = is_new ? parsed["spec"] : IsWrapper(parsed) ? parsed["dashboard"] : parsed;
  if (!json.is_object() ||
      !(json.contains("panels") || json.contains("rows") || json.contains("title"))) {
    return Error(Code::kInvalid, "not a Grafana dashboard: it has neither title, panels nor rows");
  }
  DashboardSummary summary;
  const auto text_of = [&](const char* key) {
    const auto at = json.find(key);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  summary.uid = text_of("uid");
  if (is_new) {
    // A saved one has the uid that was given to it, a file the name it had in Grafana.
    for (const Json::json_pointer& at : {"/metadata/name"_json_pointer, "/uid"_json_pointer}) {
      if (parsed.contains(at) && parsed[at].is_string()) summary.uid = parsed[at];
    }
  }
  summary.title = text_of("title");
  if (const auto tags = json.find("tags"); tags != json.end() && tags->is_array()) {
    for (const auto& tag : *tags) {
      if (tag.is_string()) summary.tags.push_back(tag.get<std::string>());
    }
  }
  return summary;
}

std::string UnwrapDashboard(std::string_view text) {
  const Json parsed = Parse(text);
  if (!IsWrapper(parsed)) return std::string(text);
  return parsed["dashboard"].dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string WithUid(std::string_view text, std::string_view uid) {
  Json json = Parse(text);
  if (const auto at = json.find("uid"); at != json.end() && *at == uid) return std::string(text);
  json["uid"] = std::string(uid);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

bool IsUsableUid(std::string_view uid) {
  if (uid.empty() || uid.size() > kMaxUid) return false;
  for (const char c : uid) {
    if (!IsUidCharacter(c)) return false;
  }
  return true;
}

std::string UidFromName(std::string_view name, int copy) {
  std::string uid;
  for (const char c : name) {
    if (IsUidCharacter(c)) {
      uid += c;
    } else if (!uid.empty() && uid.back() != '-') {
      uid += '-';
    }
  }
  while (uid.starts_with('-')) uid.erase(0, 1);
  while (uid.ends_with('-')) uid.pop_back();
  if (uid.empty()) uid = "dashboard";
  const std::string number = copy > 1 ? "-" + std::to_string(copy) : "";
  uid.resize(std::min(uid.size(), kMaxUid - number.size()));
  return uid + number;
}

std::string SlugOf(std::string_view title) {
  std::string slug;
  while (!title.empty()) {
    const char32_t rune = TakeRune(title);
    const char c = rune < 0x80 ? static_cast<char>(rune) : '-';
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    const bool word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (word) {
      slug += lower;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? "dashboard" : slug;
}

}  // namespace meerkat::server
