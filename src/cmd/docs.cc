// SPDX-License-Identifier: Apache-2.0
// Implements `weir docs`, which the help does not list: prints a page or file that is generated from the program's
// tables. `./dev lint` compares those in docs/ with it.
#include <cstdio>

#include "base/error.h"
#include "cmd/cmd.h"
#include "config/json_schema.h"
#include "config/option_table.h"
#include "config/options.h"
#include "format/protobuf_writer.h"
#include "show/reference.h"

namespace weir {

int run_docs(const Arguments& arguments) {
  std::string page = arguments.empty() ? "" : arguments[0];
  // After proto, any flag of weir collect may follow: the schema then has the fields that its configuration adds.
  const Arguments rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  if (page != "proto" && !rest.empty()) page = "";
  std::string text;
  if (page == "config")
    text = config_reference();
  else if (page == "fields")
    text = fields_reference();
  else if (page == "counters")
    text = counters_reference();
  else if (page == "malformed")
    text = malformed_reference();
  else if (page == "filter")
    text = filter_page();
  else if (page == "example")
    text = example_config();
  else if (page == "schema")
    text = json_schema(collect_schema());
  else if (page == "proto")
    text = protobuf_schema(*load_collect_config(rest).field_table);
  else
    throw usage_error(
        "weir docs takes one of: config, counters, example, fields, filter, malformed, proto, schema; after proto "
        "--field or "
        "--config");
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace weir
