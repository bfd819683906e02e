#pragma once

#include <memory>

#include "promql/engine.h"

// Answers that are sent while they are made.
namespace meerkat::promql {

// The series of a range query that follow those which its answer began with, in label order.
// Memory is held for the series of one call, however many there are in all. Neither the engine nor
// its storage may go before it. Threads: one at a time, not always the same.
class MatrixStream {
 public:
  virtual ~MatrixStream() = default;

  // Replaces `series` by those that follow. False: that was all, End() has the rest of the answer.
  // An error (time ran out, the stop token, storage) ends the query, too. The time of a query is
  // what its calls take: a client may be slow.
  virtual Result<bool> Next(Matrix& series) = 0;
  // Notes and statistics of the whole query; its value is empty.
  virtual QueryResult End() = 0;
};

struct QueryAnswer {
  QueryResult result;
  // When it is there, `result` has the first series and nothing else.
  std::unique_ptr<MatrixStream> rest;
};

}  // namespace meerkat::promql
