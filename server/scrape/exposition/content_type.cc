#include "base/quote.h"
#include "server/net/media_type.h"
#include "server/scrape/exposition/nhcb_parser.h"
#include "server/scrape/exposition/openmetrics_parser.h"
#include "server/scrape/exposition/parser.h"
#include "server/scrape/exposition/protobuf_parser.h"
#include "server/scrape/exposition/text_parser.h"

namespace meerkat::scrape {
namespace {

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
  if (content_type.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    refusal =
        "non-compliant scrape target sending blank Content-Type and no "
        "fallback_scrape_protocol specified for target";
  } else if (const auto media = net::MediaType::Parse(content_type); !media.error.empty()) {
    refusal = "cannot parse Content-Type " + Quote(content_type) +
              " and no fallback_scrape_protocol for target";
  } else {
    format = FormatOf(media.type);
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
