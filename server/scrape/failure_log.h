#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/net/offload.h"
#include "server/scrape/scrape_loop.h"

namespace meerkat::scrape {

// Appends a JSON line for each failed scrape to `path`, on a worker of `pool`. `clock` and `pool`
// outlive the log.
Result<FailureLog> OpenFailureLog(const std::string& path, const std::string& job,
                                  const Clock& clock, net::ThreadPool& pool);

}  // namespace meerkat::scrape
