#include <algorithm>

#include "base/letter_case.h"
#include "base/quote.h"
#include "server/scrape/exposition/nhcb_parser.h"
#include "server/scrape/exposition/openmetrics_parser.h"
#include "server/scrape/exposition/parser.h"
#include "server/scrape/exposition/protobuf_parser.h"
#include "server/scrape/exposition/text_parser.h"

namespace meerkat::scrape {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kSeparators = "()<>@,;:\\\"/[]?=";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return c > 0x20 && c < 0x7F && kSeparators.find(c) == std::string_view::npos;
  });
}

// The media type of a Content-Type header as Go's mime.ParseMediaType finds it, its parameters
// checked on the way. The error is Go's.
Result<std::string> MediaType(std::string_view header) {
  const std::size_t semicolon = std::min(header.find(';'), header.size());
  const std::string type = ToLower(Trim(header.substr(0, semicolon)));
  const std::size_t slash = type.find('/');
  if (type.empty()) return Error(Code::kInvalid, "mime: no media type");
  if (!IsToken(type.substr(0, slash))) {
    return Error(Code::kInvalid, "mime: expected token after slash");
  }
  if (slash == std::string::npos) return type;
  if (!IsToken(type.substr(slash + 1))) {
    return Error(Code::kInvalid, slash + 1 == type.size()
                                     ? "mime: expected token after slash"
                                     : "mime: unexpected content after media subtype");
  }
  std::string_view rest = header.substr(semicolon);
  std::vector<std::string> seen;
  while (!rest.empty()) {
    rest = Trim(rest);
    if (rest.empty() || rest == ";") break;
    const auto bad = [] { return Error(Code::kInvalid, "mime: invalid media parameter"); };
    if (rest.front() != ';') return bad();
    rest = Trim(rest.substr(1));
    const std::size_t equal = rest.find('=');
    if (equal == std::string_view::npos || !IsToken(rest.substr(0, equal))) return bad();
    const std::string name = ToLower(rest.substr(0, equal));
    rest.remove_prefix(equal + 1);
    std::size_t end = 0;
    if (rest.starts_with('"')) {
      end = 1;
      while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
      if (end >= rest.size()) return bad();
      ++end;
    } else {
      end = std::min(rest.find_first_of("; \t"), rest.size());
      if (!IsToken(rest.substr(0, end))) return bad();
    }
    rest.remove_prefix(end);
    if (std::ranges::find(seen, name) != seen.end()) {
      return Error(Code::kInvalid, "mime: duplicate parameter name");
    }
    seen.push_back(name);
  }
  return type;
}

enum class Format : unsigned char { kNone, kText, kOpenMetrics, kProtobuf };

Format FormatOf(std::string_view media_type) {
  if (media_type == "application/openmetrics-text") return Format::kOpenMetrics;
  if (media_type == "application/vnd.google.protobuf") return Format::kProtobuf;
  if (media_type == "text/plain") return Format::kText;
  return Format::kNone;
}

Format FormatOf(ScrapeProtocol protocol) {
  switch (protocol) {
    case ScrapeProtocol::kPrometheusProto:
      return Format::kProtobuf;
    case ScrapeProtocol::kOpenMetrics001:
    case ScrapeProtocol::kOpenMetrics100:
      return Format::kOpenMetrics;
    case ScrapeProtocol::kPrometheusText004:
    case ScrapeProtocol::kPrometheusText100:
      return Format::kText;
  }
  return Format::kNone;
}

}  // namespace

Result<std::unique_ptr<Parser>> NewParser(std::string_view body, std::string_view content_type,
                                          std::optional<ScrapeProtocol> fallback,
                                          const ParserOptions& options) {
  Format format = Format::kNone;
  std::string refusal;
  if (Trim(content_type).empty()) {
    refusal =
        "non-compliant scrape target sending blank Content-Type and no "
        "fallback_scrape_protocol specified for target";
  } else if (auto media = MediaType(content_type); !media) {
    refusal = "cannot parse Content-Type " + Quote(content_type) +
              " and no fallback_scrape_protocol for target";
  } else {
    format = FormatOf(*media);
    refusal = "received unsupported Content-Type " + Quote(content_type) +
              " and no fallback_scrape_protocol specified for target";
  }
  if (format == Format::kNone) {
    if (!fallback) return Error(Code::kInvalid, refusal);
    format = FormatOf(*fallback);
  }
  std::unique_ptr<Parser> parser;
  switch (format) {
    case Format::kOpenMetrics:
      parser = std::make_unique<OpenMetricsParser>(body, options.start_timestamps);
      break;
    case Format::kProtobuf:
      parser = std::make_unique<ProtobufParser>(body, options);
      break;
    default:
      parser = std::make_unique<TextParser>(body);
      break;
  }
  if (options.convert_classic_to_nhcb) {
    parser = std::make_unique<NhcbParser>(std::move(parser), options.keep_classic);
  }
  return parser;
}

}  // namespace meerkat::scrape
