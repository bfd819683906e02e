#include "server/scrape/web_targets.h"

#include "base/json_writer.h"
#include "server/config/scrape_config.h"

namespace meerkat::scrape {
namespace {

web::Health HealthOf(TargetStatus::Health health) {
  switch (health) {
    case TargetStatus::Health::kUnknown:
      return web::Health::kUnknown;
    case TargetStatus::Health::kUp:
      return web::Health::kUp;
    case TargetStatus::Health::kDown:
      return web::Health::kDown;
  }
  return web::Health::kUnknown;
}

std::string RuleJson(const RelabelConfig& rule) {
  std::string out;
  JsonWriter json(out);
  const auto text = [&json](std::string_view key, std::string_view value) {
    if (!value.empty()) json.Key(key).String(value);
  };
  json.BeginObject();
  if (!rule.source_labels.empty()) {
    json.Key("source_labels").BeginArray();
    for (const std::string& name : rule.source_labels) json.String(name);
    json.EndArray();
  }
  text("separator", rule.separator);
  text("regex", rule.regex);
  if (rule.modulus != 0) json.Key("modulus").Int(static_cast<std::int64_t>(rule.modulus));
  text("target_label", rule.target_label);
  text("replacement", rule.replacement);
  text("action", RelabelActionName(rule.action));
  json.EndObject();
  return out;
}

Error NoSuchPool() {
  return {Code::kNotFound, "scrape pool not found"};
}

}  // namespace

std::vector<web::RelabelStep> RelabelStepByStep(std::span<const RelabelRule> rules,
                                                const Labels& labels) {
  std::vector<web::RelabelStep> steps;
  LabelsBuilder builder(labels);
  for (const RelabelRule& rule : rules) {
    web::RelabelStep& step = steps.emplace_back();
    step.rule = RuleJson(rule.config());
    step.keep = rule.Apply(builder);
    if (!step.keep) break;
    step.output = builder.Build();
  }
  return steps;
}

std::vector<std::string> WebTargets::ScrapePools() const {
  return manager_.PoolNames();
}

std::vector<web::ActiveTarget> WebTargets::Active(std::string_view pool) const {
  std::vector<web::ActiveTarget> list;
  for (const PoolSnapshot& snapshot : manager_.Targets(pool)) {
    for (const ActiveTarget& active : snapshot.active) {
      web::ActiveTarget& target = list.emplace_back();
      target.discovered_labels = active.target->discovered;
      target.labels = active.target->labels;
      target.scrape_pool = snapshot.job;
      target.scrape_url = active.target->url;
      target.last_error = active.status.error;
      if (active.status.health != TargetStatus::Health::kUnknown) {
        target.last_scrape = active.status.last_scrape;
      }
      target.last_scrape_duration = active.status.duration;
      target.health = HealthOf(active.status.health);
      target.scrape_interval = active.target->all.Get("__scrape_interval__");
      target.scrape_timeout = active.target->all.Get("__scrape_timeout__");
    }
  }
  return list;
}

std::vector<web::DroppedTarget> WebTargets::Dropped(std::string_view pool) const {
  std::vector<web::DroppedTarget> list;
  for (const PoolSnapshot& snapshot : manager_.Targets(pool)) {
    for (const Labels& labels : snapshot.dropped) list.push_back({labels, snapshot.job});
  }
  return list;
}

std::map<std::string, std::uint64_t> WebTargets::DroppedCounts() const {
  std::map<std::string, std::uint64_t> counts;
  for (const PoolSnapshot& snapshot : manager_.Targets("")) {
    counts[snapshot.job] = snapshot.dropped_count;
  }
  return counts;
}

void WebTargets::VisitMetadata(
    const std::function<bool(const Labels& target, const web::TargetMetadata&)>& visit) const {
  for (const auto& [target, families] : manager_.Metadata()) {
    for (const FamilyMetadata& family : families) {
      const web::TargetMetadata metadata{family.metric, family.metadata.type, family.metadata.help,
                                         family.metadata.unit};
      if (!visit(target->labels, metadata)) return;
    }
  }
}

Result<std::vector<web::RelabelStep>> WebTargets::RelabelSteps(std::string_view pool,
                                                               const Labels& labels) const {
  const auto config = manager_.PoolConfig(pool);
  if (config == nullptr) return NoSuchPool();
  return RelabelStepByStep(config->relabel_rules, labels);
}

Result<std::string> WebTargets::PoolConfig(std::string_view pool) const {
  const auto config = manager_.PoolConfig(pool);
  if (config == nullptr) return NoSuchPool();
  return config::ScrapeConfigToYaml(*config);
}

}  // namespace meerkat::scrape
