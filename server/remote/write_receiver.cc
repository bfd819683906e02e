#include "server/remote/write_receiver.h"

#include <optional>
#include <protozero/exception.hpp>
#include <utility>

#include "base/letter_case.h"
#include "base/trim.h"
#include "server/remote/snappy_body.h"
#include "server/remote/wire.h"
#include "server/remote/write_batch.h"

namespace meerkat::remote {
namespace {

constexpr std::string_view kMediaType = "application/x-protobuf";
constexpr std::string_view kMessageV1 = "prometheus.WriteRequest";
constexpr std::string_view kMessageV2 = "io.prometheus.write.v2.Request";
// A thread keeps its decoding buffer up to this size.
constexpr std::size_t kKeptBuffer = 16 << 20;

// The message a Content-Type names; an error in upstream's words otherwise.
Result<std::string_view> MessageOf(std::string_view content_type) {
  if (content_type.empty()) return kMessageV1;
  std::optional<std::string_view> rest = Trim(content_type);
  const auto take = [&rest] {
    const auto semicolon = rest->find(';');
    const std::string_view part = rest->substr(0, semicolon);
    if (semicolon == std::string_view::npos) {
      rest.reset();
    } else {
      rest->remove_prefix(semicolon + 1);
    }
    return part;
  };
  const std::string_view media = take();
  if (media != kMediaType) {
    return Error(Code::kInvalid, "expected " + std::string(kMediaType) +
                                     " as the first (media) part, got " +
                                     std::string(content_type) + " content-type");
  }
  while (rest) {
    const std::string_view written = take();
    const std::string_view parameter = Trim(written);
    const auto equal = parameter.find('=');
    if (equal == std::string_view::npos || equal != parameter.rfind('=')) {
      return Error(Code::kInvalid,
                   "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters "
                   "to be key-values, got " +
                       std::string(written) + " in " + std::string(content_type) + " content-type");
    }
    if (parameter.substr(0, equal) != "proto") continue;
    const std::string_view message = parameter.substr(equal + 1);
    if (message == kMessageV1) return kMessageV1;
    if (message == kMessageV2) return kMessageV2;
    return Error(Code::kInvalid, "got " + std::string(content_type) +
                                     " content type; unknown type "
                                     "for remote write protobuf message " +
                                     std::string(message) + ", supported: " +
                                     std::string(kMessageV1) + ", " + std::string(kMessageV2));
  }
  return kMessageV1;
}

// How many bytes of `series` are label messages (field 1), from its start.
std::size_t LabelPrefix(std::string_view series) {
  std::size_t at = 0;
  while (at + 1 < series.size() && series[at] == 0x0a) {
    std::size_t length = 0;
    std::size_t next = at + 1;
    for (unsigned shift = 0; next < series.size() && shift < 32; shift += 7) {
      const auto byte = static_cast<unsigned char>(series[next++]);
      length |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (length > series.size() - next) break;  // malformed: the full reader will say so
    at = next + length;
  }
  return at;
}

}  // namespace

WriteReceiver::WriteReceiver(const Clock& clock, std::function<tsdb::Storage*()> storage,
                             WriteReceiverOptions options, Registry& registry, Logger log)
    : clock_(clock),
      storage_(std::move(storage)),
      options_(options),
      log_(std::move(log)),
      invalid_labels_(registry.counter(
          "prometheus_api_remote_write_invalid_labels_samples_total",
          "The total number of received remote write samples and histogram samples which have "
          "invalid labels.")),
      without_metadata_(registry.counter(
          "prometheus_api_remote_write_without_metadata_appended_samples_total",
          "The total number of received remote write samples (and histogram samples) which were "
          "ingested without corresponding metadata.")) {}

net::Response WriteReceiver::Handle(const net::Request& request, std::stop_token) {
  const auto refuse = [](int status, const std::string& text) {
    return net::Response::Failure(status, text);
  };
  auto message = MessageOf(request.headers.Get("Content-Type"));
  if (!message) return refuse(415, message.error().message());
  const bool v2 = *message == kMessageV2;
  if (v2 ? !options_.accept_v2 : !options_.accept_v1) {
    std::string accepted;
    if (options_.accept_v1) accepted += kMessageV1;
    if (options_.accept_v2) accepted += (accepted.empty() ? "" : ", ") + std::string(kMessageV2);
    return refuse(415, std::string(*message) +
                           " protobuf message is not accepted by this server; only accepts " +
                           accepted);
  }
  const std::string_view encoding = request.headers.Get("Content-Encoding");
  if (!encoding.empty() && ToLower(encoding) != "snappy") {
    return refuse(415, std::string(encoding) +
                           " encoding (compression) is not accepted by this "
                           "server; only snappy is acceptable");
  }
  tsdb::Storage* storage = storage_();
  if (storage == nullptr) return refuse(503, "Service Unavailable");

  thread_local std::string buffer;
  auto decoded = Unsnappy(request.body, buffer, options_.max_decoded_bytes);
  if (!decoded) return refuse(400, decoded.error().message());
  Outcome outcome = v2 ? WriteV2(*decoded, *storage) : WriteV1(*decoded, *storage);
  if (buffer.size() > kKeptBuffer) {
    buffer.clear();
    buffer.shrink_to_fit();
  }
  net::Response response =
      outcome.status == 204 ? net::Response::Empty(204) : refuse(outcome.status, outcome.error);
  if (v2) {
    response.headers.Set("X-Prometheus-Remote-Write-Samples-Written",
                         std::to_string(outcome.samples));
    response.headers.Set("X-Prometheus-Remote-Write-Histograms-Written",
                         std::to_string(outcome.histograms));
    response.headers.Set("X-Prometheus-Remote-Write-Exemplars-Written",
                         std::to_string(outcome.exemplars));
  }
  return response;
}

tsdb::SeriesRef WriteReceiver::Resolve(SeriesKey key, const std::vector<Label>& labels,
                                       Batch& batch) {
  const tsdb::SeriesRef ref = batch.appender->Resolve(Labels::From(labels));
  if (ref != tsdb::SeriesRef::kNone) cache_.Put(key, ref);
  return ref;
}

WriteReceiver::Outcome WriteReceiver::WriteV1(std::string_view message, tsdb::Storage& storage) {
  // What is wrong with one series fails the request: then the appender rolls back.
  return Write(storage, false, [&](Batch& batch) { return AppendV1(message, batch); });
}

WriteReceiver::Outcome WriteReceiver::WriteV2(std::string_view message, tsdb::Storage& storage) {
  return Write(storage, true, [&](Batch& batch) { return AppendV2(message, batch); });
}

WriteReceiver::Outcome WriteReceiver::Write(tsdb::Storage& storage, bool in_part,
                                            const std::function<Outcome(Batch&)>& append) {
  const auto failed = [](int status, std::string error) {
    Outcome outcome;
    outcome.status = status;
    outcome.error = std::move(error);
    return outcome;
  };
  Batch batch;
  batch.appender = storage.NewAppender();
  batch.latest = clock_.Now() + kMostAhead;
  Outcome outcome;
  try {
    outcome = append(batch);
  } catch (const protozero::exception& error) {
    return failed(400, TextOf(error));
  }
  if (outcome.status != 204 && !in_part) return outcome;
  auto committed = batch.appender->Commit();
  if (committed) return outcome;
  log_.Error("Error appending remote write", {{"err", committed.error().message()}});
  return failed(500, committed.error().message());
}

WriteReceiver::Outcome WriteReceiver::AppendV1(std::string_view message, Batch& batch) {
  Outcome outcome;
  Message reader(message);
  while (reader.next()) {
    if (reader.tag() == 1) {
      if (!AppendSeriesV1(reader.bytes(), batch, outcome)) return outcome;
    } else if (reader.tag() == 3) {
      Message entry(reader.bytes());
      tsdb::Metadata metadata;
      std::string_view family;
      while (entry.next()) {
        switch (entry.tag()) {
          case 1:
            metadata.type = MetricTypeOf(entry.get_enum());
            break;
          case 2:
            family = entry.bytes();
            break;
          case 4:
            metadata.help = entry.bytes();
            break;
          case 5:
            metadata.unit = entry.bytes();
            break;
          default:
            entry.skip();
        }
      }
      if (!family.empty()) batch.appender->SetMetadata(family, metadata);
    } else {
      reader.skip();
    }
  }
  without_metadata_.Add(static_cast<double>(outcome.samples + outcome.histograms));
  return outcome;
}

// False: the request has failed, and `outcome` says why.
bool WriteReceiver::AppendSeriesV1(std::string_view series, Batch& batch, Outcome& outcome) {
  // The usual sender writes all labels first, and has sent the same bytes before.
  const std::size_t prefix = LabelPrefix(series);
  SeriesKey key = cache_.KeyOf(series.substr(0, prefix));
  tsdb::SeriesRef ref = cache_.Find(key, batch.trail);
  bool labels_known = false;
  bool faulty = false;

  const auto read_labels = [&] {
    ReadLabels(series, batch.labels);
    labels_known = true;
    LabelFault fault;
    faulty = FindFault(batch.labels, fault);
    if (faulty) {
      log_.Warn("Invalid metric names or labels", {{"got", Print(batch.labels)}});
      invalid_labels_.Add();
      return;
    }
    ref = Resolve(key, batch.labels, batch);
  };
  Message rest(series.substr(prefix));
  // Labels behind other fields: legal, unusual, and not what the key stands for.
  auto probe = rest;
  while (probe.next()) {
    if (probe.tag() == 1) {
      batch.scratch.clear();
      ReadLabels(series, batch.labels);
      for (const Label& label : batch.labels) {
        batch.scratch += std::to_string(label.name.size()) + ':' + std::string(label.name);
        batch.scratch += std::to_string(label.value.size()) + ':' + std::string(label.value);
      }
      key = cache_.KeyOf(batch.scratch);
      ref = cache_.Find(key, batch.trail);
      break;
    }
    probe.skip();
  }
  if (ref == tsdb::SeriesRef::kNone) {
    read_labels();
    if (faulty) return true;
  }

  const auto over_limit = [&outcome] {
    outcome.status = 500;
    outcome.error = tsdb::TextOf(tsdb::Refusal::kSeriesLimit);
    return false;
  };
  if (ref == tsdb::SeriesRef::kNone) return over_limit();

  // A remembered ref may have died: then the labels are read and the append is tried again.
  const auto append = [&](const auto& wire, std::uint64_t& written) {
    Batch::Taken taken = batch.Append(ref, wire);
    if (taken.refusal == tsdb::Refusal::kUnknownSeries && !labels_known) {
      read_labels();
      if (faulty || ref == tsdb::SeriesRef::kNone) return over_limit();
      taken = batch.Append(ref, wire);
    }
    if (taken.written) ++written;
    if (taken.refusal == tsdb::Refusal::kNone) return true;
    outcome.status = 400;
    outcome.error = taken.reason;
    return false;
  };
  batch.BeginSeries();
  while (rest.next()) {
    switch (rest.tag()) {
      case 2: {
        WireSample wire = ReadSample(rest.bytes());
        wire.start = kMinTime;
        if (!append(wire, outcome.samples)) return false;
        break;
      }
      case 3: {
        const std::string_view message = rest.bytes();
        tsdb::Exemplar exemplar = ReadExemplar(message, [](Message& entry) { entry.skip(); });
        std::vector<Label> labels;
        ReadLabels(message, labels);
        exemplar.labels = Labels::From(std::move(labels));
        // Refused exemplars do not fail a request.
        if (batch.appender->AppendExemplar(ref, exemplar) == tsdb::Refusal::kNone) {
          ++outcome.exemplars;
        }
        break;
      }
      case 4: {
        const WireHistogram wire = ReadHistogram(rest.bytes());
        if (!append(wire, outcome.histograms)) return false;
        break;
      }
      default:
        rest.skip();
    }
  }
  return true;
}

}  // namespace meerkat::remote
