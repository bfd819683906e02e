#include "tsdb/head/records.h"

#include <vector>

#include "tsdb/head/token.h"

namespace meerkat::tsdb {

namespace {

void PutText(std::string_view text, std::string& out) {
  AppendVarint(out, text.size());
  out.append(text);
}

bool TakeText(std::string_view& in, std::string_view& text) {
  std::uint64_t size = 0;
  const char* rest = GetVarint(in.data(), in.data() + in.size(), size);
  if (rest == nullptr) return false;
  in.remove_prefix(static_cast<std::size_t>(rest - in.data()));
  if (size > in.size()) return false;
  text = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

}  // namespace

std::string EncodeLabels(const Labels& labels) {
  std::string out;
  AppendVarint(out, labels.size());
  for (const Label label : labels) {
    PutText(label.name, out);
    PutText(label.value, out);
  }
  return out;
}

Result<Labels> DecodeLabels(std::string_view bytes) {
  std::uint64_t count = 0;
  const char* rest = GetVarint(bytes.data(), bytes.data() + bytes.size(), count);
  if (rest == nullptr || count > bytes.size()) {
    return Error(Code::kCorruption, "series record: no label count");
  }
  bytes.remove_prefix(static_cast<std::size_t>(rest - bytes.data()));
  std::vector<Label> labels(count);
  for (Label& label : labels) {
    if (!TakeText(bytes, label.name) || !TakeText(bytes, label.value)) {
      return Error(Code::kCorruption, "series record: ends early");
    }
  }
  return Labels::From(std::move(labels));
}

std::string EncodeMetadata(const Metadata& metadata) {
  std::string out;
  out.push_back(static_cast<char>(metadata.type));
  PutText(metadata.help, out);
  PutText(metadata.unit, out);
  return out;
}

Result<Metadata> DecodeMetadata(std::string_view bytes) {
  std::string_view help;
  std::string_view unit;
  if (bytes.empty() || static_cast<unsigned char>(bytes[0]) > 7) {
    return Error(Code::kCorruption, "metadata record: unknown type");
  }
  Metadata metadata;
  metadata.type = static_cast<MetricType>(bytes[0]);
  bytes.remove_prefix(1);
  if (!TakeText(bytes, help) || !TakeText(bytes, unit)) {
    return Error(Code::kCorruption, "metadata record: ends early");
  }
  metadata.help = help;
  metadata.unit = unit;
  return metadata;
}

}  // namespace meerkat::tsdb
