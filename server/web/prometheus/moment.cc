#include "server/web/prometheus/moment.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <string>

#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"

namespace meerkat::web {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;          // nanoseconds
constexpr std::int64_t kYearOneToUnix = 62'135'596'800;  // seconds

// Seconds that fit in milliseconds.
constexpr std::int64_t kMostSeconds = std::numeric_limits<std::int64_t>::max() / 1000;

// How upstream spells the ends of its time line.
constexpr std::string_view kMinText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxText = "292277025-08-18T07:12:54.999999999Z";

// Sums and products that wrap around.
std::int64_t Plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t Times(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// Underscores stand between digits.
bool UnderscoresFit(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const auto is_digit = [hex](char c) {
    return (c >= '0' && c <= '9') || (hex && std::isxdigit(static_cast<unsigned char>(c)) != 0);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    const bool after = i > 0 && (is_digit(text[i - 1]) || (hex && i == 2));
    if (!after || i + 1 == text.size() || !is_digit(text[i + 1])) return false;
  }
  return true;
}

}  // namespace

std::optional<double> ParseNumber(std::string_view text) {
  std::optional<double> number;
  if (text.find('_') == std::string_view::npos) {
    number = ParseFloat(text);
  } else if (UnderscoresFit(text)) {
    std::string plain(text);
    std::erase(plain, '_');
    number = ParseFloat(plain);
  }
  const bool spelled = text.find_first_of("nN") != std::string_view::npos;  // inf, infinity
  if (number && std::isinf(*number) && !spelled) return std::nullopt;
  return number;
}

std::int64_t ToInteger(double value) {
  constexpr double kBeyond = 9223372036854775808.0;
  if (value >= -kBeyond && value < kBeyond) return static_cast<std::int64_t>(value);
  return std::numeric_limits<std::int64_t>::min();
}

Moment Moment::Unix(std::int64_t seconds, std::int64_t nanos) {
  Moment moment;
  moment.nanos_ = nanos % kSecond;
  seconds = Plus(seconds, nanos / kSecond);
  if (moment.nanos_ < 0) {
    moment.nanos_ += kSecond;
    seconds = Plus(seconds, -1);
  }
  moment.seconds_ = Plus(seconds, kYearOneToUnix);
  return moment;
}

Result<Moment> Moment::Parse(std::string_view text) {
  if (const auto number = ParseNumber(text)) {
    double whole = 0;
    double fraction = std::modf(*number, &whole);
    if (std::isinf(*number)) fraction = NormalNan();  // as Go's Modf has it
    fraction = std::round(fraction * 1000) / 1000;
    return Unix(ToInteger(whole), ToInteger(fraction * kSecond));
  }
  if (const auto time = ParseRfc3339(text)) {
    const std::int64_t millis = ToMillis(*time);
    return Unix(millis / 1000, millis % 1000 * 1'000'000);
  }
  if (text == kMinText) return Earliest();
  if (text == kMaxText) return Latest();
  return Error(Code::kInvalid, "cannot parse " + Quote(text) + " to a valid timestamp");
}

Moment Moment::Earliest() {
  return Unix(-kMostSeconds + kYearOneToUnix + 1, 0);
}

Moment Moment::Latest() {
  return Unix(kMostSeconds - kYearOneToUnix - 1, kSecond - 1);
}

Timestamp Moment::evaluated() const {
  return FromMillis(Plus(Times(Plus(seconds_, -kYearOneToUnix), kSecond), nanos_) / 1'000'000);
}

Timestamp Moment::stored() const {
  return FromMillis(Plus(Times(Plus(seconds_, -kYearOneToUnix), 1000), nanos_ / 1'000'000));
}

std::int64_t Moment::Since(const Moment& earlier) const {
  using Wide = __int128;
  constexpr Wide kMin = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kMax = std::numeric_limits<std::int64_t>::max();
  const Wide between = (Wide{seconds_} - earlier.seconds_) * kSecond + (nanos_ - earlier.nanos_);
  return static_cast<std::int64_t>(std::clamp(between, kMin, kMax));
}

}  // namespace meerkat::web
