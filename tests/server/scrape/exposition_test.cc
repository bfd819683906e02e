#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/labels.h"
#include "server/scrape/exposition/lex.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::scrape {
namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text; version=1.0.0";

// Reads a whole body into lines: `name{labels} value [@millis] [# exemplar]`, `TYPE name type`, ...
// and, last, the error.
std::vector<std::string> Read(std::string_view body, std::string_view content_type,
                              const ParserOptions& options = {}) {
  std::vector<std::string> lines;
  auto parser = NewParser(body, content_type, std::nullopt, options);
  if (!parser) return {"error: " + parser.error().message()};
  while (true) {
    auto entry = (*parser)->Next();
    if (!entry) {
      lines.push_back("error: " + entry.error().message());
      return lines;
    }
    switch (*entry) {
      case Entry::kEnd:
        return lines;
      case Entry::kComment:
        break;
      case Entry::kType:
        lines.push_back("TYPE " + std::string((*parser)->name()));
        break;
      case Entry::kHelp:
        lines.push_back("HELP " + std::string((*parser)->name()) + " " + (*parser)->text());
        break;
      case Entry::kUnit:
        lines.push_back("UNIT " + std::string((*parser)->name()) + " " + (*parser)->text());
        break;
      case Entry::kSeries:
      case Entry::kHistogram: {
        RawLabels raw;
        (*parser)->GetLabels(raw);
        std::vector<Label> labels;
        for (const auto& [name, value] : raw) labels.push_back({name, value});
        std::string line = Labels::From(labels).ToString() + " ";
        if (*entry == Entry::kHistogram) {
          const Histogram& h = *(*parser)->histogram();
          line += "histogram count=" + std::to_string(static_cast<int>(h.count)) +
                  " buckets=" + std::to_string(h.positive_buckets.size());
        } else {
          line += FormatOpenMetricsFloat((*parser)->value());
        }
        if (const auto time = (*parser)->time()) line += " @" + std::to_string(ToMillis(*time));
        if ((*parser)->start() != kMinTime) {
          line += " since " + std::to_string(ToMillis((*parser)->start()));
        }
        ParsedExemplar exemplar;
        while ((*parser)->TakeExemplar(exemplar)) {
          line += " # " + std::to_string(exemplar.labels.size()) + " " +
                  FormatOpenMetricsFloat(exemplar.value);
        }
        lines.push_back(line);
        break;
      }
    }
  }
}

using Lines = std::vector<std::string>;

TEST(TextFormat, ReadsSamplesAndMetadata) {
  EXPECT_EQ(Read("# HELP a text\\nwith \\\\ both\n"
                 "# TYPE a counter\n"
                 "a 1\n"
                 "a{x=\"y\",} 2.5 1000\n"
                 "\n"
                 "# a remark\n"
                 "{\"utf8.name\",\"l.x\"=\"v\"} -Inf\n"
                 "a{ x = \"q\\\"u\\\\o\\n\" }\t0x1p4\n",
                 kText),
            (Lines{"HELP a text\nwith \\ both", "TYPE a", "a 1.0", "a{x=\"y\"} 2.5 @1000",
                   "{\"utf8.name\", \"l.x\"=\"v\"} -Inf",
                   "error: unsupported character in float while parsing: \"a{ x = "
                   "\\\"q\\\\\\\"u\\\\\\\\o\\\\n\\\" }\\t0x1p4\""}));
}

TEST(TextFormat, NormalizesBoundsOfItsHistograms) {
  EXPECT_EQ(Read("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                 "# TYPE g gauge\ng{le=\"1\"} 3\n# TYPE s summary\ns{quantile=\"0.5\"} 1\n",
                 kText),
            (Lines{"TYPE h", "h_bucket{le=\"1.0\"} 1.0", "h_bucket{le=\"+Inf\"} 2.0", "TYPE g",
                   "g{le=\"1\"} 3.0", "TYPE s", "s{quantile=\"0.5\"} 1.0"}));
}

