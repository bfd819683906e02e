#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "promql/parser.h"

using namespace meerkat::promql;

// Any text parses or is refused; what parses prints as text that means and prints the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParseOptions options{
      .experimental_functions = true, .extended_range_selectors = true, .fill_modifiers = true};
  const auto parsed = Parse(text, options);
  if (!parsed) {
    ExplainError(text, parsed.error());
    return 0;
  }
  const std::string printed = Print(**parsed);
  const auto again = Parse(printed, options);
  if (!again || Print(**again) != printed) std::abort();
  // Deep trees are indented to texts that are longer than what is read.
  const std::string lines = PrettyPrint(**parsed);
  if (lines.size() < std::size_t{1} << 20) {
    const auto pretty = Parse(lines, options);
    if (!pretty || Print(**pretty) != printed) std::abort();
  }
  ToJson(*Clone(**parsed));
  return 0;
}
