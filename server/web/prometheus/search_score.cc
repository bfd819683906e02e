#include "server/web/prometheus/search_score.h"

#include <algorithm>
#include <string>
#include <vector>

namespace meerkat::web {
namespace {

// Longer texts are compared by their beginning: names are short, and the work is quadratic.
constexpr std::size_t kCompared = 256;

// All of `term` in order within `text`: the share of the span it takes.
double Subsequence(std::string_view text, std::string_view term) {
  std::size_t at = 0;
  std::size_t first = std::string_view::npos;
  std::size_t last = 0;
  for (std::size_t i = 0; i < text.size() && at < term.size(); ++i) {
    if (text[i] != term[at]) continue;
    if (at == 0) first = i;
    last = i;
    ++at;
  }
  if (at < term.size()) return 0;
  return 0.8 * static_cast<double>(term.size()) / static_cast<double>(last - first + 1);
}

double JaroWinkler(std::string_view a, std::string_view b) {
  const std::size_t longer = std::max(a.size(), b.size());
  const std::size_t window = longer < 4 ? 0 : longer / 2 - 1;
  std::vector<bool> in_a(a.size());
  std::vector<bool> in_b(b.size());
  std::size_t matches = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::size_t from = i > window ? i - window : 0;
    const std::size_t to = std::min(b.size(), i + window + 1);
    for (std::size_t k = from; k < to; ++k) {
      if (in_b[k] || a[i] != b[k]) continue;
      in_a[i] = in_b[k] = true;
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  std::size_t swapped = 0;
  std::size_t k = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!in_a[i]) continue;
    while (!in_b[k]) ++k;
    if (a[i] != b[k]) ++swapped;
    ++k;
  }
  const auto m = static_cast<double>(matches);
  const double jaro = (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
                       (m - static_cast<double>(swapped / 2)) / m) /
                      3;
  std::size_t prefix = 0;
  while (prefix < 4 && prefix < std::min(a.size(), b.size()) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * 0.1 * (1 - jaro);
}

}  // namespace

double SearchScore(std::string_view text, std::string_view term, FuzzyAlgorithm algorithm) {
  if (text == term || term.empty()) return 1;
  const double share = static_cast<double>(term.size()) / static_cast<double>(text.size() + 1);
  if (text.starts_with(term)) return 0.9 + 0.1 * share;
  if (text.find(term) != std::string_view::npos) return 0.8 + 0.1 * share;
  if (text.empty()) return 0;
  text = text.substr(0, kCompared);
  term = term.substr(0, kCompared);
  return algorithm == FuzzyAlgorithm::kSubsequence ? Subsequence(text, term)
                                                   : 0.8 * JaroWinkler(text, term);
}

}  // namespace meerkat::web
