#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace meerkat::tsdb {

// Figures that are read when asked for, and leave the registry with this object.
class Figures {
 public:
  explicit Figures(Registry& registry) : registry_(registry) {}
  ~Figures() {
    for (const std::string& name : names_) registry_.Remove(name, {});
  }
  Figures(const Figures&) = delete;
  Figures& operator=(const Figures&) = delete;

  void Gauge(std::string_view name, std::string_view help, std::function<double()> read) {
    registry_.gauge_function(name, help, std::move(read));
    names_.emplace_back(name);
  }
  void Counter(std::string_view name, std::string_view help, std::function<double()> read) {
    registry_.counter_function(name, help, std::move(read));
    names_.emplace_back(name);
  }

 private:
  Registry& registry_;
  std::vector<std::string> names_;
};

}  // namespace meerkat::tsdb
