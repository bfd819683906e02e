#include "alerting/notify/codec.h"

namespace meerkat::alerting {
namespace {

constexpr std::int64_t kAlertVersion = 1;

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

Encoder& Encoder::Int(std::int64_t value) {
  AppendVarint(out_,
               static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  return *this;
}

Encoder& Encoder::String(std::string_view value) {
  AppendVarint(out_, value.size());
  out_ += value;
  return *this;
}

Encoder& Encoder::Pairs(const Labels& labels) {
  AppendVarint(out_, labels.size());
  for (const Label label : labels) String(label.name).String(label.value);
  return *this;
}

Encoder& Encoder::Pairs(const std::map<std::string, std::string>& pairs) {
  AppendVarint(out_, pairs.size());
  for (const auto& [name, value] : pairs) String(name).String(value);
  return *this;
}

Encoder& Encoder::Hashes(const std::vector<std::uint64_t>& hashes) {
  AppendVarint(out_, hashes.size());
  for (const std::uint64_t hash : hashes) Int(static_cast<std::int64_t>(hash));
  return *this;
}

std::uint64_t Decoder::Varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  rest_ = {};
  return 0;
}

std::int64_t Decoder::Int() {
  const std::uint64_t value = Varint();
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::string Decoder::String() {
  const std::uint64_t size = Varint();
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  std::string out(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return out;
}

std::size_t Decoder::Count(std::size_t least_bytes_each) {
  const std::uint64_t count = Varint();
  if (count > rest_.size() / least_bytes_each) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  return count;
}

std::map<std::string, std::string> Decoder::Pairs() {
  std::map<std::string, std::string> out;
  for (std::size_t left = Count(2); left > 0; --left) {
    std::string name = String();
    out[std::move(name)] = String();
  }
  return out;
}

Labels Decoder::LabelSet() {
  const auto pairs = Pairs();
  std::vector<Label> labels;
  for (const auto& [name, value] : pairs) labels.push_back({name, value});
  return Labels::FromSorted(labels);
}

std::vector<std::uint64_t> Decoder::Hashes() {
  std::vector<std::uint64_t> out(Count(1));
  for (std::uint64_t& hash : out) hash = static_cast<std::uint64_t>(Int());
  return out;
}

std::string EncodeAlert(const Alert& alert) {
  return Encoder()
      .Int(kAlertVersion)
      .Pairs(alert.labels)
      .Pairs(alert.annotations)
      .String(alert.generator_url)
      .Time(alert.starts_at)
      .Time(alert.ends_at)
      .Time(alert.updated_at)
      .Int(alert.timeout ? 1 : 0)
      .Take();
}

std::optional<Alert> DecodeAlert(std::string_view bytes) {
  Decoder in(bytes);
  if (in.Int() != kAlertVersion) return std::nullopt;
  Alert alert;
  alert.labels = in.LabelSet();
  alert.annotations = in.LabelSet();
  alert.generator_url = in.String();
  alert.starts_at = in.Time();
  alert.ends_at = in.Time();
  alert.updated_at = in.Time();
  alert.timeout = in.Int() != 0;
  alert.fingerprint = FingerprintOf(alert.labels);
  if (!in.ok()) return std::nullopt;
  return alert;
}

}  // namespace meerkat::alerting
