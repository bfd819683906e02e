#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"
#include "server/net/http.h"
#include "server/push/push_groups.h"

namespace meerkat::push {

// The grouping key in a path: `/job/a/instance/b`, `/job@base64/YQ/path@base64/L3Zhcg`. kInvalid in
// upstream's words.
Result<GroupLabels> LabelsOfPath(std::string_view path);

// The HTTP side of pushing, with the paths, codes and texts of Pushgateway. Threads: any.
class PushDoor {
 public:
  // Both outlive the door.
  PushDoor(PushGroups& groups, Registry& registry) : groups_(groups), registry_(registry) {}

  // PUT, POST and DELETE of <prefix>/metrics/job/…. Beyond upstream: `?ttl=10m` says how long the
  // group stays.
  net::Response Handle(const net::Request& request, std::string_view prefix);
  // GET /api/v1/metrics: the groups as JSON.
  net::Response List();
  // PUT /api/v1/admin/wipe.
  net::Response Wipe();

 private:
  net::Response Push(const net::Request& request, GroupLabels labels);

  PushGroups& groups_;
  Registry& registry_;
};

}  // namespace meerkat::push
