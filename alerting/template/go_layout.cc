#include "alerting/template/go_layout.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace meerkat::alerting::templates {
namespace {

enum class Part {
  kNone,
  kLongMonth,
  kShortMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kShortWeekday,
  kDay,
  kSpaceDay,
  kZeroDay,
  kYearDay,
  kHour24,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kShortYear,
  kUpperPm,
  kLowerPm,
  kZoneName,
  kZone,  // a numeric offset; the text of the chunk says how
  kFraction,
};

struct Chunk {
  std::string_view prefix;
  Part part = Part::kNone;
  std::string_view text;
};

// In this order: the longer before what it starts with.
constexpr std::pair<std::string_view, Part> kParts[] = {
    {"January", Part::kLongMonth}, {"Jan", Part::kShortMonth}, {"Monday", Part::kLongWeekday},
    {"Mon", Part::kShortWeekday},  {"MST", Part::kZoneName},   {"2006", Part::kLongYear},
    {"002", Part::kYearDay},       {"01", Part::kZeroMonth},   {"02", Part::kZeroDay},
    {"03", Part::kZeroHour12},     {"04", Part::kZeroMinute},  {"05", Part::kZeroSecond},
    {"06", Part::kShortYear},      {"15", Part::kHour24},      {"1", Part::kNumMonth},
    {"_2006", Part::kNone},        {"_2", Part::kSpaceDay},    {"2", Part::kDay},
    {"3", Part::kHour12},          {"4", Part::kMinute},       {"5", Part::kSecond},
    {"PM", Part::kUpperPm},        {"pm", Part::kLowerPm},     {"-07:00:00", Part::kZone},
    {"-070000", Part::kZone},      {"-07:00", Part::kZone},    {"-0700", Part::kZone},
    {"-07", Part::kZone},          {"Z07:00:00", Part::kZone}, {"Z070000", Part::kZone},
    {"Z07:00", Part::kZone},       {"Z0700", Part::kZone},     {"Z07", Part::kZone},
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The next part of a layout and the plain text before it; `layout` moves behind.
Chunk NextChunk(std::string_view& layout) {
  const std::string_view whole = layout;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string_view rest = whole.substr(i);
    for (const auto& [text, part] : kParts) {
      if (!rest.starts_with(text)) continue;
      if (text == "Jan" && rest.size() > 3 && rest[3] >= 'a' && rest[3] <= 'z') break;
      if (text == "Mon" && rest.size() > 3 && rest[3] >= 'a' && rest[3] <= 'z') break;
      if (part == Part::kNone) {  // "_2006" is an underscore and a year
        layout = whole.substr(i + 5);
        return {whole.substr(0, i + 1), Part::kLongYear, "2006"};
      }
      layout = whole.substr(i + text.size());
      return {whole.substr(0, i), part, text};
    }
    if ((rest[0] == '.' || rest[0] == ',') && rest.size() > 1 &&
        (rest[1] == '0' || rest[1] == '9')) {
      const std::size_t end = std::min(rest.find_first_not_of(rest[1], 1), rest.size());
      if (end == rest.size() || !IsDigit(rest[end])) {
        layout = whole.substr(i + end);
        return {whole.substr(0, i), Part::kFraction, rest.substr(0, end)};
      }
    }
  }
  layout = {};
  return {whole, Part::kNone, {}};
}

void AppendZone(std::string& out, std::int32_t offset, std::string_view pattern) {
  if (pattern[0] == 'Z' && offset == 0) {
    out += 'Z';
    return;
  }
  out += offset < 0 ? '-' : '+';
  const std::int32_t seconds = std::abs(offset);
  const bool colons = pattern.find(':') != std::string_view::npos;
  out += Padded(seconds / 3600, 2);
  if (pattern.size() > 3) out += (colons ? ":" : "") + Padded(seconds / 60 % 60, 2);
  if (pattern.size() > 6) out += (colons ? ":" : "") + Padded(seconds % 60, 2);
}

void AppendFraction(std::string& out, int millis, std::string_view pattern) {
  std::string digits = Padded(millis, 3) + "000000";
  digits.resize(std::min<std::size_t>(pattern.size() - 1, 9));
  if (pattern[1] == '9') {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return;
  }
  out += pattern[0] + digits;
}

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  std::optional<Moment> Read(std::string_view layout) {
    while (true) {
      const Chunk chunk = NextChunk(layout);
      if (!Skip(chunk.prefix)) return std::nullopt;
      if (chunk.part == Part::kNone) break;
      if (!Take(chunk, layout)) return std::nullopt;
    }
    if (!rest_.empty()) return std::nullopt;
    if (pm_ && civil_.hour < 12) civil_.hour += 12;
    if (am_ && civil_.hour == 12) civil_.hour = 0;
    using namespace std::chrono;
    if (!(year{civil_.year} / month{civil_.month} / day{civil_.day}).ok()) return std::nullopt;
    Moment moment;
    moment.at = FromCivil(civil_, offset_);
    moment.offset_seconds = offset_;
    moment.zone = zone_;
    return moment;
  }

