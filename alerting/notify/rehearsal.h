#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alerting/alertmanager.h"
#include "base/manual_clock.h"

namespace meerkat::alerting {

// An alert manager that nobody hears: its own time, no memory beyond its life, and receivers that
// only write down what they would have been told. One thread.
class Rehearsal {
 public:
  struct Told {
    Timestamp at;
    std::string receiver;
    std::string integration;  // "email[0]"
    std::string reason;
    Labels group_labels;
    std::vector<Labels> firing;    // of the alerts
    std::vector<Labels> resolved;  // the same
  };

  // What `config` says of routes, intervals and inhibition holds; its receivers, templates and
  // secrets are left alone.
  static Result<std::unique_ptr<Rehearsal>> Make(
      const Config& config,
      std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone,
      Timestamp start);
  ~Rehearsal();

  // Whatever is due until then happens.
  void AdvanceTo(Timestamp now) { clock_.AdvanceTo(now); }
  // Alerts arrive now.
  void Post(const std::vector<Alert>& alerts);
  // Alerts that inhibit others but are told to nobody.
  void PostSources(const std::vector<Alert>& alerts);

  std::vector<Told> told;

 private:
  class Recorder;
  class Oblivion;
  explicit Rehearsal(Timestamp start);

  ManualClock clock_;
  Registry registry_;
  std::unique_ptr<StateStore> store_;
  std::uint64_t seed_ = 1;
  std::unique_ptr<AlertManager> manager_;
};

}  // namespace meerkat::alerting
