#include "server/remote/read_server.h"

#include <array>
#include <memory>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "server/remote/chunk_frame.h"
#include "server/remote/read_request.h"
#include "server/remote/snappy_body.h"
#include "server/remote/wire.h"

namespace meerkat::remote {
namespace {

constexpr std::uint64_t kMaxRequest = 32 << 20;
constexpr std::size_t kPiece = 64 << 10;
constexpr std::string_view kStreamedType =
    "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

void AppendLabels(protozero::pbf_writer& writer, const Labels& labels) {
  for (const Label label : labels) {
    protozero::pbf_writer pair(writer, 1);
    pair.add_string(1, label.name.data(), label.name.size());
    pair.add_string(2, label.value.data(), label.value.size());
  }
}

// A query without matchers finds nothing, as upstream has it; nobody means everything.

// One TimeSeries message; false when the limit is passed.
bool AppendSeries(std::string& out, const Labels& labels, const tsdb::SeriesColumns& columns,
                  std::uint64_t limit, std::uint64_t& samples) {
  protozero::pbf_writer writer(out);
  AppendLabels(writer, labels);
  std::size_t next_histogram = 0;
  std::string bytes;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (++samples > limit) return false;
    const Timestamp time = (*columns.times)[i];
    if (next_histogram < columns.histograms.size() &&
        columns.histograms[next_histogram].index == i) {
      bytes.clear();
      WriteHistogram(bytes, time, *columns.histograms[next_histogram++].histogram);
      writer.add_message(4, bytes);
      continue;
    }
    protozero::pbf_writer sample(writer, 2);
    sample.add_double(1, columns.values[i]);
    sample.add_int64(2, ToMillis(time));
  }
  return true;
}

// The streamed form: pulled series by series while the client takes it.
class ChunkBody : public net::BodySource {
 public:
  ChunkBody(tsdb::Storage& storage, ReadRequest request, Labels external, std::uint64_t frame_bytes,
            std::stop_token stop, std::function<void()> done)
      : storage_(storage),
        request_(std::move(request)),
        external_(std::move(external)),
        frames_(frame_bytes),
        stop_(std::move(stop)),
        done_(std::move(done)) {}
  ~ChunkBody() override { done_(); }

  Result<bool> Next(std::string& chunk) override {
    while (chunk.size() < kPiece) {
      if (stop_.stop_requested()) return Error(Code::kCanceled, "context canceled");
      if (series_ == nullptr) {
        if (query_ == request_.queries.size()) return false;
        const ReadQuery& query = request_.queries[query_];
        if (query.matchers.empty()) {
          ++query_;
          continue;
        }
        auto querier = storage_.NewQuerier(query.range);
        if (!querier) return std::move(querier).error();
        querier_ = std::move(*querier);
        querier_->InterruptBy(tsdb::Interrupt(stop_));
        auto series = querier_->Select(WithoutExternal(query.matchers, external_), {});
        if (!series) return std::move(series).error();
        series_ = std::move(*series);
      }
      auto more = series_->Next();
      if (!more) return std::move(more).error();
      if (!*more) {
        series_.reset();
        querier_.reset();
        ++query_;
        continue;
      }
      auto read = series_->Read(columns_);
      if (!read) return std::move(read).error();
      frames_.Append(chunk, WithExternal(series_->labels(), external_), columns_,
                     static_cast<std::int64_t>(query_));
    }
    return true;
  }

