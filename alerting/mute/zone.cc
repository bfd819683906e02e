// TZif := block(v1 sizes) block(v2, 64-bit times) '\n' posix-rule '\n'
// block := "TZif" version:1 zeros:15 isutcnt isstdcnt leapcnt timecnt typecnt charcnt (each u32)
//          times[timecnt] kinds[timecnt]:u8 types[typecnt]{offset:i32 dst:u8 name:u8} names …
#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>

#include "alerting/time_interval.h"

namespace meerkat::alerting {

// "std offset dst [offset],start[/time],end[/time]" of POSIX TZ.
struct Zone::Rule {
  struct Day {
    char kind = 'M';  // M: month.week.weekday; J: day 1…365 without leap days; '0': day 0…365
    int month = 0, week = 0, day = 0;
    std::int64_t time = 7200;  // seconds after local midnight
  };
  Local standard;
  Local summer;
  bool has_summer = false;
  Day start;
  Day end;

  const Local& At(std::int64_t seconds) const;
};

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool Skip(std::size_t count) {
    if (rest_.size() < count) return false;
    rest_.remove_prefix(count);
    return true;
  }
  std::optional<std::int64_t> Int(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    std::uint64_t value = (rest_[0] & 0x80) != 0 && width > 1 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < width; ++i) {
      value = value << 8 | static_cast<unsigned char>(rest_[i]);
    }
    rest_.remove_prefix(width);
    return static_cast<std::int64_t>(value);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

struct Header {
  char version = 0;
  std::size_t isutcnt = 0, isstdcnt = 0, leapcnt = 0, timecnt = 0, typecnt = 0, charcnt = 0;

  std::size_t BodySize(std::size_t time_width) const {
    return timecnt * (time_width + 1) + typecnt * 6 + charcnt + leapcnt * (time_width + 4) +
           isstdcnt + isutcnt;
  }
};

std::optional<Header> ReadHeader(Reader& in) {
  if (in.rest().size() < 44 || !in.rest().starts_with("TZif")) return std::nullopt;
  Header header;
  header.version = in.rest()[4];
  if (!in.Skip(20)) return std::nullopt;
  for (std::size_t* count : {&header.isutcnt, &header.isstdcnt, &header.leapcnt, &header.timecnt,
                             &header.typecnt, &header.charcnt}) {
    const auto value = in.Int(4);
    // Real files hold a few hundred of each.
    if (!value || *value < 0 || *value > 100'000) return std::nullopt;
    *count = static_cast<std::size_t>(*value);
  }
  return header;
}

// ---- POSIX TZ

bool TakeName(std::string_view& text, std::string& name) {
  std::size_t length = 0;
  if (text.starts_with('<')) {
    length = text.find('>');
    if (length == std::string_view::npos) return false;
    name = text.substr(1, length - 1);
    text.remove_prefix(length + 1);
    return true;
  }
  while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length]))) ++length;
  name = text.substr(0, length);
  text.remove_prefix(length);
  return length >= 3;
}

std::optional<int> TakeNumber(std::string_view& text) {
  int value = 0;
  std::size_t length = 0;
  for (; length < text.size() && text[length] >= '0' && text[length] <= '9'; ++length) {
    value = value * 10 + (text[length] - '0');
    if (value > 100'000) return std::nullopt;
  }
  text.remove_prefix(length);
  return length == 0 ? std::nullopt : std::optional<int>(value);
}

// [+-]hh[:mm[:ss]] in seconds.
std::optional<int> TakeTime(std::string_view& text) {
  int sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  int seconds = 0;
  for (int unit = 3600; unit > 0; unit /= 60) {
    const auto value = TakeNumber(text);
    if (!value) return std::nullopt;
    seconds += *value * unit;
    if (!text.starts_with(':')) break;
    text.remove_prefix(1);
  }
  return sign * seconds;
}

template <typename Day>
bool TakeDay(std::string_view& text, Day& day) {
  if (!text.starts_with(',')) return false;
  text.remove_prefix(1);
  if (text.starts_with('M')) {
    text.remove_prefix(1);
    for (int* part : {&day.month, &day.week, &day.day}) {
      const auto value = TakeNumber(text);
      if (!value) return false;
      *part = *value;
      if (part != &day.day) {
        if (!text.starts_with('.')) return false;
        text.remove_prefix(1);
      }
    }
    if (day.month < 1 || day.month > 12 || day.week < 1 || day.week > 5 || day.day > 6) {
      return false;
    }
  } else {
    day.kind = text.starts_with('J') ? 'J' : '0';
    if (day.kind == 'J') text.remove_prefix(1);
    const auto value = TakeNumber(text);
    if (!value) return false;
    day.day = *value;
  }
  if (text.starts_with('/')) {
    text.remove_prefix(1);
    const auto time = TakeTime(text);
    if (!time) return false;
    day.time = *time;
  }
  return true;
}

// Seconds since 1970 of local midnight of that day, plus its time.
template <typename Day>
std::int64_t LocalSeconds(const Day& day, year y) {
  sys_days date;
  if (day.kind == 'M') {
    const std::chrono::month month(static_cast<unsigned>(day.month));
    const std::chrono::weekday weekday(static_cast<unsigned>(day.day));
    date = day.week == 5 ? sys_days(y / month / std::chrono::weekday_last(weekday))
                         : sys_days(y / month / weekday[static_cast<unsigned>(day.week)]);
  } else {
    int number = day.kind == 'J' ? day.day - 1 : day.day;
    if (day.kind == 'J' && y.is_leap() && day.day >= 60) ++number;
    date = sys_days(y / 1 / 1) + days(number);
  }
  return std::chrono::duration_cast<std::chrono::seconds>(date.time_since_epoch()).count() +
         day.time;
}

}  // namespace

