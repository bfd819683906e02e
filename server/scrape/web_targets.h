#pragma once

#include "server/scrape/scrape_manager.h"
#include "server/web/doors.h"

namespace meerkat::scrape {

// The targets as the web handlers ask for them. Threads: any.
class WebTargets : public web::TargetProvider {
 public:
  explicit WebTargets(const ScrapeManager& manager) : manager_(manager) {}

  std::vector<std::string> ScrapePools() const override;
  std::vector<web::ActiveTarget> Active(std::string_view pool) const override;
  std::vector<web::DroppedTarget> Dropped(std::string_view pool) const override;
  std::map<std::string, std::uint64_t> DroppedCounts() const override;
  void VisitMetadata(const std::function<bool(const Labels& target, const web::TargetMetadata&)>&
                         visit) const override;
  Result<std::vector<web::RelabelStep>> RelabelSteps(std::string_view pool,
                                                     const Labels& labels) const override;
  Result<std::string> PoolConfig(std::string_view pool) const override;

 private:
  const ScrapeManager& manager_;
};

// What each rule makes of `labels`, up to the one that drops them.
std::vector<web::RelabelStep> RelabelStepByStep(std::span<const RelabelRule> rules,
                                                const Labels& labels);

}  // namespace meerkat::scrape
