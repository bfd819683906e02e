#include "server/commands/check_discovery.h"

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/metrics.h"
#include "server/commands/arguments.h"
#include "server/config/prometheus_config.h"
#include "server/discovery/provider.h"
#include "server/net/io.h"
#include "server/net/offload.h"
#include "server/net/system_clock.h"
#include "server/scrape/target.h"

namespace meerkat::commands {
namespace {

using Json = nlohmann::json;
using discovery::TargetGroup;

constexpr FlagRule kFlags[] = {{"timeout", '\0', true, "30s", "Longest time to wait for targets."},
                               kLookbackFlag,
                               kExperimentalFlag,
                               kFeatureFlag};
constexpr std::string_view kWords = "CONFIG-FILE JOB";

// The sources of one job, each with what it said last. Threads: started and stopped from the
// command's, everything else happens on the io thread.
class Sources {
 public:
  explicit Sources(Streams streams)
      : context_{io_, pool_, clock_, registry_,
                 Logger(LogLevel::kWarn, Logger::Format::kLogfmt,
                        [streams](std::string_view line) { streams.err << line; })} {}
  ~Sources() {
    std::promise<void> stopped;
    io_.Post([&] {
      for (const auto& provider : providers_) provider->Stop();
      stopped.set_value();
    });
    stopped.get_future().wait();
    io_.Stop();
    pool_.Stop();
  }

  // All groups, in the order of the configuration.
  std::vector<TargetGroup> Collect(const std::string& job, const discovery::SdConfigs& configs,
                                   Millis timeout) {
    groups_.resize(configs.size());
    io_.Post([&] {
      for (std::size_t i = 0; i < configs.size(); ++i) {
        providers_.push_back(discovery::NewProvider(context_, configs[i], job));
        providers_.back()->Start([this, i](std::vector<TargetGroup> groups) {
          groups_[i] = std::move(groups);
          answered_.insert_or_assign(i, true);
          if (answered_.size() == groups_.size()) Finish();
        });
      }
      if (configs.empty()) Finish();
    });
    const std::future<void> done = all_answered_.get_future();
    done.wait_for(timeout);
    std::promise<std::vector<TargetGroup>> result;
    io_.Post([&] {
      std::vector<TargetGroup> all;
      for (const auto& some : groups_) all.insert(all.end(), some.begin(), some.end());
      result.set_value(std::move(all));
    });
    return result.get_future().get();
  }

 private:
  void Finish() {
    if (!finished_) all_answered_.set_value();
    finished_ = true;
  }

  net::IoThread io_;
  net::ThreadPool pool_{"discovery", 2};
  net::SystemClock clock_{io_};
  Registry registry_;
  const discovery::DiscoveryContext context_;
  std::vector<std::shared_ptr<discovery::Provider>> providers_;
  std::vector<std::vector<TargetGroup>> groups_;
  std::map<std::size_t, bool> answered_;
  std::promise<void> all_answered_;
  bool finished_ = false;
};

Json ToJson(const Labels& labels, bool with_meta) {
  Json json = Json::object();
  for (const Label label : labels) {
    if (!with_meta && label.name.starts_with("__meta_")) continue;
    json[std::string(label.name)] = std::string(label.value);
  }
  return json;
}

Json Outcomes(const scrape::ScrapeConfig& job, const std::vector<TargetGroup>& groups) {
  Json results = Json::array();
  for (const TargetGroup& group : groups) {
    for (const Labels& target : group.targets) {
      const auto outcome = scrape::MakeTarget(job, target, group.labels);
      Json result = {
          {"discoveredLabels", ToJson(outcome.discovered, true)},
          {"labels", outcome.target ? ToJson(outcome.target->all, false) : Json::object()}};
      if (!outcome.error.empty()) result["error"] = outcome.error;
      // Two sources may find the same.
      if (std::find(results.begin(), results.end(), result) == results.end()) {
        results.push_back(std::move(result));
      }
    }
  }
  return results;
}

}  // namespace

int CheckDiscovery(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, kWords);
  if (!arguments) return Misused(streams, arguments.error());
  const std::string& file = arguments->words()[0];
  const std::string& name = arguments->words()[1];
  if (auto there = CheckFilesExist({&file, 1}); !there) return Misused(streams, there.error());
  const auto timeout = arguments->Duration("timeout", std::chrono::seconds(30));
  if (!timeout) return Misused(streams, timeout.error());
  const auto config = config::LoadPrometheusConfig(file);
  if (!config) {
    streams.err << "Cannot load config " << config.error().message() << "\n";
    return 1;
  }
  const std::vector<scrape::ScrapeConfig> jobs = config->AllScrapeConfigs();
  const auto job = std::find_if(jobs.begin(), jobs.end(),
                                [&](const auto& candidate) { return candidate.job_name == name; });
  if (job == jobs.end()) {
    streams.err << "Job " << name << " not found. Select one of:\n";
    for (const scrape::ScrapeConfig& other : jobs) streams.err << "\t" << other.job_name << "\n";
    return 1;
  }
  Sources sources(streams);
  streams.out << Outcomes(*job, sources.Collect(name, job->service_discovery, *timeout)).dump(2);
  return 0;
}

std::vector<Command> DiscoveryCommands() {
  return {{"check service-discovery", kWords,
           "Show what the service discovery of a job finds and what relabeling makes of it.",
           CheckDiscovery, kFlags}};
}

}  // namespace meerkat::commands
