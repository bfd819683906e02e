#include "tsdb/refusal.h"

namespace meerkat::tsdb {

std::string_view TextOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "";
    case Refusal::kOutOfOrder:
      return "out of order sample";
    case Refusal::kDuplicate:
      return "duplicate sample for timestamp";
    case Refusal::kTooOld:
      return "too old sample";
    case Refusal::kOutOfBounds:
      return "out of bounds";
    case Refusal::kUnknownSeries:
      return "unknown series";
    case Refusal::kSeriesLimit:
      return "series limit reached";
    case Refusal::kBadHistogram:
      return "invalid histogram";
  }
  return "";
}

}  // namespace meerkat::tsdb
