// SPDX-License-Identifier: Apache-2.0
// Reads the WEIR_… environment variables, without those that Kubernetes or Docker set.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// Kubernetes and Docker announce the services of a pod's namespace in environment variables: a service named `weir` or
// `weir-collect` sets WEIR_SERVICE_HOST, WEIR_PORT_2055_UDP_ADDR or WEIR_COLLECT_PORT in every pod:
//   WEIR(_NAME)*_(SERVICE_HOST | SERVICE_PORT(_NAME)? | PORT(_n_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)
// The variable of no key has this form, so these are ignored.
bool is_service_variable(std::string_view name);

// The variables that begin with WEIR_, without those of services; name and value.
std::vector<std::pair<std::string, std::string>> weir_variables();

// "unknown environment variable …", with the closest existing name as a suggestion.
std::string unknown_variable(const std::string& name);

}  // namespace weir
