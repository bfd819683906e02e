#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "tsdb/import/prometheus_chunk.h"

namespace meerkat::tsdb {

// Reads what a Prometheus data directory holds in its write-ahead logs: wal/ with its newest
// checkpoint, of which samples before `begin` are left out because blocks have them (or have them
// deleted), and wbl/, which holds the out-of-order ones. `begin` is asked once, with the time of
// the newest sample in wal/ (kMinTime: there is none). Samples that the log itself deletes are
// left out too. Calls visit(labels, sample) in the order they were written; an error of `visit`
// ends it. What does not read is told in `damage`: a log may well end in the middle of a record.
// False: there are no logs.
Result<bool> ReadPrometheusLogs(
    const std::filesystem::path& directory, const std::function<Timestamp(Timestamp)>& begin,
    const std::function<Result<>(const Labels&, const PlainSample&)>& visit,
    std::vector<std::string>& damage);

}  // namespace meerkat::tsdb