 private:
  bool Skip(std::string_view prefix) {
    for (const char c : prefix) {
      if (c == ' ') {
        while (rest_.starts_with(' ')) rest_.remove_prefix(1);
        continue;
      }
      if (!rest_.starts_with(c)) return false;
      rest_.remove_prefix(1);
    }
    return true;
  }

  std::optional<int> Digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < most && count < rest_.size() && IsDigit(rest_[count])) {
      value = value * 10 + (rest_[count++] - '0');
    }
    if (count < least) return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  template <std::size_t N>
  std::optional<unsigned> Name(const std::array<std::string_view, N>& names, bool whole) {
    for (unsigned i = 0; i < N; ++i) {
      const std::string_view name = whole ? names[i] : names[i].substr(0, 3);
      if (rest_.size() < name.size()) continue;
      bool same = true;
      for (std::size_t k = 0; k < name.size() && same; ++k) {
        same = (rest_[k] | 0x20) == (name[k] | 0x20);
      }
      if (!same) continue;
      rest_.remove_prefix(name.size());
      return i;
    }
    return std::nullopt;
  }

  template <typename T>
  bool Number(T& into, std::size_t least, std::size_t most, int low, int high) {
    const auto value = Digits(least, most);
    if (!value || *value < low || *value > high) return false;
    into = static_cast<T>(*value);
    return true;
  }

  bool Take(const Chunk& chunk, std::string_view& layout) {
    switch (chunk.part) {
      case Part::kNone:
        return true;
      case Part::kLongMonth:
      case Part::kShortMonth: {
        const auto month = Name(kMonths, chunk.part == Part::kLongMonth);
        if (!month) return false;
        civil_.month = *month + 1;
        return true;
      }
      case Part::kLongWeekday:
      case Part::kShortWeekday:
        return Name(kWeekdays, chunk.part == Part::kLongWeekday).has_value();
      case Part::kNumMonth:
        return Number(civil_.month, 1, 2, 1, 12);
      case Part::kZeroMonth:
        return Number(civil_.month, 2, 2, 1, 12);
      case Part::kSpaceDay:
        if (rest_.starts_with(' ')) rest_.remove_prefix(1);
        return Number(civil_.day, 1, 2, 1, 31);
      case Part::kDay:
        return Number(civil_.day, 1, 2, 1, 31);
      case Part::kZeroDay:
        return Number(civil_.day, 2, 2, 1, 31);
      case Part::kYearDay: {
        int ignored = 0;
        return Number(ignored, 3, 3, 1, 366);
      }
      case Part::kHour24:
        return Number(civil_.hour, 2, 2, 0, 23);
      case Part::kHour12:
        return Number(civil_.hour, 1, 2, 0, 12);
      case Part::kZeroHour12:
        return Number(civil_.hour, 2, 2, 0, 12);
      case Part::kMinute:
        return Number(civil_.minute, 1, 2, 0, 59);
      case Part::kZeroMinute:
        return Number(civil_.minute, 2, 2, 0, 59);
      case Part::kSecond:
      case Part::kZeroSecond:
        if (!Number(civil_.second, chunk.part == Part::kSecond ? 1 : 2, 2, 0, 59)) return false;
        // A fraction may follow the seconds where the layout has none.
        if (rest_.size() > 1 && (rest_[0] == '.' || rest_[0] == ',') && IsDigit(rest_[1]) &&
            !layout.starts_with('.') && !layout.starts_with(',')) {
          return Fraction();
        }
        return true;
      case Part::kFraction:
        if (chunk.text[1] == '9' && !rest_.starts_with('.') && !rest_.starts_with(',')) return true;
        return Fraction();
      case Part::kLongYear:
        return Number(civil_.year, 4, 4, 0, 9999);
      case Part::kShortYear:
        if (!Number(civil_.year, 2, 2, 0, 99)) return false;
        civil_.year += civil_.year >= 69 ? 1900 : 2000;
        return true;
      case Part::kUpperPm:
      case Part::kLowerPm: {
        const std::string_view text = rest_.substr(0, 2);
        const bool upper = chunk.part == Part::kUpperPm;
        pm_ = text == (upper ? "PM" : "pm");
        am_ = text == (upper ? "AM" : "am");
        if (!pm_ && !am_) return false;
        rest_.remove_prefix(2);
        return true;
      }
      case Part::kZoneName: {
        std::size_t length = 0;
        while (length < rest_.size() && length < 5 && rest_[length] >= 'A' &&
               rest_[length] <= 'Z') {
          ++length;
        }
        if (length < 3) return false;
        zone_ = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return true;
      }
      case Part::kZone:
        return Zone(chunk.text);
    }
    return false;
  }

  bool Fraction() {
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !IsDigit(rest_[1]))
      return false;
    rest_.remove_prefix(1);
    int scale = 100;
    while (!rest_.empty() && IsDigit(rest_.front())) {
      civil_.millis += (rest_.front() - '0') * scale;
      scale /= 10;
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool Zone(std::string_view pattern) {
    if (pattern[0] == 'Z' && rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      return true;
    }
    if (!rest_.starts_with('+') && !rest_.starts_with('-')) return false;
    const int sign = rest_.front() == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    const bool colons = pattern.find(':') != std::string_view::npos;
    const auto hours = Digits(2, 2);
    if (!hours || *hours > 24) return false;
    int minutes = 0;
    int seconds = 0;
    if (pattern.size() > 3) {
      if (colons && !Skip(":")) return false;
      if (!Number(minutes, 2, 2, 0, 59)) return false;
    }
    if (pattern.size() > 6) {
      if (colons && !Skip(":")) return false;
      if (!Number(seconds, 2, 2, 0, 59)) return false;
    }
    offset_ = sign * (*hours * 3600 + minutes * 60 + seconds);
    if (offset_ != 0) zone_.clear();
    return true;
  }

  std::string_view rest_;
  Civil civil_;
  std::int32_t offset_ = 0;
  std::string zone_ = "UTC";
  bool pm_ = false;
  bool am_ = false;
};

}  // namespace

