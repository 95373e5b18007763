// SPDX-License-Identifier: Apache-2.0
// SenderTables: what a collector remembers about exporters while it runs: their templates, and the state of their
// sequence numbers. Loading many of them takes a while; a stop signal ends it.
//
//   threads  the main thread; the tables themselves are shared by the workers
//   failure  usage_error if the journal of templates cannot be read or written
#pragma once

#include "collect/kept.h"
#include "config/collect_config.h"
#include "os/signals.h"
#include "senders/streams.h"
#include "templates/store.h"

namespace weir {

struct SenderTables {
  SenderTables(const CollectConfig& config, Kept& kept, os::Signals& signals);

  TemplateStore templates;
  Streams streams;
};

}  // namespace weir
