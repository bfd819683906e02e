#include "server/commands/relabel_test.h"

#include <ostream>

#include "server/config/prometheus_config.h"
#include "server/scrape/target.h"
#include "server/scrape/web_targets.h"

namespace meerkat::commands {
namespace {

const scrape::ScrapeConfig* FindJob(const std::vector<scrape::ScrapeConfig>& jobs,
                                    const std::string& name) {
  for (const scrape::ScrapeConfig& job : jobs) {
    if (job.job_name == name) return &job;
  }
  return nullptr;
}

}  // namespace

int RelabelTest(std::span<const std::string> args, Streams streams) {
  if (args.size() < 3) {
    streams.err << "meerkat relabel test: a configuration file, a job and at least one label are "
                   "needed: relabel test prometheus.yml node __address__=host:9100\n";
    return 2;
  }
  std::vector<Label> pairs;
  for (const std::string& pair : args.subspan(2)) {
    const std::size_t equal = pair.find('=');
    if (equal == std::string::npos) {
      streams.err << "meerkat relabel test: not name=value: " << pair << "\n";
      return 2;
    }
    pairs.push_back(
        {std::string_view(pair).substr(0, equal), std::string_view(pair).substr(equal + 1)});
  }
  const auto config = config::LoadPrometheusConfig(args[0]);
  if (!config) {
    streams.err << "meerkat relabel test: " << config.error().message() << "\n";
    return 1;
  }
  const std::vector<scrape::ScrapeConfig> jobs = config->AllScrapeConfigs();
  const scrape::ScrapeConfig* const job = FindJob(jobs, args[1]);
  if (job == nullptr) {
    streams.err << "meerkat relabel test: no job \"" << args[1] << "\" in " << args[0] << "\n";
    return 1;
  }
  const Labels target = Labels::From(std::move(pairs));
  const Labels discovered = scrape::DiscoveredLabels(*job, target, Labels());
  streams.out << "discovered  " << discovered.ToString() << "\n";
  int number = 0;
  for (const web::RelabelStep& step : scrape::RelabelStepByStep(job->relabel_rules, discovered)) {
    streams.out << "rule " << ++number << "      " << step.rule << "\n            "
                << (step.keep ? step.output.ToString() : "dropped") << "\n";
  }
  const auto outcome = scrape::MakeTarget(*job, target, Labels());
  if (outcome.target) {
    streams.out << "target      " << outcome.target->labels.ToString() << "\n"
                << "url         " << outcome.target->url << "\n";
  } else {
    streams.out << "target      " << (outcome.error.empty() ? "dropped" : outcome.error) << "\n";
  }
  return 0;
}

std::vector<Command> RelabelCommands() {
  return {{"relabel test", "CONFIG JOB name=value…",
           "show what each relabeling rule of a job does to a target's labels", RelabelTest}};
}

}  // namespace meerkat::commands
