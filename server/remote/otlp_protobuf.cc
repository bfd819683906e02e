#include <bit>

#include "base/json_writer.h"
#include "base/number.h"
#include "server/net/base64.h"
#include "server/remote/message.h"
#include "server/remote/otlp_model.h"

namespace meerkat::remote::otlp {
namespace {

constexpr int kMaxDepth = 32;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// An AnyValue as text; within lists and maps, as JSON.
std::string ReadValue(std::string_view message, bool json, int depth);

std::pair<std::string, std::string> ReadPair(std::string_view message, bool json, int depth) {
  std::pair<std::string, std::string> pair;
  if (json) pair.second = "null";
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        pair.first = reader.bytes();
        break;
      case 2:
        pair.second = ReadValue(reader.bytes(), json, depth);
        break;
      default:
        reader.skip();
    }
  }
  return pair;
}

std::string ReadValue(std::string_view message, bool json, int depth) {
  std::string out = json ? "null" : "";
  if (depth > kMaxDepth) return out;
  const auto text = [json](std::string_view value) {
    if (!json) return std::string(value);
    std::string quoted;
    JsonWriter::AppendQuoted(quoted, value);
    return quoted;
  };
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        out = text(reader.bytes());
        break;
      case 2:
        out = reader.get_bool() ? "true" : "false";
        break;
      case 3:
        out = std::to_string(reader.get_int64());
        break;
      case 4: {
        out.clear();
        AppendSampleValue(out, reader.get_double());
        break;
      }
      case 5: {
        out = "[";
        Message list(reader.bytes());
        while (list.next()) {
          if (list.tag() != 1) {
            list.skip();
            continue;
          }
          if (out.size() > 1) out += ',';
          out += ReadValue(list.bytes(), true, depth + 1);
        }
        out += ']';
        break;
      }
      case 6: {
        out = "{";
        Message map(reader.bytes());
        while (map.next()) {
          if (map.tag() != 1) {
            map.skip();
            continue;
          }
          const auto [key, value] = ReadPair(map.bytes(), true, depth + 1);
          if (out.size() > 1) out += ',';
          JsonWriter::AppendQuoted(out, key);
          out += ':' + value;
        }
        out += '}';
        break;
      }
      case 7:
        out = text(net::Base64Encode(reader.bytes()));
        break;
      default:
        reader.skip();
    }
  }
  return out;
}

Exemplar ReadExemplar(std::string_view message) {
  Exemplar exemplar;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2:
        exemplar.time = reader.get_fixed64();
        break;
      case 3:
        exemplar.value = reader.get_double();
        break;
      case 4:
        exemplar.span_id = Hex(reader.bytes());
        break;
      case 5:
        exemplar.trace_id = Hex(reader.bytes());
        break;
      case 6:
        exemplar.value = static_cast<double>(reader.get_sfixed64());
        break;
      case 7:
        exemplar.attributes.push_back(ReadPair(reader.bytes(), false, 0));
        break;
      default:
        reader.skip();
    }
  }
  return exemplar;
}

Point ReadNumber(std::string_view message) {
  Point point;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2:
        point.start = reader.get_fixed64();
        break;
      case 3:
        point.time = reader.get_fixed64();
        break;
      case 4:
        point.value = reader.get_double();
        break;
      case 5:
        point.exemplars.push_back(ReadExemplar(reader.bytes()));
        break;
      case 6:
        point.value = static_cast<double>(reader.get_sfixed64());
        break;
      case 7:
        point.attributes.push_back(ReadPair(reader.bytes(), false, 0));
        break;
      case 8:
        point.no_value = (reader.get_uint32() & 1) != 0;
        break;
      default:
        reader.skip();
    }
  }
  return point;
}

Point ReadHistogramPoint(std::string_view message) {
  Point point;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2:
        point.start = reader.get_fixed64();
        break;
      case 3:
        point.time = reader.get_fixed64();
        break;
      case 4:
        point.count = reader.get_fixed64();
        break;
      case 5:
        point.sum = reader.get_double();
        break;
      case 6:
        reader.each_fixed64([&](std::uint64_t count) { point.bucket_counts.push_back(count); });
        break;
      case 7:
        reader.each_double([&](double bound) { point.bounds.push_back(bound); });
        break;
      case 8:
        point.exemplars.push_back(ReadExemplar(reader.bytes()));
        break;
      case 9:
        point.attributes.push_back(ReadPair(reader.bytes(), false, 0));
        break;
      case 10:
        point.no_value = (reader.get_uint32() & 1) != 0;
        break;
      default:
        reader.skip();
    }
  }
  return point;
}

Buckets ReadBuckets(std::string_view message) {
  Buckets buckets;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        buckets.offset = reader.get_sint32();
        break;
      case 2:
        reader.each_uint64([&](std::uint64_t count) { buckets.counts.push_back(count); });
        break;
      default:
        reader.skip();
    }
  }
  return buckets;
}

