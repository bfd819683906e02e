#pragma once

#include <cstdint>
#include <initializer_list>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/labels.h"

// Messages of the remote protocols as a sender builds them.
namespace meerkat::remote {

using Points = std::initializer_list<std::pair<std::int64_t, double>>;

inline void AddLabels(protozero::pbf_writer& writer,
                      const std::vector<std::pair<std::string, std::string>>& labels) {
  for (const auto& [name, value] : labels) {
    protozero::pbf_writer pair(writer, 1);
    pair.add_string(1, name);
    pair.add_string(2, value);
  }
}

// A TimeSeries of version 1, to be joined with others by operator+.
inline std::string SeriesV1(const std::vector<std::pair<std::string, std::string>>& labels,
                            Points points, const std::string& histogram = "") {
  std::string series;
  protozero::pbf_writer writer(series);
  AddLabels(writer, labels);
  for (const auto& [millis, value] : points) {
    protozero::pbf_writer sample(writer, 2);
    sample.add_double(1, value);
    sample.add_int64(2, millis);
  }
  if (!histogram.empty()) writer.add_message(4, histogram);
  std::string out;
  protozero::pbf_writer(out).add_message(1, series);
  return out;
}

// A whole request of version 2 with one series.
inline std::string RequestV2(const std::vector<std::string>& symbols,
                             const std::vector<std::uint32_t>& refs, Points points) {
  std::string out;
  protozero::pbf_writer request(out);
  for (const std::string& symbol : symbols) request.add_string(4, symbol);
  protozero::pbf_writer series(request, 5);
  series.add_packed_uint32(1, refs.begin(), refs.end());
  for (const auto& [millis, value] : points) {
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, value);
    sample.add_int64(2, millis);
  }
  return out;
}

}  // namespace meerkat::remote
