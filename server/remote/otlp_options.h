#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace meerkat::remote {

// How OTLP names become Prometheus names.
enum class TranslationStrategy : std::uint8_t {
  kUnderscoreEscapingWithSuffixes,
  kUnderscoreEscapingWithoutSuffixes,
  kNoUtf8EscapingWithSuffixes,
  kNoTranslation,
};

// The otlp block of the configuration.
struct OtlpOptions {
  std::vector<std::string> promote_resource_attributes;
  bool promote_all_resource_attributes = false;
  std::vector<std::string> ignore_resource_attributes;
  TranslationStrategy strategy = TranslationStrategy::kUnderscoreEscapingWithSuffixes;
  bool keep_identifying_resource_attributes = false;
  bool convert_histograms_to_nhcb = false;
  bool promote_scope_metadata = false;
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
};

}  // namespace meerkat::remote