const Zone::Local& Zone::Rule::At(std::int64_t seconds) const {
  if (!has_summer) return standard;
  const auto date = year_month_day(std::chrono::floor<days>(
      std::chrono::sys_seconds(std::chrono::seconds(seconds + standard.offset))));
  const std::int64_t begins = LocalSeconds(start, date.year()) - standard.offset;
  const std::int64_t ends = LocalSeconds(end, date.year()) - summer.offset;
  const bool in_summer =
      begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
  return in_summer ? summer : standard;
}

Zone::Zone() = default;

Result<std::shared_ptr<const Zone>> Zone::FromTzif(std::string_view bytes) {
  const Error bad(Code::kInvalid, "malformed time zone information");
  Reader in(bytes);
  auto header = ReadHeader(in);
  if (!header) return bad;
  std::size_t width = 4;
  if (header->version >= '2') {
    if (!in.Skip(header->BodySize(4))) return bad;
    header = ReadHeader(in);
    if (!header) return bad;
    width = 8;
  }
  if (header->typecnt == 0 || in.rest().size() < header->BodySize(width)) return bad;

  std::shared_ptr<Zone> zone(new Zone);
  for (std::size_t i = 0; i < header->timecnt; ++i) zone->transitions_.push_back(*in.Int(width));
  const std::string_view kinds = in.rest().substr(0, header->timecnt);
  in.Skip(header->timecnt);
  std::vector<std::size_t> names;
  for (std::size_t i = 0; i < header->typecnt; ++i) {
    zone->types_.push_back({static_cast<std::int32_t>(*in.Int(4)), {}});
    in.Skip(1);
    names.push_back(static_cast<std::size_t>(*in.Int(1)));
  }
  const std::string_view characters = in.rest().substr(0, header->charcnt);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] >= characters.size()) return bad;
    const std::string_view name = characters.substr(names[i]);
    zone->types_[i].abbreviation = name.substr(0, name.find('\0'));
  }
  zone->kinds_.push_back(0);
  for (const char kind : kinds) {
    const auto index = static_cast<unsigned char>(kind);
    if (index >= zone->types_.size()) return bad;
    zone->kinds_.push_back(index);
  }
  in.Skip(header->BodySize(width) - header->timecnt * (width + 1) - header->typecnt * 6);

  std::string_view footer = in.rest();
  if (width == 8 && footer.starts_with('\n')) {
    footer = footer.substr(1, footer.find('\n', 1) - 1);
    Rule rule;
    if (TakeName(footer, rule.standard.abbreviation)) {
      const auto west = TakeTime(footer);
      if (!west) return bad;
      rule.standard.offset = -*west;
      rule.summer.offset = rule.standard.offset + 3600;
      if (!footer.empty()) {
        rule.has_summer = true;
        if (!TakeName(footer, rule.summer.abbreviation)) return bad;
        if (!footer.starts_with(',')) {
          const auto summer_west = TakeTime(footer);
          if (!summer_west) return bad;
          rule.summer.offset = -*summer_west;
        }
        if (!TakeDay(footer, rule.start) || !TakeDay(footer, rule.end)) return bad;
      }
      zone->rule_ = std::make_shared<const Rule>(rule);
    }
  }
  return std::shared_ptr<const Zone>(std::move(zone));
}

const Zone::Local& Zone::At(Timestamp t) const {
  const std::int64_t seconds =
      std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  if (rule_ != nullptr && (transitions_.empty() || seconds >= transitions_.back())) {
    return rule_->At(seconds);
  }
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), seconds);
  return types_[kinds_[static_cast<std::size_t>(after - transitions_.begin())]];
}

}  // namespace meerkat::alerting
