#include "alerting/receivers/templates.h"

#include <algorithm>

#include "alerting/template.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::alerting {

using templates::Escaping;
using templates::List;
using templates::Template;
using templates::Type;
using templates::Value;

struct TemplateSet::Compiled {
  Template text;
  Template html;
};

namespace {

// Upstream quotes the receiver's name, because it ends up in a link that filters by regex.
std::string QuoteMeta(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(R"(\.+*?()|[]{}^$)").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

const std::string& StatusOf(const Value& alert) {
  return alert.fields().front().second.string();
}

Result<Value> WithStatus(const Value& self, std::string_view status, const Type* type) {
  List chosen;
  for (const Value& alert : self.list()) {
    if (StatusOf(alert) == status) chosen.push_back(alert);
  }
  return Value::Of(std::move(chosen), type);
}

Result<Value> Firing(const Value& self, std::span<const Value>);
Result<Value> Resolved(const Value& self, std::span<const Value>);

const Type kAlertType{"template.Alert", {}};
const Type kAlertsType{"template.Alerts", {{"Firing", {}, Firing}, {"Resolved", {}, Resolved}}};
// What Firing and Resolved give has no methods any more.
const Type kChosenType{"[]template.Alert", {}};
const Type kDataType{"*template.Data", {}};

Result<Value> Firing(const Value& self, std::span<const Value>) {
  return WithStatus(self, "firing", &kChosenType);
}
Result<Value> Resolved(const Value& self, std::span<const Value>) {
  return WithStatus(self, "resolved", &kChosenType);
}

Value AlertValue(const Alert& alert) {
  return Value::Struct(
      {{"Status", Value::String(alert.ends_at == kZeroTime ? "firing" : "resolved")},
       {"Labels", templates::Kv(alert.labels)},
       {"Annotations", templates::Kv(alert.annotations)},
       {"StartsAt", Value::Time(alert.starts_at)},
       {"EndsAt", Value::Time(alert.ends_at)},
       {"GeneratorURL", Value::String(alert.generator_url)},
       {"Fingerprint", Value::String(FingerprintText(alert.fingerprint))}},
      &kAlertType);
}

Value DataValue(const Notification& what) {
  List alerts;
  for (const Alert& alert : what.alerts) alerts.push_back(AlertValue(alert));
  return Value::Struct({{"Receiver", Value::String(QuoteMeta(what.receiver))},
                        {"Status", Value::String(what.firing() ? "firing" : "resolved")},
                        {"Alerts", Value::Of(std::move(alerts), &kAlertsType)},
                        {"NotificationReason", Value::String(std::string(ReasonText(what.reason)))},
                        {"GroupLabels", templates::Kv(what.group_labels)},
                        {"CommonLabels", templates::Kv(CommonLabels(what.alerts))},
                        {"CommonAnnotations", templates::Kv(CommonAnnotations(what.alerts))},
                        {"RouteLabels", templates::Kv(what.route_labels)},
                        {"ExternalURL", Value::String(what.external_url)}},
                       &kDataType);
}

Labels Common(const std::vector<Alert>& alerts, Labels Alert::* labels) {
  if (alerts.empty()) return {};
  std::vector<Label> common;
  for (const Label label : alerts.front().*labels) {
    // An empty value is kept where it is really there, not where the name is missing.
    const bool everywhere = std::all_of(alerts.begin() + 1, alerts.end(), [&](const Alert& alert) {
      const Labels& others = alert.*labels;
      return std::any_of(others.begin(), others.end(),
                         [&label](const Label& other) { return other == label; });
    });
    if (everywhere) common.push_back(label);
  }
  return Labels::FromSorted(common);
}

}  // namespace

TemplateWorld MakeTemplateWorld(
    std::function<Timestamp()> now,
    std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone) {
  const auto local = [zone = std::move(zone)](std::string_view name,
                                              Timestamp at) -> Result<templates::LocalZone> {
    const auto rules = zone(std::string(name));
    if (!rules) return rules.error();
    if (*rules == nullptr) return templates::LocalZone{0, "UTC"};
    const Zone::Local& shown = (*rules)->At(at);
    return templates::LocalZone{shown.offset, shown.abbreviation};
  };
  return {std::move(now), local};
}

TemplateSet::TemplateSet(std::unique_ptr<const Compiled> compiled)
    : compiled_(std::move(compiled)) {}
TemplateSet::~TemplateSet() = default;

Result<std::shared_ptr<const TemplateSet>> TemplateSet::Make(const std::vector<TemplateFile>& files,
                                                             const TemplateWorld& world) {
  auto functions = std::make_shared<const templates::FunctionSet>(
      templates::NotificationFunctions({world.now, world.zone}));
  const auto compile = [&](Escaping escaping) -> Result<Template> {
    Template all(functions, escaping);
    if (auto added = all.Add("default.tmpl", DefaultTemplates()); !added) {
      return std::move(added).error();
    }
    if (auto added = all.Add("email.tmpl", DefaultHtmlTemplates()); !added) {
      return std::move(added).error();
    }
    for (const TemplateFile& file : files) {
      const auto slash = file.path.rfind('/');
      auto added = all.Add(file.path.substr(slash == std::string::npos ? 0 : slash + 1), file.text);
      if (!added) return std::move(added).error();
    }
    return all;
  };
  auto text = compile(Escaping::kNone);
  if (!text) return std::move(text).error();
  auto html = compile(Escaping::kHtml);
  if (!html) return std::move(html).error();
  return std::shared_ptr<const TemplateSet>(new TemplateSet(
      std::make_unique<const Compiled>(Compiled{std::move(*text), std::move(*html)})));
}

struct Renderer::Data {
  Value value;
};

Renderer::Renderer(const TemplateSet& templates, const Notification& what)
    : templates_(templates), what_(what) {}
Renderer::~Renderer() = default;

std::string Renderer::Execute(std::string_view text, bool html) {
  if (text.empty() || !ok()) return {};
  // Most texts of most receivers are plain.
  if (text.find("{{") == std::string_view::npos) return std::string(text);
  if (data_ == nullptr) data_ = std::make_unique<Data>(Data{DataValue(what_)});
  const Template& set = html ? templates_.compiled_->html : templates_.compiled_->text;
  auto out = set.Expand(text, data_->value);
  if (out) return std::move(*out);
  Fail(std::move(out).error());
  return {};
}

std::string Renderer::Text(std::string_view text) {
  return Execute(text, false);
}

std::string Renderer::Html(std::string_view text) {
  return Execute(text, true);
}

std::string Renderer::TextOfAlerts(std::string_view text, bool firing) {
  if (!ok()) return {};
  std::vector<Alert> chosen;
  List alerts;
  for (const Alert& alert : what_.alerts) {
    if ((alert.ends_at == kZeroTime) == firing) alerts.push_back(AlertValue(alert));
  }
  auto out = templates_.compiled_->text.Expand(text, Value::Of(std::move(alerts), &kAlertsType));
  if (out) return std::move(*out);
  Fail(std::move(out).error());
  return {};
}

void Renderer::Fail(Error error) {
  if (ok()) error_ = std::move(error);
}

Labels CommonLabels(const std::vector<Alert>& alerts) {
  return Common(alerts, &Alert::labels);
}

Labels CommonAnnotations(const std::vector<Alert>& alerts) {
  return Common(alerts, &Alert::annotations);
}

std::string TruncateRunes(std::string_view text, std::size_t limit) {
  std::size_t runes = 0;
  std::size_t cut = 0;  // the bytes of the first limit-1 runes
  for (std::string_view rest = text; !rest.empty(); ++runes) {
    if (runes == limit - 1) cut = text.size() - rest.size();
    if (runes == limit) return std::string(text.substr(0, cut)) + "…";
    TakeRune(rest);
  }
  return std::string(text);
}

std::string TruncateBytes(std::string_view text, std::size_t limit) {
  constexpr std::string_view kEllipsis = "…";
  if (text.size() <= limit) return std::string(text);
  if (limit <= kEllipsis.size()) return std::string(text.substr(0, limit));
  std::size_t cut = limit - kEllipsis.size();
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return std::string(text.substr(0, cut)).append(kEllipsis);
}

}  // namespace meerkat::alerting