Civil ToCivil(const Moment& moment) {
  using namespace std::chrono;
  const auto local = moment.at.time_since_epoch() + seconds(moment.offset_seconds);
  const auto date = floor<days>(local);
  const sys_days day{date};
  const year_month_day ymd{day};
  const hh_mm_ss<milliseconds> clock{local - date};
  Civil out;
  out.year = static_cast<int>(ymd.year());
  out.month = static_cast<unsigned>(ymd.month());
  out.day = static_cast<unsigned>(ymd.day());
  out.hour = static_cast<int>(clock.hours().count());
  out.minute = static_cast<int>(clock.minutes().count());
  out.second = static_cast<int>(clock.seconds().count());
  out.millis = static_cast<int>(clock.subseconds().count());
  out.weekday = weekday{day}.c_encoding();
  out.year_day = static_cast<int>((day - sys_days{ymd.year() / 1 / 1}).count()) + 1;
  return out;
}

Timestamp FromCivil(const Civil& civil, std::int32_t offset_seconds) {
  using namespace std::chrono;
  const sys_days day{year{civil.year} / month{civil.month} / std::chrono::day{civil.day}};
  return Timestamp(duration_cast<Millis>(day.time_since_epoch()) + hours(civil.hour) +
                   minutes(civil.minute) + seconds(civil.second) + milliseconds(civil.millis) -
                   seconds(offset_seconds));
}

