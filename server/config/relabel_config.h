#pragma once

#include <string_view>
#include <vector>

#include "base/relabel.h"
#include "server/config/fields.h"

namespace meerkat::config {

// A list of relabeling rules under `key`. Rules are made with the UTF-8 name scheme; a job that
// asks for the legacy one remakes them.
void RelabelFields(Fields& fields, std::string_view key, std::vector<RelabelRule>& rules,
                   std::string_view null_item = "empty or null relabeling rule");

// Makes the rules at `place` of the document anew for a scheme that may refuse their names.
void RemakeRules(Fields& fields, const YamlPath& place, NameScheme scheme,
                 std::vector<RelabelRule>& rules);

}  // namespace meerkat::config
