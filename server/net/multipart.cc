#include "server/net/multipart.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/letter_case.h"
#include "server/net/media_type.h"

namespace meerkat::net {
namespace {

// Lines end as the one of the first boundary does: in \r\n, or in \n alone.
class Reader {
 public:
  Reader(std::string_view body, std::string_view boundary)
      : rest_(body), dashes_("--" + std::string(boundary)) {}

  // Skips what comes before the first part. False: there is none.
  bool Begin() {
    while (!rest_.empty()) {
      if (AtBoundary()) return true;
      const auto end = rest_.find('\n');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
    }
    return false;
  }

  enum class Line : unsigned char { kPart, kEnd, kNone };

  // The boundary that stands here: in front of a part, or behind the last one.
  Line TakeBoundary() {
    rest_.remove_prefix(dashes_.size());
    const bool last = rest_.starts_with("--");
    if (last) rest_.remove_prefix(2);
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    if (last && rest_.empty()) return Line::kEnd;
    if (newline_.empty()) newline_ = rest_.starts_with('\n') ? "\n" : "\r\n";
    if (!rest_.starts_with(newline_)) return Line::kNone;
    rest_.remove_prefix(newline_.size());
    return last ? Line::kEnd : Line::kPart;
  }

  // The header lines of a part up to the empty line: what Content-Disposition says.
  std::optional<MediaType> TakeHeaders() {
    MediaType disposition;
    for (;;) {
      const auto end = rest_.find('\n');
      if (end == std::string_view::npos) return std::nullopt;
      std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) return disposition;
      const auto colon = line.find(':');
      if (colon == std::string_view::npos) return std::nullopt;
      if (ToLower(line.substr(0, colon)) == "content-disposition") {
        disposition = MediaType::Parse(line.substr(colon + 1));
      }
    }
  }

  // The bytes up to the next boundary, where the reader then stands.
  std::optional<std::string_view> TakeContent() {
    if (AtBoundary()) return std::string_view();
    const std::string closing = std::string(newline_) + dashes_;
    const std::string_view all = rest_;
    for (std::size_t at = all.find(closing); at != std::string_view::npos;
         at = all.find(closing, at + 1)) {
      rest_ = all.substr(at + newline_.size());
      if (AtBoundary()) return all.substr(0, at);
    }
    return std::nullopt;
  }

 private:
  // A longer word that only begins like the boundary is none.
  bool AtBoundary() const {
    if (!rest_.starts_with(dashes_)) return false;
    const std::string_view behind = rest_.substr(dashes_.size());
    return behind.empty() || behind.starts_with("--") ||
           std::string_view(" \t\r\n").find(behind.front()) != std::string_view::npos;
  }

  std::string_view rest_;
  std::string_view newline_;
  const std::string dashes_;
};

}  // namespace

std::optional<Params> ParseMultipart(std::string_view body, std::string_view boundary) {
  Params fields;
  Reader reader(body, boundary);
  if (boundary.empty() || !reader.Begin()) return std::nullopt;
  for (;;) {
    const Reader::Line line = reader.TakeBoundary();
    if (line == Reader::Line::kNone) return std::nullopt;
    if (line == Reader::Line::kEnd) return fields;
    const auto disposition = reader.TakeHeaders();
    if (!disposition) return std::nullopt;
    const auto content = reader.TakeContent();
    if (!content) return std::nullopt;
    const std::string_view name = disposition->parameter("name");
    if (disposition->type != "form-data" || name.empty()) continue;
    if (!disposition->parameter("filename").empty()) continue;
    fields.Add(std::string(name), std::string(*content));
  }
}

}  // namespace meerkat::net
