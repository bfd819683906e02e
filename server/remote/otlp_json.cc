#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/number.h"
#include "server/net/base64.h"
#include "server/remote/otlp_model.h"
#include "server/remote/otlp_schema.h"

namespace meerkat::remote::otlp {
namespace {

using Json = nlohmann::json;

// Reads one object into what the schema says its fields are; unknown names and nulls are passed
// over. The first value of a wrong kind is the fault of the whole request.
class Decoder {
 public:
  Decoder(const Json& object, std::string& fault, int depth = 0)
      : object_(object), fault_(fault), depth_(depth) {}

  template <typename Target>
  void Read(Target&& target) {
    if (depth_ > kMaxDepth) {
      fault_ = kTooDeep;
    } else if (!object_.is_object()) {
      Complain("expected an object", object_);
    } else {
      Fields(*this, target);
    }
  }

  template <typename Member>
  void operator()(int, const char* name, Member&& member) {
    if (!fault_.empty()) return;
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return;
    Take(*found, member);
    if (!fault_.empty()) fault_ = std::string(name) + ": " + fault_;
  }

 private:
  void Complain(const char* what, const Json& value) {
    fault_ = std::string(what) + ", got " + value.type_name();
  }

  void Take(const Json& value, std::string& text) {
    if (!value.is_string()) return Complain("expected a string", value);
    text = value.get_ref<const std::string&>();
  }
  void Take(const Json& value, bool& flag) {
    if (!value.is_boolean()) return Complain("expected a boolean", value);
    flag = value.get<bool>();
  }
  void Take(const Json& value, double& number) {
    if (value.is_number()) {
      number = value.get<double>();
      return;
    }
    const auto parsed =
        value.is_string() ? ParseFloat(value.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return Complain("expected a number", value);
    number = *parsed;
  }
  void Take(const Json& value, std::optional<double>& number) { Take(value, number.emplace()); }
  // 64-bit numbers are texts in protobuf's JSON, but plain numbers are taken, too.
  template <typename Integer>
  void TakeInteger(const Json& value, Integer& number) {
    const std::string text = value.is_number_integer() ? value.dump()
                             : value.is_string()       ? value.get<std::string>()
                                                       : std::string();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      Complain("expected an integer", value);
    }
  }
  void Take(const Json& value, std::uint64_t& number) { TakeInteger(value, number); }
  void Take(const Json& value, std::uint32_t& number) { TakeInteger(value, number); }
  void Take(const Json& value, std::int32_t& number) { TakeInteger(value, number); }
  void Take(const Json& value, std::int64_t& number) { TakeInteger(value, number); }
  void Take(const Json& value, IntegerAsDouble& number) {
    std::int64_t integer = 0;
    TakeInteger(value, integer);
    number.value = static_cast<double>(integer);
  }
  void Take(const Json& value, Metric::Temporality& temporality) {
    if (value.is_string()) {
      const auto& name = value.get_ref<const std::string&>();
      temporality = TemporalityOf(name == "AGGREGATION_TEMPORALITY_DELTA"        ? 1
                                  : name == "AGGREGATION_TEMPORALITY_CUMULATIVE" ? 2
                                                                                 : 0);
      return;
    }
    std::int32_t number = 0;
    TakeInteger(value, number);
    temporality = TemporalityOf(number);
  }
  void Take(const Json& value, Id& id) {
    Take(value, id.hex);
    const bool hex = id.hex.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!hex || (!id.hex.empty() && id.hex.size() != 2 * id.bytes)) fault_ = "invalid ID";
  }
  void Take(const Json& value, AnyValue::Bytes& bytes) {
    std::string text;
    Take(value, text);
    auto decoded = net::Base64Decode(text);
    if (!decoded) return Complain("expected base64", value);
    bytes.bytes = std::move(*decoded);
  }

  template <typename TakeItem>
  void Each(const Json& value, const TakeItem& take) {
    if (!value.is_array()) return Complain("expected an array", value);
    for (const Json& item : value) {
      take(item);
      if (!fault_.empty()) return;
    }
  }
  void Take(const Json& value, Varints& list) { Take(value, list.values); }
  void Take(const Json& value, Attributes& attributes) {
    Each(value, [&](const Json& item) {
      KeyValue pair;
      Take(item, pair);
      attributes.emplace_back(std::move(pair.key), TextOf(pair.value));
    });
  }
  void Take(const Json& value, std::vector<std::pair<double, double>>& quantiles) {
    Each(value, [&](const Json& item) {
      Quantile quantile{quantiles.emplace_back()};
      Take(item, quantile);
    });
  }
  template <Metric::Kind kKind>
  void Take(const Json& value, Points<kKind>& points) {
    Each(value, [&](const Json& item) {
      PointOf<kKind> point{points.points.emplace_back()};
      Take(item, point);
    });
  }
  template <typename Item>
  void Take(const Json& value, std::vector<Item>& list) {
    Each(value, [&](const Json& item) { Take(item, list.emplace_back()); });
  }
  template <typename Alternative>
  void Take(const Json& value, OneOf<Alternative>& choice) {
    Alternative alternative{};
    Take(value, alternative);
    choice.any.value = std::move(alternative);
  }
  template <Metric::Kind kKind>
  void Take(const Json& value, Data<kKind>& data) {
    data.Begin();
    Decoder(value, fault_, depth_ + 1).Read(data);
  }
  template <typename Part>
  void Take(const Json& value, Part& part) {
    Decoder(value, fault_, depth_ + 1).Read(part);
  }

  const Json& object_;
  std::string& fault_;
  const int depth_;
};

}  // namespace

Result<Request> ParseJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  Request request;
  std::string fault = json.is_object() ? "" : "invalid JSON request";
  if (fault.empty()) Decoder(json, fault).Read(request);
  if (!fault.empty()) return Error(Code::kInvalid, fault);
  return request;
}

}  // namespace meerkat::remote::otlp
