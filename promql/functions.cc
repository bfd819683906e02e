#include "promql/functions.h"

#include <algorithm>
#include <iterator>

namespace meerkat::promql {
namespace {

constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kStr = ValueType::kString;

constexpr std::span<const ValueType> kNoArgs{};
constexpr ValueType kScalarArg[] = {kS};
constexpr ValueType kVectorArg[] = {kV};
constexpr ValueType kMatrixArg[] = {kM};
constexpr ValueType kScalarScalar[] = {kS, kS};
constexpr ValueType kScalarVector[] = {kS, kV};
constexpr ValueType kScalarMatrix[] = {kS, kM};
constexpr ValueType kScalarScalarVector[] = {kS, kS, kV};
constexpr ValueType kVectorScalar[] = {kV, kS};
constexpr ValueType kVectorScalarScalar[] = {kV, kS, kS};
constexpr ValueType kVectorVector[] = {kV, kV};
constexpr ValueType kVectorString[] = {kV, kStr};
constexpr ValueType kVectorStringScalars[] = {kV, kStr, kS, kS};
constexpr ValueType kVectorThreeStrings[] = {kV, kStr, kStr, kStr};
constexpr ValueType kVectorFourStrings[] = {kV, kStr, kStr, kStr, kStr};
constexpr ValueType kMatrixScalar[] = {kM, kS};
constexpr ValueType kMatrixScalarScalar[] = {kM, kS, kS};

constexpr bool kExperimental = true;

// Sorted by name: FindFunction searches it by halves.
constexpr Function kFunctions[] = {
    {"abs", kVectorArg},
    {"absent", kVectorArg},
    {"absent_over_time", kMatrixArg},
    {"acos", kVectorArg},
    {"acosh", kVectorArg},
    {"asin", kVectorArg},
    {"asinh", kVectorArg},
    {"atan", kVectorArg},
    {"atanh", kVectorArg},
    {"avg_over_time", kMatrixArg},
    {"ceil", kVectorArg},
    {"changes", kMatrixArg},
    {"clamp", kVectorScalarScalar},
    {"clamp_max", kVectorScalar},
    {"clamp_min", kVectorScalar},
    {"cos", kVectorArg},
    {"cosh", kVectorArg},
    {"count_over_time", kMatrixArg},
    {"day_of_month", kVectorArg, 1},
    {"day_of_week", kVectorArg, 1},
    {"day_of_year", kVectorArg, 1},
    {"days_in_month", kVectorArg, 1},
    {"deg", kVectorArg},
    {"delta", kMatrixArg},
    {"deriv", kMatrixArg},
    {"double_exponential_smoothing", kMatrixScalarScalar, 0, kV, kExperimental},
    {"end", kNoArgs, 0, kS, kExperimental},
    {"exp", kVectorArg},
    {"first_over_time", kMatrixArg},
    {"floor", kVectorArg},
    {"histogram_avg", kVectorArg},
    {"histogram_count", kVectorArg},
    {"histogram_fraction", kScalarScalarVector},
    {"histogram_quantile", kScalarVector},
    {"histogram_quantiles", kVectorStringScalars, 9, kV, kExperimental},
    {"histogram_stddev", kVectorArg},
    {"histogram_stdvar", kVectorArg},
    {"histogram_sum", kVectorArg},
    {"hour", kVectorArg, 1},
    {"idelta", kMatrixArg},
    {"increase", kMatrixArg},
    {"info", kVectorVector, 1, kV, kExperimental},
    {"irate", kMatrixArg},
    {"label_join", kVectorThreeStrings, -1},
    {"label_replace", kVectorFourStrings},
    {"last_over_time", kMatrixArg},
    {"ln", kVectorArg},
    {"log10", kVectorArg},
    {"log2", kVectorArg},
    {"mad_over_time", kMatrixArg, 0, kV, kExperimental},
    {"max_of", kScalarScalar, 0, kS, kExperimental},
    {"max_over_time", kMatrixArg},
    {"min_of", kScalarScalar, 0, kS, kExperimental},
    {"min_over_time", kMatrixArg},
    {"minute", kVectorArg, 1},
    {"month", kVectorArg, 1},
    {"pi", kNoArgs, 0, kS},
    {"predict_linear", kMatrixScalar},
    {"present_over_time", kMatrixArg},
    {"quantile_over_time", kScalarMatrix},
    {"rad", kVectorArg},
    {"range", kNoArgs, 0, kS, kExperimental},
    {"rate", kMatrixArg},
    {"resets", kMatrixArg},
    {"round", kVectorScalar, 1},
    {"scalar", kVectorArg, 0, kS},
    {"sgn", kVectorArg},
    {"sin", kVectorArg},
    {"sinh", kVectorArg},
    {"sort", kVectorArg},
    {"sort_by_label", kVectorString, -1, kV, kExperimental},
    {"sort_by_label_desc", kVectorString, -1, kV, kExperimental},
    {"sort_desc", kVectorArg},
    {"sqrt", kVectorArg},
    {"start", kNoArgs, 0, kS, kExperimental},
    {"start_timestamp", kVectorArg, 0, kV, kExperimental},
    {"stddev_over_time", kMatrixArg},
    {"stdvar_over_time", kMatrixArg},
    {"step", kNoArgs, 0, kS, kExperimental},
    {"sum_over_time", kMatrixArg},
    {"tan", kVectorArg},
    {"tanh", kVectorArg},
    {"time", kNoArgs, 0, kS},
    {"timestamp", kVectorArg},
    {"ts_of_first_over_time", kMatrixArg, 0, kV, kExperimental},
    {"ts_of_last_over_time", kMatrixArg, 0, kV, kExperimental},
    {"ts_of_max_over_time", kMatrixArg, 0, kV, kExperimental},
    {"ts_of_min_over_time", kMatrixArg, 0, kV, kExperimental},
    {"vector", kScalarArg},
    {"year", kVectorArg, 1},
};
static_assert(std::size(kFunctions) == 90);
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

std::span<const Function> Functions() {
  return kFunctions;
}

const Function* FindFunction(std::string_view name) {
  const Function* found = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  return found != std::end(kFunctions) && found->name == name ? found : nullptr;
}

}  // namespace meerkat::promql