TEST(TextFormat, RefusesInUpstreamsWords) {
  const std::pair<std::string, std::string> cases[] = {
      {"a{b=\"c\"\n",
       "expected label name, got \"\\n\" (\"INVALID\") while parsing: "
       "\"a{b=\\\"c\\\"\\n\""},
      {"a", "expected value after metric, got \"\\n\" (\"INVALID\") while parsing: \"a\\n\""},
      {"a x\n", "strconv.ParseFloat: parsing \"x\": invalid syntax while parsing: \"a x\""},
      {"a 1 x\n",
       "expected timestamp or new record, got \"x\" (\"INVALID\") while parsing: \"a 1 x\""},
      {"# TYPE a x\n", "invalid metric type \"x\""},
      {"{a=\"b\"} 1\n", "metric name not set while parsing: \"{a=\\\"b\\\"} 1\""},
      {"a{b=\"\xff\"} 1\n", "invalid UTF-8 label value: \"\\\"\\xff\\\"\""},
      {"a 1e400\n",
       "strconv.ParseFloat: parsing \"1e400\": value out of range while parsing: \"a 1e400\""},
  };
  for (const auto& [body, error] : cases) {
    EXPECT_EQ(Read(body, kText).back(), "error: " + error) << body;
  }
}

TEST(OpenMetrics, ReadsExemplarsUnitsAndTimestamps) {
  EXPECT_EQ(Read("# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds h\n"
                 "a_seconds_total{x=\"y\"} 1 1.5 # {id=\"7\"} 0.5 2\na_seconds_created 3\n# EOF\n",
                 kOpenMetrics),
            (Lines{"TYPE a_seconds", "UNIT a_seconds seconds", "HELP a_seconds h",
                   "a_seconds_total{x=\"y\"} 1.0 @1500 # 1 0.5", "a_seconds_created 3.0"}));
}

TEST(OpenMetrics, CreatedSamplesBecomeStartTimestamps) {
  EXPECT_EQ(
      Read("# TYPE a counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 2\n"
           "a_created{x=\"1\"} 5\na_created{x=\"2\"} 6\n# EOF\n",
           kOpenMetrics, {.start_timestamps = true}),
      (Lines{"TYPE a", "a_total{x=\"1\"} 1.0 since 5000", "a_total{x=\"2\"} 2.0 since 6000"}));
}

TEST(OpenMetrics, WantsItsEnd) {
  EXPECT_EQ(Read("a 1\n", kOpenMetrics).back(), "error: data does not end with # EOF");
  EXPECT_EQ(Read("# EOF\na 1\n", kOpenMetrics).back(), "error: unexpected data after # EOF");
}

TEST(Conversion, ClassicHistogramsBecomeOneWithCustomBuckets) {
  const std::string body =
      "# TYPE h histogram\nh_bucket{x=\"1\",le=\"1\"} 1\nh_bucket{x=\"1\",le=\"2\"} 1\n"
      "h_bucket{x=\"1\",le=\"+Inf\"} 4\nh_sum{x=\"1\"} 9\nh_count{x=\"1\"} 4\nother 1\n";
  EXPECT_EQ(Read(body, kText, {.convert_classic_to_nhcb = true}),
            (Lines{"TYPE h", "h{x=\"1\"} histogram count=4 buckets=2", "other 1.0"}));
  EXPECT_EQ(Read(body, kText, {.convert_classic_to_nhcb = true, .keep_classic = true}).size(), 8u);
}

TEST(Conversion, TheFirstOfTwoEqualBoundsCountsAndMissingPartsAreZero) {
  EXPECT_EQ(Read("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1\"} 3\n"
                 "h_bucket{le=\"+Inf\"} 4\n# TYPE g histogram\ng_sum 1\n",
                 kText, {.convert_classic_to_nhcb = true}),
            (Lines{"TYPE h", "h histogram count=4 buckets=2", "TYPE g",
                   "g histogram count=0 buckets=0"}));
}

