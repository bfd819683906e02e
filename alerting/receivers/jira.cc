#include <algorithm>
#include <nlohmann/json.hpp>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"
#include "base/quote.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostSummary = 255;        // characters
constexpr std::size_t kMostDescription = 32767;  // characters

using nlohmann::json;

// Where an issue stands, as the search tells.
struct Issue {
  std::string key;
  std::string category;  // "done" when it is closed
};

std::string TextAt(const json& value, std::initializer_list<const char*> path) {
  const json* at = &value;
  for (const char* key : path) {
    if (!at->is_object() || !at->contains(key)) return "";
    at = &(*at)[key];
  }
  return at->is_string() ? at->get<std::string>() : "";
}

// An issue stands for a group: found by the label ALERT{hash}, made or updated, and moved through
// its workflow when the alerts resolve or come back.
class Jira : public Notifier {
 public:
  Jira(const JiraConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  void Notify(DeliveryPtr delivery) override {
    Renderer render(*with_.templates, delivery->what());
    const std::string query = Query(delivery->what(), render);
    if (!render.ok()) return delivery->done(Outcome::Fail(render.error().message()));
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("fields").BeginArray().String("status").EndArray();
    json.Key("jql").String(query);
    json.Key("maxResults").Int(2);
    json.EndObject();
    Ask(delivery, "POST", IsCloud() ? "search/jql" : "search", std::move(body),
        [this, delivery](const HttpResponse& response) { OnFound(delivery, response); });
  }

 private:
  bool IsCloud() const {
    using Api = JiraConfig::Api;
    if (config_.api != Api::kAuto) return config_.api == Api::kCloud;
    return config_.api_url.find("atlassian.net/") != std::string::npos;
  }

  // `then` gets answers with a good status only.
  void Ask(const DeliveryPtr& delivery, std::string method, const std::string& path,
           std::string body, std::function<void(const HttpResponse&)> then) {
    HttpRequest request = JsonRequest(config_.api_url + path, std::move(body), client_);
    request.method = std::move(method);
    request.headers.emplace_back("Accept-Language", "en");
    SendRequest(delivery, std::move(request),
                [delivery, then = std::move(then)](const HttpResponse& response) {
                  Outcome outcome = Outcome::OfStatus(response, {429});
                  if (!outcome.sent) return delivery->done(std::move(outcome));
                  then(response);
                });
  }

  std::string Query(const Notification& what, Renderer& render) const {
    std::string query;
    if (!config_.wont_fix_resolution.empty()) {
      const std::string quoted = Quote(config_.wont_fix_resolution);
      query += "(resolution is EMPTY or resolution != " + quoted + ") and ";
    }
    // A closed issue can only be opened again by a transition, and only for a while.
    if (what.firing() && !config_.reopen_transition.empty()) {
      const auto minutes =
          std::chrono::duration_cast<std::chrono::minutes>(config_.reopen_duration).count();
      if (minutes != 0) {
        query +=
            "(resolutiondate is EMPTY OR resolutiondate >= -" + std::to_string(minutes) + "m) and ";
      }
    } else {
      query += "statusCategory != Done and ";
    }
    query += "project=" + Quote(render.Text(config_.project)) +
             " and labels=" + Quote(IssueLabel(what)) + " order by status ASC,resolutiondate DESC";
    return query;
  }

  static std::string IssueLabel(const Notification& what) {
    return "ALERT{" + what.KeyHash() + "}";
  }

  void OnFound(const DeliveryPtr& delivery, const HttpResponse& response) {
    const json body = json::parse(response.body, nullptr, false);
    if (!body.is_object()) {
      return delivery->done(Outcome::Fail("jira: the search gave no JSON object"));
    }
    const auto issues = body.find("issues");
    if (issues == body.end() || !issues->is_array() || issues->empty()) {
      // What was never told needs no end.
      if (!delivery->what().firing()) return delivery->done(Outcome::Sent());
      return Write(delivery, std::nullopt);
    }
    const json& first = issues->front();
    Write(delivery, Issue{TextAt(first, {"key"}),
                          TextAt(first, {"fields", "status", "statusCategory", "key"})});
  }

  void Write(const DeliveryPtr& delivery, const std::optional<Issue>& issue) {
    Renderer render(*with_.templates, delivery->what());
    std::string body = IssueBody(delivery->what(), render, !issue.has_value());
    if (!render.ok()) return delivery->done(Outcome::Fail(render.error().message()));
    Ask(delivery, issue ? "PUT" : "POST", issue ? "issue/" + issue->key : "issue", std::move(body),
        [this, delivery, issue](const HttpResponse&) {
          if (!issue) return delivery->done(Outcome::Sent());
          Move(delivery, *issue);
        });
  }

  std::string IssueBody(const Notification& what, Renderer& render, bool create) const {
    std::map<std::string, std::string> fields;  // values as JSON
    const auto put = [&fields](const std::string& name, const auto& write) {
      std::string value;
      JsonWriter out(value);
      write(out);
      fields[name] = std::move(value);
    };
    const auto put_name = [&put](const std::string& field, const char* key, std::string value) {
      put(field, [&](JsonWriter& out) { out.BeginObject().Key(key).String(value).EndObject(); });
    };
    put_name("project", "key", render.Text(config_.project));
    put_name("issuetype", "name", render.Text(config_.issue_type));
    if (create || config_.summary.enable_update) {
      const std::string summary = TruncateRunes(render.Text(config_.summary.text), kMostSummary);
      put("summary", [&](JsonWriter& out) { out.String(summary); });
    }
    if (create || config_.description.enable_update) {
      const std::string text =
          TruncateRunes(render.Text(config_.description.text), kMostDescription);
      put("description", [&](JsonWriter& out) { WriteDescription(out, text); });
    }
    std::vector<std::string> labels = {IssueLabel(what)};
    for (const TemplateText& label : config_.labels) labels.push_back(render.Text(label));
    std::sort(labels.begin(), labels.end());
    put("labels", [&](JsonWriter& out) {
      out.BeginArray();
      for (const std::string& label : labels) out.String(label);
      out.EndArray();
    });
    if (const std::string priority = render.Text(config_.priority); !priority.empty()) {
      put_name("priority", "name", priority);
    }
    for (const auto& [name, node] : config_.fields) {
      put(name, [&](JsonWriter& out) { WriteRendered(out, node, render); });
    }
    std::string body;
    JsonWriter out(body);
    out.BeginObject().Key("fields").BeginObject();
    for (const auto& [name, value] : fields) out.Key(name).Raw(value);
    out.EndObject().EndObject();
    return body;
  }

  // Version 3 of the API takes documents; a text that is one goes as it is.
  void WriteDescription(JsonWriter& out, const std::string& text) const {
    if (!config_.api_url.ends_with("/3/")) {
      out.String(text);
      return;
    }
    if (text.starts_with('{') && json::accept(text)) {
      out.Raw(text);
      return;
    }
    out.BeginObject().Key("type").String("doc").Key("version").Int(1);
    out.Key("content").BeginArray().BeginObject().Key("type").String("paragraph");
    out.Key("content").BeginArray().BeginObject();
    out.Key("type").String("text").Key("text").String(text);
    out.EndObject().EndArray().EndObject().EndArray().EndObject();
  }

  // Closes or reopens an issue by the transition of the configured name.
  void Move(const DeliveryPtr& delivery, const Issue& issue) {
    const bool done = issue.category == "done";
    const bool firing = delivery->what().firing();
    const std::string& name = firing ? config_.reopen_transition : config_.resolve_transition;
    if (issue.category.empty() || done != firing || name.empty()) {
      return delivery->done(Outcome::Sent());
    }
    const std::string path = "issue/" + issue.key + "/transitions";
    Ask(delivery, "GET", path, "",
        [this, delivery, path, name, key = issue.key](const HttpResponse& response) {
          const json body = json::parse(response.body, nullptr, false);
          std::string id;
          if (body.is_object() && body.contains("transitions") && body["transitions"].is_array()) {
            for (const json& transition : body["transitions"]) {
              if (TextAt(transition, {"name"}) == name) id = TextAt(transition, {"id"});
            }
          }
          if (id.empty()) {
            return delivery->done(
                Outcome::Fail("can't find transition " + name + " for issue " + key));
          }
          std::string move;
          JsonWriter out(move);
          out.BeginObject().Key("transition").BeginObject().Key("id").String(id);
          out.EndObject().EndObject();
          Ask(delivery, "POST", path, std::move(move),
              [delivery](const HttpResponse&) { delivery->done(Outcome::Sent()); });
        });
  }

  const JiraConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeJira(const JiraConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Jira>(config, client, with);
}

}  // namespace meerkat::alerting