std::string Padded(std::int64_t value, int width, char fill) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  if (digits.size() < static_cast<std::size_t>(width)) {
    digits.insert(0, static_cast<std::size_t>(width) - digits.size(), fill);
  }
  return value < 0 ? "-" + digits : digits;
}

std::string FormatTime(const Moment& moment, std::string_view layout) {
  const Civil civil = ToCivil(moment);
  const int hour12 = civil.hour % 12 == 0 ? 12 : civil.hour % 12;
  std::string out;
  while (true) {
    const Chunk chunk = NextChunk(layout);
    out += chunk.prefix;
    switch (chunk.part) {
      case Part::kNone:
        return out;
      case Part::kLongMonth:
        out += kMonths[civil.month - 1];
        break;
      case Part::kShortMonth:
        out += kMonths[civil.month - 1].substr(0, 3);
        break;
      case Part::kNumMonth:
        out += std::to_string(civil.month);
        break;
      case Part::kZeroMonth:
        out += Padded(civil.month, 2);
        break;
      case Part::kLongWeekday:
        out += kWeekdays[civil.weekday];
        break;
      case Part::kShortWeekday:
        out += kWeekdays[civil.weekday].substr(0, 3);
        break;
      case Part::kDay:
        out += std::to_string(civil.day);
        break;
      case Part::kSpaceDay:
        out += Padded(civil.day, 2, ' ');
        break;
      case Part::kZeroDay:
        out += Padded(civil.day, 2);
        break;
      case Part::kYearDay:
        out += Padded(civil.year_day, 3);
        break;
      case Part::kHour24:
        out += Padded(civil.hour, 2);
        break;
      case Part::kHour12:
        out += std::to_string(hour12);
        break;
      case Part::kZeroHour12:
        out += Padded(hour12, 2);
        break;
      case Part::kMinute:
        out += std::to_string(civil.minute);
        break;
      case Part::kZeroMinute:
        out += Padded(civil.minute, 2);
        break;
      case Part::kSecond:
        out += std::to_string(civil.second);
        break;
      case Part::kZeroSecond:
        out += Padded(civil.second, 2);
        break;
      case Part::kLongYear:
        out += Padded(civil.year, 4);
        break;
      case Part::kShortYear:
        out += Padded(civil.year % 100, 2);
        break;
      case Part::kUpperPm:
        out += civil.hour >= 12 ? "PM" : "AM";
        break;
      case Part::kLowerPm:
        out += civil.hour >= 12 ? "pm" : "am";
        break;
      case Part::kZoneName:
        if (moment.zone.empty()) {
          AppendZone(out, moment.offset_seconds, "-0700");
        } else {
          out += moment.zone;
        }
        break;
      case Part::kZone:
        AppendZone(out, moment.offset_seconds, chunk.text);
        break;
      case Part::kFraction:
        AppendFraction(out, civil.millis, chunk.text);
        break;
    }
  }
}

std::optional<Moment> ParseTime(std::string_view layout, std::string_view text) {
  return TimeReader(text).Read(layout);
}

}  // namespace meerkat::alerting::templates
