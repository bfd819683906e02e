#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/labels.h"

// What `test rules` prints and compares, in promtool's form.
namespace meerkat::commands {

struct ShownAlert {
  Labels labels;
  Labels annotations;
  auto operator<=>(const ShownAlert&) const = default;
};

// [␤0:␤ Labels:{…}␤ Annotations:{…}␤], [] for none; each line but the first behind `indent`.
std::string ShowAlerts(const std::vector<ShownAlert>& alerts, std::string_view indent);

struct ShownSample {
  Labels labels;
  double value = 0;
  std::string histogram;  // in the notation of test series; "": a float
};
std::string ShowSamples(const std::vector<ShownSample>& samples);

// {{schema:1 count:5 sum:4 buckets:[1 2 2]}}: the shortest notation of it.
std::string HistogramNotation(const Histogram& histogram);

// {a="b", c="d"}, the name as __name__.
std::string ShowLabels(const Labels& labels);

// Both in one, as JSON in colours: red what is missing, green what is too much, yellow what is
// another; each line but the first behind `indent`.
std::string DiffAlerts(std::vector<ShownAlert> expected, std::vector<ShownAlert> got,
                       std::string_view indent);

}  // namespace meerkat::commands