 private:
  tsdb::Storage& storage_;
  const ReadRequest request_;
  const Labels external_;
  ChunkFrames frames_;
  const std::stop_token stop_;
  const std::function<void()> done_;
  std::size_t query_ = 0;
  std::unique_ptr<tsdb::Querier> querier_;
  std::unique_ptr<tsdb::SeriesSet> series_;
  tsdb::SeriesColumns columns_;
};

Result<std::string> ReadSamples(tsdb::Storage& storage, const ReadRequest& request,
                                const Labels& external, std::uint64_t limit,
                                const std::stop_token& stop) {
  std::string out;
  std::string result;
  std::string one;
  tsdb::SeriesColumns columns;
  for (const ReadQuery& query : request.queries) {
    result.clear();
    std::uint64_t samples = 0;
    if (query.matchers.empty()) {
      protozero::pbf_writer(out).add_message(1, result);
      continue;
    }
    auto querier = storage.NewQuerier(query.range);
    if (!querier) return std::move(querier).error();
    (*querier)->InterruptBy(tsdb::Interrupt(stop));
    auto series = (*querier)->Select(WithoutExternal(query.matchers, external), {});
    if (!series) return std::move(series).error();
    for (;;) {
      if (stop.stop_requested()) return Error(Code::kCanceled, "context canceled");
      auto more = (*series)->Next();
      if (!more) return std::move(more).error();
      if (!*more) break;
      auto read = (*series)->Read(columns);
      if (!read) return std::move(read).error();
      if (columns.size() == 0) continue;
      one.clear();
      if (!AppendSeries(one, WithExternal((*series)->labels(), external), columns, limit,
                        samples)) {
        return Error(Code::kInvalid, "exceeded sample limit (" + std::to_string(limit) + ")");
      }
      protozero::pbf_writer(result).add_message(1, one);
    }
    protozero::pbf_writer(out).add_message(1, result);
  }
  return out;
}

}  // namespace

ReadServer::ReadServer(std::function<tsdb::Storage*()> storage,
                       std::function<Labels()> external_labels, ReadServerOptions options,
                       Registry& registry)
    : storage_(std::move(storage)),
      external_labels_(std::move(external_labels)),
      options_(options),
      queries_(registry.gauge("prometheus_remote_read_handler_queries",
                              "The current number of remote read queries that are either in "
                              "execution or queued on the handler.")) {}

bool ReadServer::Enter(std::stop_token stop) {
  std::stop_callback wake(stop, [this] {
    {
      MutexLock lock(mu_);
    }  // so that nobody checks the stop and then misses the call
    changed_.notify_all();
  });
  MutexLock lock(mu_);
  while (options_.concurrent_limit != 0 && inside_ >= options_.concurrent_limit) {
    if (stop.stop_requested()) return false;
    changed_.wait(mu_);
  }
  ++inside_;
  return true;
}

void ReadServer::Leave() {
  {
    MutexLock lock(mu_);
    --inside_;
  }
  queries_.Add(-1);
  changed_.notify_one();
}

net::Response ReadServer::Handle(const net::Request& request, std::stop_token stop) {
  const auto refuse = [](int status, const std::string& text) {
    return net::Response::Failure(status, text);
  };
  tsdb::Storage* storage = storage_();
  if (storage == nullptr) return refuse(503, "Service Unavailable");
  std::string buffer;
  auto decoded = Unsnappy(request.body, buffer, kMaxRequest);
  if (!decoded) return refuse(400, decoded.error().message());
  auto parsed = ParseReadRequest(*decoded);
  if (!parsed) {
    const int status = parsed.error().code() == Code::kExecution ? 500 : 400;
    return refuse(status, parsed.error().message());
  }
  queries_.Add(1);
  if (!Enter(stop)) {
    queries_.Add(-1);
    return refuse(499, "context canceled");
  }
  const Labels external = external_labels_();
  if (parsed->form == ReadRequest::Form::kStreamedChunks) {
    net::Response response = net::Response::Text(200, "", kStreamedType);
    response.body = std::make_unique<ChunkBody>(*storage, std::move(*parsed), external,
                                                options_.max_bytes_in_frame, std::move(stop),
                                                [this] { Leave(); });
    response.compressible = false;
    return response;
  }
  auto message = ReadSamples(*storage, *parsed, external, options_.sample_limit, stop);
  Leave();
  if (!message) {
    return refuse(message.error().code() == Code::kInvalid ? 400 : 500, message.error().message());
  }
  net::Response response = net::Response::Text(200, Snappy(*message), "application/x-protobuf");
  response.headers.Set("Content-Encoding", "snappy");
  return response;
}

}  // namespace meerkat::remote
