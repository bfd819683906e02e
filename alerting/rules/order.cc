#include "alerting/rules/order.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>

#include "base/mutex.h"
#include "promql/ast.h"

namespace meerkat::alerting {
namespace {

// The matchers on metric names of what a rule reads; nullopt when it could read anything.
std::optional<std::vector<Matcher>> NamesRead(const RuleConfig& rule) {
  std::vector<Matcher> names;
  for (const promql::VectorSelector* selector : promql::SelectorsOf(*rule.expression)) {
    const auto& matchers = selector->matchers;
    const auto name = std::find_if(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
      return matcher.name() == kMetricName && matcher.type() == Matcher::Type::kEqual;
    });
    if (name == matchers.end() || name->Matches("ALERTS") || name->Matches("ALERTS_FOR_STATE"))
      return std::nullopt;
    names.push_back(*name);
  }
  return names;
}

}  // namespace

std::vector<std::vector<std::size_t>> EvaluationOrder(const RuleGroupConfig& group) {
  const std::size_t count = group.rules.size();
  std::vector<bool> reads(count), is_read(count);
  bool known = true;
  for (std::size_t i = 0; i < count && known; ++i) {
    const auto names = NamesRead(group.rules[i]);
    known = names.has_value();
    for (std::size_t j = 0; known && j < count; ++j) {
      const RuleConfig& other = group.rules[j];
      const std::string& written = other.alert.empty() ? other.record : other.alert;
      if (std::any_of(names->begin(), names->end(),
                      [&](const Matcher& name) { return name.Matches(written); })) {
        reads[i] = is_read[j] = true;
      }
    }
  }
  std::vector<std::size_t> first, last;
  std::vector<std::vector<std::size_t>> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (known && !reads[i]) {
      first.push_back(i);
    } else if (known && !is_read[i]) {
      last.push_back(i);
    } else {
      order.push_back({i});
    }
  }
  if (!first.empty()) order.insert(order.begin(), std::move(first));
  if (!last.empty()) order.push_back(std::move(last));
  return order;
}

struct SharedWork::Budget {
  explicit Budget(std::size_t n) : left(static_cast<std::ptrdiff_t>(n)) {}
  bool Take() {
    if (left.fetch_sub(1) > 0) return true;
    left.fetch_add(1);
    return false;
  }
  void Give() { left.fetch_add(1); }
  std::atomic<std::ptrdiff_t> left;
};

SharedWork::SharedWork(std::function<void(std::function<void()>)> submit, std::size_t helpers)
    : submit_(std::move(submit)), budget_(std::make_shared<Budget>(helpers)) {}

void SharedWork::Run(std::size_t count, const std::function<void(std::size_t)>& work) {
  struct Shared {
    explicit Shared(std::size_t n, const std::function<void(std::size_t)>& w) : count(n), work(w) {}
    const std::size_t count;
    const std::function<void(std::size_t)>& work;  // alive while anything is left to do
    Mutex mu;
    std::condition_variable_any idle;
    std::size_t next GUARDED_BY(mu) = 0;
    std::size_t running GUARDED_BY(mu) = 0;

    void Help() {
      while (true) {
        std::size_t mine = 0;
        {
          MutexLock lock(mu);
          if (next == count) break;
          mine = next++;
          ++running;
        }
        work(mine);
        MutexLock lock(mu);
        --running;
      }
      idle.notify_all();
    }
  };
  auto shared = std::make_shared<Shared>(count, work);
  for (std::size_t helpers = 1; helpers < count && budget_->Take(); ++helpers) {
    submit_([shared, budget = budget_] {
      shared->Help();
      budget->Give();
    });
  }
  shared->Help();
  MutexLock lock(shared->mu);
  while (shared->running > 0) shared->idle.wait(shared->mu);
}

}  // namespace meerkat::alerting
