#include "server/net/dial_metrics.h"

namespace meerkat::net {

namespace {

Counter& Failures(Registry& registry, const std::string& dialer, const char* reason) {
  return registry.counter("net_conntrack_dialer_conn_failed_total",
                          "Total number of connections failed to dial by the dialer a given name.",
                          Labels{{"dialer_name", dialer}, {"reason", reason}});
}

}  // namespace

DialMetrics::DialMetrics(Registry& registry, const std::string& dialer)
    : attempted_(registry.counter(
          "net_conntrack_dialer_conn_attempted_total",
          "Total number of connections attempted by the given dialer a given name.",
          Labels{{"dialer_name", dialer}})),
      established_(registry.counter(
          "net_conntrack_dialer_conn_established_total",
          "Total number of connections successfully established by the given dialer a given name.",
          Labels{{"dialer_name", dialer}})),
      closed_(registry.counter(
          "net_conntrack_dialer_conn_closed_total",
          "Total number of connections closed which originated from the dialer of a given name.",
          Labels{{"dialer_name", dialer}})),
      unresolved_(Failures(registry, dialer, "resolution")),
      refused_(Failures(registry, dialer, "refused")),
      late_(Failures(registry, dialer, "timeout")),
      otherwise_failed_(Failures(registry, dialer, "unknown")) {}

void DialMetrics::Failed(DialFailure why) {
  switch (why) {
    case DialFailure::kResolution:
      return unresolved_.Add();
    case DialFailure::kRefused:
      return refused_.Add();
    case DialFailure::kTimeout:
      return late_.Add();
    case DialFailure::kOther:
      return otherwise_failed_.Add();
  }
}

std::shared_ptr<const void> DialMetrics::Established() {
  established_.Add();
  return {nullptr, [&closed = closed_](const void*) { closed.Add(); }};
}

}  // namespace meerkat::net