TEST(Conversion, ExemplarsGoWithTheHistogram) {
  const std::string body =
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {a=\"b\"} 0.5 1\nh_bucket{le=\"+Inf\"} 1\n# "
      "EOF\n";
  EXPECT_EQ(Read(body, kOpenMetrics, {.convert_classic_to_nhcb = true, .keep_classic = true}),
            (Lines{"TYPE h", "h_bucket{le=\"1.0\"} 1.0", "h_bucket{le=\"+Inf\"} 1.0",
                   "h histogram count=1 buckets=1 # 1 0.5"}));
}

TEST(ContentType, PicksTheParserOrRefuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"",
       "error: non-compliant scrape target sending blank Content-Type and no "
       "fallback_scrape_protocol specified for target"},
      {"text/html",
       "error: received unsupported Content-Type \"text/html\" and no "
       "fallback_scrape_protocol specified for target"},
      {"TEXT/PLAIN; VERSION=0.0.4", "a 1.0"},
      {"text/plain; version",
       "error: cannot parse Content-Type \"text/plain; version\" and no "
       "fallback_scrape_protocol for target"},
  };
  for (const auto& [type, outcome] : cases) EXPECT_EQ(Read("a 1\n", type), Lines{outcome}) << type;
  EXPECT_TRUE(NewParser("", "", ScrapeProtocol::kPrometheusText004, {}));
}

// A protobuf field of bytes: tag, length, content; all short.
std::string Bytes(int field, const std::string& content) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(content.size())} +
         content;
}
std::string Varint(int field, int value) {
  return {static_cast<char>(field << 3), static_cast<char>(value)};
}
std::string Double(int field, double value) {
  std::string out(9, static_cast<char>(field << 3 | 1));
  std::memcpy(out.data() + 1, &value, 8);
  return out;
}
std::string Family(const std::string& content) {
  return std::string(1, static_cast<char>(content.size())) + content;
}

constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";

TEST(Protobuf, ReadsCounters) {
  const std::string label = Bytes(1, Bytes(1, "x") + Bytes(2, "y"));
  EXPECT_EQ(Read(Family(Bytes(1, "c") + Varint(3, 0) + Bytes(4, label + Bytes(3, Double(1, 2)))),
                 kProtobuf),
            (Lines{"HELP c ", "TYPE c", "c{x=\"y\"} 2.0"}));
  EXPECT_EQ(Read(std::string("\x7f\x0a", 2), kProtobuf).back(),
            "error: protobufparse: insufficient length of buffer, expected at least 127 bytes, got "
            "1 bytes");
}

TEST(Protobuf, HistogramsAreTakenWholeOrInParts) {
  const std::string histogram =
      Varint(1, 3) + Double(2, 5) + Bytes(3, Varint(1, 2) + Double(2, 1)) + Varint(5, 0) +
      Bytes(12, Varint(1, 0) + Varint(2, 2)) + Varint(13, 2) + Varint(13, 2);
  const std::string body = Family(Bytes(1, "h") + Varint(3, 4) + Bytes(4, Bytes(7, histogram)));
  EXPECT_EQ(Read(body, kProtobuf, {.native_histograms = true}),
            (Lines{"HELP h ", "TYPE h", "h histogram count=3 buckets=2"}));
  EXPECT_EQ(Read(body, kProtobuf),
            (Lines{"HELP h ", "TYPE h", "h_count 3.0", "h_sum 5.0", "h_bucket{le=\"1.0\"} 2.0",
                   "h_bucket{le=\"+Inf\"} 3.0"}));
  EXPECT_EQ(
      Read(body, kProtobuf, {.native_histograms = true, .classic_beside_native = true}).size(), 7u);
}

TEST(Protobuf, TakesTheValueOfItsFamilysTypeOnly) {
  const std::string gauge = Bytes(4, Bytes(2, Double(1, 7)));
  EXPECT_EQ(Read(Family(Bytes(1, "c") + Varint(3, 0) + gauge), kProtobuf).back(), "c 0.0");
  EXPECT_EQ(Read(Family(Bytes(1, "g") + Varint(3, 1) + gauge), kProtobuf).back(), "g 7.0");
}

TEST(Protobuf, RefusesLabelsThatAreNone) {
  const auto with_label = [](const std::string& name, const std::string& value) {
    const std::string label = Bytes(1, Bytes(1, name) + Bytes(2, value));
    return Read(Family(Bytes(1, "g") + Varint(3, 1) + Bytes(4, label + Bytes(2, Double(1, 7)))),
                kProtobuf)
        .back();
  };
  EXPECT_EQ(with_label("", "x"), "error: invalid label name: ");
  EXPECT_EQ(with_label("a", "\xff"), "error: invalid label value: \xff");
}

