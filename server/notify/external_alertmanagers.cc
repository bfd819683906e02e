#include "server/notify/external_alertmanagers.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace meerkat::notify {
namespace {

constexpr Millis kStopGrace = std::chrono::seconds(5);
constexpr std::string_view kPathLabel = "__alerts_path__";
constexpr std::string_view kSchemeLabel = "__scheme__";
constexpr std::string_view kAddressLabel = "__address__";

std::string AlertsPath(std::string_view prefix) {
  std::string path = "/";
  for (const char c : prefix) {
    if (c != '/' || path.back() != '/') path += c;
  }
  if (path.back() != '/') path += '/';
  return path + "api/v2/alerts";
}

std::vector<alerting::Alert> RelabelAll(const std::vector<alerting::Alert>& alerts,
                                        const Labels& external,
                                        const std::vector<RelabelRule>& rules) {
  std::vector<alerting::Alert> kept;
  for (const alerting::Alert& alert : alerts) {
    LabelsBuilder labels(alert.labels);
    for (const Label label : external) {
      if (labels.Get(label.name).empty()) labels.Set(label.name, label.value);
    }
    if (!Relabel(rules, labels)) continue;
    kept.push_back(alert);
    kept.back().labels = labels.Build();
  }
  return kept;
}

}  // namespace

std::string AlertmanagerUrl(const Labels& labels) {
  std::string address(labels.Get(kAddressLabel));
  if (address.empty()) return "";
  const std::string scheme(labels.Get(kSchemeLabel));
  const std::size_t bracket = address.rfind(']');
  const std::size_t colon = address.rfind(':');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  if (!has_port) address += scheme == "https" ? ":443" : ":80";
  return scheme + "://" + address + std::string(labels.Get(kPathLabel));
}

ExternalAlertmanagers::ExternalAlertmanagers(net::IoThread& io, net::ThreadPool& blocking,
                                             Options options, Registry& registry, Logger log)
    : io_(io), blocking_(blocking), options_(options), registry_(registry), log_(std::move(log)) {
  registry_
      .gauge("prometheus_notifications_queue_capacity",
             "The capacity of the alert notifications queue.")
      .Set(static_cast<double>(options_.queue_capacity));
  registry_.gauge("prometheus_notifications_alertmanagers_discovered",
                  "The number of alertmanagers discovered and active.");
}

ExternalAlertmanagers::~ExternalAlertmanagers() {
  Stop();
}

void ExternalAlertmanagers::Apply(const config::AlertingConfig& config,
                                  const Labels& external_labels) {
  MutexLock lock(mu_);
  external_labels_ = external_labels;
  relabel_rules_ = config.alert_relabel_rules;
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < config.alertmanagers.size(); ++i) {
    const config::AlertmanagerConfig& wanted = config.alertmanagers[i];
    if (i < entries_.size() && entries_[i].config == wanted) {
      entries.push_back(std::move(entries_[i]));
      entries_[i].senders.clear();
      continue;
    }
    Entry& entry = entries.emplace_back();
    entry.config = wanted;
    entry.client = std::make_shared<net::HttpClient>(
        io_, blocking_, wanted.http, net::HttpClientOptions::CountedAs("alertmanager", registry_));
  }
  for (Entry& old : entries_) {
    for (auto& [url, sender] : old.senders) sender->Close(true);
  }
  entries_ = std::move(entries);
  CountDiscovered();
}

void ExternalAlertmanagers::SetTargets(std::size_t index, const std::vector<Labels>& discovered) {
  MutexLock lock(mu_);
  if (index >= entries_.size()) return;  // of a configuration that is gone
  Entry& entry = entries_[index];
  std::set<std::string> active;
  entry.dropped.clear();
  for (const Labels& labels : discovered) {
    LabelsBuilder builder(labels);
    if (builder.Get(kSchemeLabel).empty()) builder.Set(kSchemeLabel, entry.config.scheme);
    if (builder.Get(kPathLabel).empty())
      builder.Set(kPathLabel, AlertsPath(entry.config.path_prefix));
    const Labels before = builder.Build();
    if (!Relabel(entry.config.relabel_rules, builder)) {
      entry.dropped.push_back(AlertmanagerUrl(before));
      continue;
    }
    std::string url = AlertmanagerUrl(builder.Build());
    if (url.empty()) {
      log_.Warn("Alertmanager without an address", {{"labels", before.ToString()}});
      continue;
    }
    active.insert(std::move(url));
  }
  std::erase_if(entry.senders, [&](const auto& known) {
    if (active.contains(known.first)) return false;
    known.second->Close(true);
    return true;
  });
  for (const std::string& url : active) {
    auto& sender = entry.senders[url];
    if (sender != nullptr) continue;
    AlertSender::Options options;
    options.capacity = options_.queue_capacity;
    options.batch = options_.batch;
    options.timeout = entry.config.timeout;
    sender = std::make_shared<AlertSender>(io_, entry.client, url, options, registry_, log_);
    sender->Start();
  }
  CountDiscovered();
}

void ExternalAlertmanagers::CountDiscovered() {
  std::size_t count = 0;
  for (const Entry& entry : entries_) count += entry.senders.size();
  registry_.gauge("prometheus_notifications_alertmanagers_discovered", "")
      .Set(static_cast<double>(count));
}

std::vector<alerting::Alert> ExternalAlertmanagers::Relabeled(
    const std::vector<alerting::Alert>& alerts) const {
  MutexLock lock(mu_);
  return RelabelAll(alerts, external_labels_, relabel_rules_);
}

void ExternalAlertmanagers::Send(const std::vector<alerting::Alert>& alerts) {
  MutexLock lock(mu_);
  for (const Entry& entry : entries_) {
    if (entry.senders.empty()) continue;
    const bool own_rules = !entry.config.alert_relabel_rules.empty();
    const auto mine =
        own_rules ? RelabelAll(alerts, Labels(), entry.config.alert_relabel_rules) : alerts;
    if (mine.empty()) continue;
    for (const auto& [url, sender] : entry.senders) sender->Push(mine);
  }
}

ExternalAlertmanagers::Addresses ExternalAlertmanagers::addresses() const {
  MutexLock lock(mu_);
  Addresses addresses;
  for (const Entry& entry : entries_) {
    for (const auto& [url, sender] : entry.senders) addresses.active.push_back(url);
    addresses.dropped.insert(addresses.dropped.end(), entry.dropped.begin(), entry.dropped.end());
  }
  return addresses;
}

void ExternalAlertmanagers::Stop() {
  std::vector<std::shared_ptr<AlertSender>> senders;
  {
    MutexLock lock(mu_);
    for (Entry& entry : entries_) {
      for (auto& [url, sender] : entry.senders) senders.push_back(std::move(sender));
      entry.senders.clear();
    }
  }
  for (const auto& sender : senders) sender->Close(options_.drain_on_stop);
  const auto deadline = std::chrono::steady_clock::now() + kStopGrace;
  for (const auto& sender : senders) {
    const auto left = deadline - std::chrono::steady_clock::now();
    sender->WaitFinished(std::chrono::duration_cast<Millis>(left));
  }
}

}  // namespace meerkat::notify
