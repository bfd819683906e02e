#include "promql/funcs/registry.h"

#include <unordered_map>

namespace meerkat::promql {

const FunctionImpl* FindImplementation(std::string_view name) {
  static const auto* const kTable = [] {
    auto* table = new std::unordered_map<std::string_view, const FunctionImpl*>();
    for (const auto family :
         {MathFunctions(), TimeFunctions(), ScalarFunctions(), RateFunctions(), OverTimeFunctions(),
          RegressionFunctions(), LabelFunctions(), SortFunctions(), HistogramFunctions(),
          QuantileFunctions(), AbsentFunctions(), InfoFunctions()}) {
      for (const FunctionImpl& function : family) (*table)[function.name] = &function;
    }
    return table;
  }();
  const auto it = kTable->find(name);
  return it == kTable->end() ? nullptr : it->second;
}

}  // namespace meerkat::promql
