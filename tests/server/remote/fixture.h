#pragma once

#include <sstream>
#include <string>

#include "tests/server/database_fixture.h"

namespace meerkat::remote {

class RemoteFixture : public DatabaseFixture {
 protected:
  // Everything stored, a line for each sample: `labels value @millis`, histograms as `count/sum`.
  std::string Dump() {
    auto querier = database_->NewQuerier({});
    auto series = (*querier)->Select({}, {});
    std::string out;
    tsdb::SeriesColumns columns;
    for (;;) {
      auto more = (*series)->Next();
      EXPECT_TRUE(more.ok());
      if (!more || !*more) return out;
      EXPECT_TRUE((*series)->Read(columns).ok());
      std::size_t next = 0;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        std::ostringstream line;
        line << (*series)->labels().ToString() << ' ';
        if (next < columns.histograms.size() && columns.histograms[next].index == i) {
          const Histogram& h = *columns.histograms[next++].histogram;
          line << h.count << '/' << h.sum;
        } else {
          line << columns.values[i];
        }
        line << " @" << ToMillis((*columns.times)[i]) - kNow << '\n';
        out += line.str();
      }
    }
  }
};

}  // namespace meerkat::remote