Point ReadExponential(std::string_view message) {
  Point point;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        point.attributes.push_back(ReadPair(reader.bytes(), false, 0));
        break;
      case 2:
        point.start = reader.get_fixed64();
        break;
      case 3:
        point.time = reader.get_fixed64();
        break;
      case 4:
        point.count = reader.get_fixed64();
        break;
      case 5:
        point.sum = reader.get_double();
        break;
      case 6:
        point.scale = reader.get_sint32();
        break;
      case 7:
        point.zero_count = reader.get_fixed64();
        break;
      case 8:
        point.positive = ReadBuckets(reader.bytes());
        break;
      case 9:
        point.negative = ReadBuckets(reader.bytes());
        break;
      case 10:
        point.no_value = (reader.get_uint32() & 1) != 0;
        break;
      case 11:
        point.exemplars.push_back(ReadExemplar(reader.bytes()));
        break;
      case 14:
        point.zero_threshold = reader.get_double();
        break;
      default:
        reader.skip();
    }
  }
  return point;
}

Point ReadSummary(std::string_view message) {
  Point point;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 2:
        point.start = reader.get_fixed64();
        break;
      case 3:
        point.time = reader.get_fixed64();
        break;
      case 4:
        point.count = reader.get_fixed64();
        break;
      case 5:
        point.sum = reader.get_double();
        break;
      case 6: {
        auto& quantile = point.quantiles.emplace_back();
        Message pair(reader.bytes());
        while (pair.next()) {
          switch (pair.tag()) {
            case 1:
              quantile.first = pair.get_double();
              break;
            case 2:
              quantile.second = pair.get_double();
              break;
            default:
              pair.skip();
          }
        }
        break;
      }
      case 7:
        point.attributes.push_back(ReadPair(reader.bytes(), false, 0));
        break;
      case 8:
        point.no_value = (reader.get_uint32() & 1) != 0;
        break;
      default:
        reader.skip();
    }
  }
  return point;
}

// The data of a metric: points (1), temporality (2), monotonic (3).
void ReadData(std::string_view message, Metric::Kind kind, Point (*read)(std::string_view),
              Metric& metric) {
  metric.kind = kind;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        metric.points.push_back(read(reader.bytes()));
        break;
      case 2: {
        const auto value = reader.get_enum();
        if (value >= 0 && value <= 2) {
          metric.temporality = static_cast<Metric::Temporality>(value);
        }
        break;
      }
      case 3:
        metric.monotonic = reader.get_bool();
        break;
      default:
        reader.skip();
    }
  }
}

Metric ReadMetric(std::string_view message) {
  Metric metric;
  using Kind = Metric::Kind;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        metric.name = reader.bytes();
        break;
      case 2:
        metric.description = reader.bytes();
        break;
      case 3:
        metric.unit = reader.bytes();
        break;
      case 5:
        ReadData(reader.bytes(), Kind::kGauge, ReadNumber, metric);
        break;
      case 7:
        ReadData(reader.bytes(), Kind::kSum, ReadNumber, metric);
        break;
      case 9:
        ReadData(reader.bytes(), Kind::kHistogram, ReadHistogramPoint, metric);
        break;
      case 10:
        ReadData(reader.bytes(), Kind::kExponential, ReadExponential, metric);
        break;
      case 11:
        ReadData(reader.bytes(), Kind::kSummary, ReadSummary, metric);
        break;
      default:
        reader.skip();
    }
  }
  return metric;
}

Scope ReadScope(std::string_view message) {
  Scope scope;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: {
        Message facts(reader.bytes());
        while (facts.next()) {
          switch (facts.tag()) {
            case 1:
              scope.name = facts.bytes();
              break;
            case 2:
              scope.version = facts.bytes();
              break;
            case 3:
              scope.attributes.push_back(ReadPair(facts.bytes(), false, 0));
              break;
            default:
              facts.skip();
          }
        }
        break;
      }
      case 2:
        scope.metrics.push_back(ReadMetric(reader.bytes()));
        break;
      case 3:
        scope.schema_url = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  return scope;
}

Resource ReadResource(std::string_view message) {
  Resource resource;
  Message reader(message);
  while (reader.next()) {
    switch (reader.tag()) {
      case 1: {
        Message facts(reader.bytes());
        while (facts.next()) {
          if (facts.tag() == 1) {
            resource.attributes.push_back(ReadPair(facts.bytes(), false, 0));
          } else {
            facts.skip();
          }
        }
        break;
      }
      case 2:
        resource.scopes.push_back(ReadScope(reader.bytes()));
        break;
      default:
        reader.skip();
    }
  }
  return resource;
}

}  // namespace

Result<Request> ParseProtobuf(std::string_view message) {
  Request request;
  try {
    Message reader(message);
    while (reader.next()) {
      if (reader.tag() == 1) {
        request.push_back(ReadResource(reader.bytes()));
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception& error) {
    return Error(Code::kInvalid, std::string("proto: ") + error.what());
  }
  return request;
}

}  // namespace meerkat::remote::otlp
