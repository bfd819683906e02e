#pragma once

#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"
#include "tsdb/storage.h"

// Bytes of the small records beside the samples.
namespace meerkat::tsdb {

inline const std::string kMetadataPrefix = "metadata/";  // + metric name, in the meta family

//   labels   := count: varint, (name, value: length: varint, bytes)*
//   metadata := type: u8, help, unit: length: varint, bytes
std::string EncodeLabels(const Labels& labels);
Result<Labels> DecodeLabels(std::string_view bytes);
std::string EncodeMetadata(const Metadata& metadata);
Result<Metadata> DecodeMetadata(std::string_view bytes);

}  // namespace meerkat::tsdb
