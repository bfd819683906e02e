#include "server/commands/relabel_test.h"

#include <ostream>

#include "server/commands/arguments.h"
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
  const auto arguments = Arguments::Parse(args, {}, "CONFIG JOB NAME=VALUE…");
  if (!arguments) return Misused(streams, arguments.error());
  std::vector<Label> pairs;
  for (const std::string& pair : std::span(arguments->words()).subspan(2)) {
    const std::size_t equal = pair.find('=');
    if (equal == std::string::npos) {
      return Misused(streams, Error(Code::kInvalid, "expected NAME=VALUE got '" + pair + "'"));
    }
    pairs.push_back(
        {std::string_view(pair).substr(0, equal), std::string_view(pair).substr(equal + 1)});
  }
  const auto config = config::LoadPrometheusConfig(arguments->words()[0]);
  if (!config) {
    streams.err << "meerkat relabel test: " << config.error().message() << "\n";
    return 1;
  }
  const std::vector<scrape::ScrapeConfig> jobs = config->AllScrapeConfigs();
  const scrape::ScrapeConfig* const job = FindJob(jobs, arguments->words()[1]);
  if (job == nullptr) {
    streams.err << "meerkat relabel test: no job \"" << arguments->words()[1] << "\" in "
                << arguments->words()[0] << "\n";
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
  return {{"relabel test", "CONFIG JOB NAME=VALUE…",
           "Show what each relabeling rule of a job does to a target's labels.", RelabelTest}};
}

}  // namespace meerkat::commands
