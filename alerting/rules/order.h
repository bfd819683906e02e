#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "alerting/rules.h"

namespace meerkat::alerting {

// The rules of a group, by place, in batches that go one after the other; those of one batch may be
// evaluated at the same time. By what they read and write, as upstream sees it: first all that read
// nothing of the group, then those in the middle one by one, then all that nobody of the group
// reads. A selector without a metric's name, or one of ALERTS and ALERTS_FOR_STATE, could read
// anything: then every rule is a batch of its own, in the order of the file.
std::vector<std::vector<std::size_t>> EvaluationOrder(const RuleGroupConfig& group);

// Shares work between the calling thread and others. Threads: any; every Run has its own caller.
class SharedWork {
 public:
  // `submit` runs a task elsewhere; at most `helpers` of them are under way at a time.
  SharedWork(std::function<void(std::function<void()>)> submit, std::size_t helpers);

  // Does work(0) … work(count - 1), each once, and returns when all are done. The caller works too,
  // so that it never waits for a thread that is busy elsewhere.
  void Run(std::size_t count, const std::function<void(std::size_t)>& work);

 private:
  struct Budget;
  const std::function<void(std::function<void()>)> submit_;
  const std::shared_ptr<Budget> budget_;  // helpers may come when the rules are gone
};

}  // namespace meerkat::alerting
