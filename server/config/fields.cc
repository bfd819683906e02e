#include "server/config/fields.h"

#include <filesystem>

#include "base/duration.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/quote.h"

namespace meerkat::config {

std::string JoinDirectory(std::string_view directory, const std::string& path) {
  if (path.empty() || directory.empty() || path.front() == '/') return path;
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes == 0) return "0B";
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::string out;
  for (int power = 6; power >= 0; --power) {
    const std::uint64_t part = bytes >> (10 * power);
    if (part == 0) continue;
    out.append(std::to_string(part)).append(kUnits[power]);
    bytes -= part << (10 * power);
  }
  return out;
}

bool Fields::Size(std::string_view key, std::uint64_t& bytes) {
  if (map_ != nullptr) return map_->ReadSize(key, bytes);
  if (bytes != 0) out_->Add(key, YamlOut::Raw(FormatSize(bytes)));
  return false;
}

bool Fields::Path(std::string_view key, std::string& path) {
  const bool found = Field(key, path);
  if (found) path = JoinDirectory(directory_, path);
  return found;
}

bool Fields::Paths(std::string_view key, std::vector<std::string>& paths) {
  const bool found = Field(key, paths);
  if (found) {
    for (std::string& path : paths) path = JoinDirectory(directory_, path);
  }
  return found;
}

bool Fields::FlowList(std::string_view key, std::vector<std::string>& values) {
  if (map_ != nullptr) return map_->Read(key, values);
  if (!values.empty()) out_->Add(key, YamlOut::FlowList(values));
  return false;
}

void Fields::FailEnum(std::string_view key, const std::string& text,
                      const std::vector<std::string_view>& names,
                      const std::function<std::string(const std::string&)>& reason) {
  if (reason) return map_->Fail(key, reason(text));
  std::string message = "unknown value " + Quote(text) + ", expected one of ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) message += ", ";
    message += names[i];
  }
  map_->Fail(key, message);
}

bool Fields::Block(std::string_view key, const std::function<void(Fields& fields)>& describe,
                   Show show) {
  if (map_ != nullptr) {
    return map_->Block(key, [&](YamlMap& map) {
      Fields fields(map, directory_);
      describe(fields);
    });
  }
  YamlOut out = YamlOut::Map();
  Fields fields(out);
  describe(fields);
  if (show == Show::kAlways || !out.empty()) out_->Add(key, std::move(out));
  return false;
}

bool Fields::ReadItems(std::string_view key, std::string_view null_item,
                       const std::function<void(Fields& fields)>& read) {
  return map_->Each(key, [&](const YamlValue& item) {
    if (item.is_null()) return item.Fail(null_item);
    item.Block([&](YamlMap& map) {
      Fields fields(map, directory_);
      read(fields);
    });
  });
}

YamlOut Fields::ToOut(double value) {
  return YamlOut::Raw(FormatFloat(value, 'g'));
}

YamlOut Fields::ToOut(Millis value) {
  return YamlOut::Raw(FormatDuration(value));
}

}  // namespace meerkat::config
