#include <algorithm>
#include <optional>

#include "server/remote/message.h"
#include "server/remote/otlp_model.h"
#include "server/remote/otlp_schema.h"

namespace meerkat::remote::otlp {
namespace {

struct TooDeep : protozero::exception {
  const char* what() const noexcept override { return kTooDeep; }
};
struct InvalidId : protozero::exception {
  const char* what() const noexcept override { return "invalid length for an ID"; }
};

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// Reads one message into what the schema says its fields are. What repeats adds to a list or
// replaces a value; unknown fields are passed over. Throws protozero::exception.
class Decoder {
 public:
  explicit Decoder(std::string_view message, int depth = 0) : message_(message), depth_(depth) {
    if (depth > kMaxDepth) throw TooDeep();
  }

  template <typename Target>
  void Read(Target&& target) {
    while (message_.next()) {
      taken_ = false;
      Fields(*this, target);
      if (!taken_) message_.skip();
    }
  }

  template <typename Member>
  void operator()(protozero::pbf_tag_type number, const char*, Member&& member) {
    if (message_.tag() != number) return;
    taken_ = true;
    Take(member);
  }

 private:
  void Take(std::string& text) { text = message_.bytes(); }
  void Take(bool& flag) { flag = message_.get_bool(); }
  void Take(double& value) { value = message_.get_double(); }
  void Take(std::optional<double>& value) { value = message_.get_double(); }
  void Take(std::uint64_t& value) { value = message_.get_fixed64(); }
  void Take(std::uint32_t& value) { value = message_.get_uint32(); }
  void Take(std::int32_t& value) { value = message_.get_sint32(); }
  void Take(std::int64_t& value) { value = message_.get_int64(); }
  void Take(IntegerAsDouble& integer) {
    integer.value = static_cast<double>(message_.get_sfixed64());
  }
  void Take(Metric::Temporality& temporality) { temporality = TemporalityOf(message_.get_enum()); }
  void Take(Id& id) {
    const std::string_view bytes = message_.bytes();
    if (!bytes.empty() && bytes.size() != id.bytes) throw InvalidId();
    id.hex = Hex(bytes);
  }
  void Take(AnyValue::Bytes& value) { value.bytes = message_.bytes(); }
  void Take(std::vector<std::uint64_t>& values) {
    message_.each_fixed64([&](std::uint64_t value) { values.push_back(value); });
  }
  void Take(std::vector<double>& values) {
    message_.each_double([&](double value) { values.push_back(value); });
  }
  void Take(Varints& list) {
    message_.each_uint64([&](std::uint64_t value) { list.values.push_back(value); });
  }
  void Take(Attributes& attributes) {
    KeyValue pair;
    Take(pair);
    attributes.emplace_back(std::move(pair.key), TextOf(pair.value));
  }
  void Take(std::vector<std::pair<double, double>>& quantiles) {
    Quantile quantile{quantiles.emplace_back()};
    Take(quantile);
  }
  template <typename Alternative>
  void Take(OneOf<Alternative>& choice) {
    Alternative alternative{};
    Take(alternative);
    choice.any.value = std::move(alternative);
  }
  template <Metric::Kind kKind>
  void Take(Data<kKind>& data) {
    data.Begin();
    Decoder(message_.bytes(), depth_ + 1).Read(data);
  }
  template <Metric::Kind kKind>
  void Take(Points<kKind>& points) {
    PointOf<kKind> point{points.points.emplace_back()};
    Take(point);
  }
  template <typename Item>
  void Take(std::vector<Item>& list) {
    Take(list.emplace_back());
  }
  template <typename Part>
  void Take(Part& part) {
    Decoder(message_.bytes(), depth_ + 1).Read(part);
  }

  Message message_;
  const int depth_;
  bool taken_ = false;  // the field at hand
};

}  // namespace

Result<Request> ParseProtobuf(std::string_view message) {
  Request request;
  try {
    Decoder(message).Read(request);
  } catch (const protozero::exception& error) {
    return Error(Code::kInvalid, remote::TextOf(error));
  }
  return request;
}

}  // namespace meerkat::remote::otlp