TEST(Protobuf, TheFirstHistogramOfAFamilySpeaksForTheNext) {
  const std::string native =
      Bytes(4, Bytes(7, Varint(1, 2) + Bytes(12, Varint(1, 0) + Varint(2, 1)) + Varint(13, 4)));
  const std::string classic = Bytes(4, Bytes(7, Varint(1, 3)));
  const auto read = [](const std::string& metrics) {
    return Read(Family(Bytes(1, "h") + Varint(3, 4) + metrics), kProtobuf,
                {.native_histograms = true});
  };
  EXPECT_EQ(read(native + classic).back(), "h histogram count=3 buckets=0");
  EXPECT_EQ(read(classic + native + native),
            (Lines{"HELP h ", "TYPE h", "h_count 3.0", "h_sum 0.0", "h_bucket{le=\"+Inf\"} 3.0",
                   "h_count 2.0", "h_sum 0.0", "h_bucket{le=\"+Inf\"} 2.0",
                   "h histogram count=2 buckets=1"}));
}

TEST(Protobuf, BucketsWithoutObservationsAreLeftOut) {
  // Counts 1, 0, 1 in spans of 2 and 1.
  const std::string histogram = Varint(1, 2) + Bytes(12, Varint(1, 0) + Varint(2, 2)) +
                                Bytes(12, Varint(1, 0) + Varint(2, 1)) + Varint(13, 2) +
                                Varint(13, 1) + Varint(13, 2);
  EXPECT_EQ(Read(Family(Bytes(1, "h") + Varint(3, 4) + Bytes(4, Bytes(7, histogram))), kProtobuf,
                 {.native_histograms = true})
                .back(),
            "h histogram count=2 buckets=2");
}

TEST(PlainNumber, AgreesWithTheFullParser) {
  for (const std::string text : {"0",
                                 "-0",
                                 "1",
                                 "-17",
                                 "0.1",
                                 "123456.789",
                                 "1e5",
                                 "1.5e-7",
                                 "123456789012345",
                                 "12345678901234567890",
                                 "0.000001",
                                 "9007199254740993",
                                 "1.7976931348623157e308",
                                 "1.048576e+06",
                                 "-1.7e+09",
                                 "1e+00",
                                 "1.2e-05",
                                 "123456789012345e+22",
                                 "1e+23",
                                 "9.5e-22",
                                 "0.001e-22",
                                 "1e+100",
                                 "2.5e-310",
                                 "0e+05",
                                 "1.73e+09",
                                 "12345678",
                                 "123456789",
                                 "-12345678.25",
                                 "1.",
                                 "4.712452096e+09",
                                 "0.1234567890123456",
                                 "24.12345678",
                                 "24.160531"}) {
    // At the end of a page, and with enough behind it for digits to be read eight at a time.
    for (const std::string& behind :
         {std::string("\n"), "\n" + std::string(40, '7'), " " + std::string(40, '\xff')}) {
      std::size_t length = 0;
      const auto fast = ParsePlainNumber(text + behind, length);
      ASSERT_TRUE(fast) << text;
      EXPECT_EQ(length, text.size()) << text;
      EXPECT_EQ(*fast, *ParseSampleValue(text)) << text;
      EXPECT_EQ(std::signbit(*fast), std::signbit(*ParseSampleValue(text))) << text;
    }
  }
  std::size_t length = 0;
  for (const std::string text : {"NaN", "+1", "0x1", "1_0", "", ".", "1e999", "1e+", "1e+5x", "1 x",
                                 "-", "12345678x", "1.23456789012345678e", "1\xb0"}) {
    for (const std::string& behind : {std::string("\n"), "\n" + std::string(40, '7')}) {
      const auto fast = ParsePlainNumber(text + behind, length);
      EXPECT_TRUE(!fast || text == "1 x") << text;
    }
  }
}

}  // namespace
}  // namespace meerkat::scrape
