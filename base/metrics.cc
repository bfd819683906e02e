#include "base/metrics.h"

#include <algorithm>
#include <cmath>

#include "base/number.h"

namespace meerkat {
namespace {

void AtomicAdd(std::atomic<double>& target, double by) {
  double old = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(old, old + by, std::memory_order_relaxed)) {
  }
}

void AppendEscaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

void AppendSeries(std::string& out, std::string_view name, std::string_view suffix,
                  const Labels& labels, const Label& extra, double value) {
  out += name;
  out += suffix;
  if (!labels.empty() || !extra.name.empty()) {
    out += '{';
    bool first = true;
    const auto put = [&](const Label& label) {
      if (!first) out += ',';
      first = false;
      out += label.name;
      out += "=\"";
      AppendEscaped(out, label.value, true);
      out += '"';
    };
    for (const Label label : labels) put(label);
    if (!extra.name.empty()) put(extra);
    out += '}';
  }
  out += ' ';
  out += FormatFloat(value, 'g');
  out += '\n';
}

}  // namespace

void Counter::Add(double by) {
  AtomicAdd(value_, by);
}
void Gauge::Add(double by) {
  AtomicAdd(value_, by);
}

BucketHistogram::BucketHistogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void BucketHistogram::Observe(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  counts_[static_cast<std::size_t>(at - bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  AtomicAdd(sum_, value);
}

void Summary::Observe(double value) {
  MutexLock lock(mu_);
  if (ring_.size() < kRing) {
    ring_.push_back(value);
  } else {
    ring_[count_ % kRing] = value;
  }
  ++count_;
  sum_ += value;
}

Summary::Snapshot Summary::Take() const {
  Snapshot snapshot;
  {
    MutexLock lock(mu_);
    snapshot.count = count_;
    snapshot.sum = sum_;
    snapshot.recent = ring_;
  }
  std::sort(snapshot.recent.begin(), snapshot.recent.end());
  return snapshot;
}

double Summary::Snapshot::quantile(double q) const {
  if (recent.empty()) return NormalNan();
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(recent.size())));
  return recent[std::min(recent.size() - 1, rank == 0 ? 0 : rank - 1)];
}

struct Registry::Child {
  Counter counter;
  Gauge gauge;
  std::unique_ptr<BucketHistogram> histogram;
  std::unique_ptr<Summary> summary;
  std::function<double()> read;
};

struct Registry::Family {
  std::string help;
  std::string type;
  std::map<Labels, std::unique_ptr<Child>> children;
};

Registry::Child& Registry::GetChild(std::string_view name, std::string_view help,
                                    std::string_view type, const Labels& labels) {
  auto at = families_.find(name);
  if (at == families_.end()) {
    auto family = std::make_shared<Family>();
    family->help = help;
    family->type = type;
    at = families_.emplace(std::string(name), std::move(family)).first;
  }
  auto& child = at->second->children[labels];
  if (child == nullptr) child = std::make_unique<Child>();
  return *child;
}

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  MutexLock lock(mu_);
  return GetChild(name, help, "counter", labels).counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  MutexLock lock(mu_);
  return GetChild(name, help, "gauge", labels).gauge;
}

BucketHistogram& Registry::histogram(std::string_view name, std::string_view help,
                                     std::vector<double> bounds, const Labels& labels) {
  MutexLock lock(mu_);
  Child& child = GetChild(name, help, "histogram", labels);
  if (child.histogram == nullptr)
    child.histogram = std::make_unique<BucketHistogram>(std::move(bounds));
  return *child.histogram;
}

Summary& Registry::summary(std::string_view name, std::string_view help, const Labels& labels) {
  MutexLock lock(mu_);
  Child& child = GetChild(name, help, "summary", labels);
  if (child.summary == nullptr) child.summary = std::make_unique<Summary>();
  return *child.summary;
}

void Registry::gauge_function(std::string_view name, std::string_view help,
                              std::function<double()> read, const Labels& labels) {
  MutexLock lock(mu_);
  GetChild(name, help, "gauge", labels).read = std::move(read);
}

void Registry::counter_function(std::string_view name, std::string_view help,
                                std::function<double()> read, const Labels& labels) {
  MutexLock lock(mu_);
  GetChild(name, help, "counter", labels).read = std::move(read);
}

void Registry::Remove(std::string_view name, const Labels& labels) {
  MutexLock lock(mu_);
  const auto at = families_.find(name);
  if (at != families_.end()) at->second->children.erase(labels);
}

std::string Registry::Exposition() const {
  std::string out;
  MutexLock lock(mu_);
  for (const auto& [name, family] : families_) {
    if (family->children.empty()) continue;
    out += "# HELP " + name + " ";
    AppendEscaped(out, family->help, false);
    out += "\n# TYPE " + name + " " + family->type + "\n";
    for (const auto& [labels, child] : family->children) {
      if (child->read) {
        AppendSeries(out, name, "", labels, {}, child->read());
      } else if (child->histogram != nullptr) {
        const BucketHistogram& histogram = *child->histogram;
        std::uint64_t total = 0;
        for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
          total += histogram.bucket(i);
          const std::string le =
              i < histogram.bounds().size() ? FormatFloat(histogram.bounds()[i], 'g') : "+Inf";
          AppendSeries(out, name, "_bucket", labels, {"le", le}, static_cast<double>(total));
        }
        AppendSeries(out, name, "_sum", labels, {}, histogram.sum());
        AppendSeries(out, name, "_count", labels, {}, static_cast<double>(total));
      } else if (child->summary != nullptr) {
        const Summary::Snapshot snapshot = child->summary->Take();
        for (const double q : {0.5, 0.9, 0.99}) {
          AppendSeries(out, name, "", labels, {"quantile", FormatFloat(q, 'g')},
                       snapshot.quantile(q));
        }
        AppendSeries(out, name, "_sum", labels, {}, snapshot.sum);
        AppendSeries(out, name, "_count", labels, {}, static_cast<double>(snapshot.count));
      } else {
        const bool counter = family->type == "counter";
        AppendSeries(out, name, "", labels, {},
                     counter ? child->counter.value() : child->gauge.value());
      }
    }
  }
  return out;
}

}  // namespace meerkat
