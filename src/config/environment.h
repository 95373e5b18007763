// SPDX-License-Identifier: Apache-2.0
// Which WEIR_… variables of the environment are meant for us.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// Kubernetes and Docker describe the services of a pod's namespace to it: one named `weir` or `weir-collect` puts
// WEIR_SERVICE_HOST, WEIR_PORT_2055_UDP_ADDR or WEIR_COLLECT_PORT into every pod:
//   WEIR(_NAME)*_(SERVICE_HOST | SERVICE_PORT(_NAME)? | PORT(_n_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)
// No key's variable has this form, so they are passed over.
bool is_service_variable(std::string_view name);

// What the environment says: the variables that begin with WEIR_, services' left out; name and value.
std::vector<std::pair<std::string, std::string>> weir_variables();

// "unknown environment variable …", with the name that may have been meant.
std::string unknown_variable(const std::string& name);

}  // namespace weir
