#pragma once

#include <memory>
#include <span>
#include <string>

#include "server/push/group.h"

namespace meerkat::push {

// The groups as upstream's GET /api/v1/metrics answers: a JSON array, values as strings.
std::string GroupsJson(std::span<const std::shared_ptr<const Group>> groups);

}  // namespace meerkat::push
