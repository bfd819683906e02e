#include "server/remote/otlp_receiver.h"

#include <utility>

#include "base/trim.h"
#include "server/net/compression.h"
#include "server/remote/otlp_model.h"
#include "server/remote/otlp_translator.h"
#include "server/remote/wire.h"

namespace meerkat::remote {
namespace {

constexpr std::uint64_t kMaxDecoded = 256 << 20;

}  // namespace

OtlpReceiver::OtlpReceiver(std::function<tsdb::Storage*()> storage,
                           std::function<OtlpOptions()> options, std::function<Millis()> lookback,
                           OtlpReceiverOptions receiver_options, const Clock& clock,
                           Registry& registry, Logger log)
    : storage_(std::move(storage)),
      options_(std::move(options)),
      lookback_(std::move(lookback)),
      receiver_options_(receiver_options),
      clock_(clock),
      sums_(clock),
      log_(std::move(log)),
      registry_(registry),
      out_of_order_exemplars_(registry.counter(
          "prometheus_api_otlp_out_of_order_exemplars_total",
          "The total number of received OTLP exemplars which were rejected because they were out "
          "of order.")) {
  // Every metric that is translated has a type: this stays zero, where upstream's writers look.
  registry.counter("prometheus_api_otlp_appended_samples_without_metadata_total",
                   "The total number of received OTLP data points which were ingested without "
                   "corresponding metadata.");
}

net::Response OtlpReceiver::Handle(const net::Request& request, std::stop_token) {
  const auto refuse = [](int status, const std::string& text) {
    return net::Response::Failure(status, text);
  };
  std::string_view type = request.headers.Get("Content-Type");
  type = Trim(type.substr(0, type.find(';')));
  const bool json = type == "application/json";
  if (!json && type != "application/x-protobuf") {
    return refuse(400, "unsupported content type: " + std::string(type) +
                           ", supported: [application/json, application/x-protobuf]");
  }
  std::string plain;
  std::string_view body = request.body;
  const std::string_view encoding = request.headers.Get("Content-Encoding");
  if (encoding == "gzip") {
    auto decoded = net::Decompress(encoding, body, kMaxDecoded);
    if (!decoded) return refuse(400, decoded.error().message());
    plain = std::move(*decoded);
    body = plain;
  } else if (!encoding.empty() && encoding != "identity") {
    return refuse(400, "unsupported compression: " + std::string(encoding) +
                           ". Only \"gzip\" or no compression supported");
  }
  auto parsed = json ? otlp::ParseJson(body) : otlp::ParseProtobuf(body);
  if (!parsed) return refuse(400, parsed.error().message());
  tsdb::Storage* storage = storage_();
  if (storage == nullptr) return refuse(503, "Service Unavailable");
  const OtlpOptions options = options_();
  if (receiver_options_.deltas == OtlpDeltas::kAddUp) sums_.Accumulate(*parsed);
  auto appender = storage->NewAppender();
  const otlp::Translator::Settings settings{lookback_(), clock_.Now() + kMostAhead,
                                            receiver_options_.deltas == OtlpDeltas::kKeep,
                                            receiver_options_.start_timestamps};
  otlp::Translator translator(options, settings, *appender);
  const tsdb::Refusal refusal = translator.Append(*parsed);
  out_of_order_exemplars_.Add(static_cast<double>(translator.refused_exemplars()));
  for (const auto& [category, text] : translator.warnings()) {
    registry_
        .counter("prometheus_api_otlp_translation_warnings_total",
                 "The total number of warnings of the translation of received OTLP metrics.",
                 Labels{{"category", category}})
        .Add();
    log_.Warn("Error translating OTLP metrics to Prometheus write request", {{"err", text}});
  }
  if (refusal != tsdb::Refusal::kNone) {
    return refuse(refusal == tsdb::Refusal::kSeriesLimit ? 500 : 400,
                  translator.fault().empty() ? std::string(TextOf(refusal)) : translator.fault());
  }
  auto committed = appender->Commit();
  if (!committed) {
    log_.Error("Error appending OTLP metrics", {{"err", committed.error().message()}});
    return refuse(500, committed.error().message());
  }
  return net::Response::Empty(200);
}

}  // namespace meerkat::remote
