// SPDX-License-Identifier: Apache-2.0
// Every bound on what input can make Weir allocate, in one place. Wire input may be hostile: each table that datagrams
// can grow has its maximum size here, and whatever is refused is counted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time_units.h"

namespace weir::limits {

// Receiving
inline constexpr size_t kDatagramBytes = 65'535;  // largest UDP payload
inline constexpr size_t kReceiveSlots = 64;       // datagrams per recvmmsg call
inline constexpr size_t kWorkers = 256;

// All state kept about senders, shared fairly by exporter address (base/sender_budget.h); default of
// limits.senders_bytes
inline constexpr size_t kSendersBytes = 512u << 20;
inline constexpr size_t kTemplatesBytesPerExporter = 16u << 20;  // default of limits.templates_bytes_per_exporter

// Templates
inline constexpr size_t kSessions = 131'072;  // (exporter, port, domain, protocol)
inline constexpr size_t kTemplatesPerExporter = 4'096;
inline constexpr size_t kTemplates = 524'288;  // in total
inline constexpr size_t kFieldsPerTemplate = 1'024;
inline constexpr size_t kEmptyFieldsPerTemplate = 64;       // of zero length: each costs a step per one-octet record
inline constexpr size_t kTemplateJournalBytes = 16u << 20;  // above that it is rewritten, if mostly stale
// Per exporter address: template ids that are new or confirmed after a restart, and changed layouts of known ids. An
// exporter that starts sends all its templates at once; a reconfigured one changes a few dozen.
inline constexpr uint32_t kTemplatesPerSecond = 8'192;
inline constexpr uint32_t kTemplateChangesPerSecond = 512;

// Options state: what was learned from options data, per session (exporter, port, domain, protocol)
inline constexpr size_t kSamplersPerSession = 1'024;  // sampling rates by sampler, and as many by interface
inline constexpr size_t kNamesPerSession = 16'384;    // each: names of interfaces, of VRFs, of applications
inline constexpr size_t kNameOctets = 255;            // longer names are truncated
inline constexpr size_t kBorrowingSessions = 256;     // if an exporter has more, none borrows from another
inline constexpr size_t kLenders = 8;                 // that are combined; if there are more, nothing is borrowed
inline constexpr int64_t kLenderNs = kHour;           // a session silent for longer lends nothing
inline constexpr size_t kOptionsBytes = 128u << 20;   // all sessions together

// Structured data (RFC 6313)
inline constexpr size_t kListDepth = 4;  // nesting depth of lists

// Data sets that arrive before their template (defaults of the configuration)
inline constexpr size_t kHeldBytesPerExporter = 4u << 20;
inline constexpr size_t kHeldBytes = 64u << 20;
inline constexpr int64_t kHeldForNs = 30 * kMinute;

// Replaced templates and idle sessions
inline constexpr int64_t kPreviousPlanNs = kMinute;      // how long a replaced layout is kept
inline constexpr int64_t kIdleSessionNs = 30 * kMinute;  // then its templates may be evicted for others

// Ledger
inline constexpr size_t kWaitingRows = 1'000;              // missing templates that data waits for, as shown and saved
inline constexpr size_t kWaitingSeen = 65'536;             // of these, how many are examined to find the ones to show
inline constexpr size_t kLedgerRows = 131'072;             // (exporter, protocol, domain); all others share one row
inline constexpr size_t kSequenceGaps = 64;                // open gaps remembered per stream
inline constexpr size_t kSampleSourcesPerStream = 16'384;  // sources whose sequence numbers are tracked (sFlow)
inline constexpr size_t kSampleSources = 262'144;          // in total
inline constexpr size_t kDatagramGaps = 8;                 // open gaps remembered per sFlow agent

// Batches
inline constexpr size_t kBatchRows = 2'048;
inline constexpr size_t kOutputs = 16;        // in addition to the store
inline constexpr size_t kQueueBatches = 256;  // per sink
inline constexpr size_t kListValues = 256;    // of one list-valued field
inline constexpr size_t kTextBytes = 1'024;   // of one text; a longer one is truncated and counted
inline constexpr size_t kBatchTextBytes = 1u << 20;
inline constexpr size_t kStageTextBytes = kBatchTextBytes / 2;  // part of that, for stages between decoding and outputs
inline constexpr size_t kExtraFields = 32;                      // that the configuration can add

// Store
inline constexpr size_t kStoreQueueBatches = 4'096;
inline constexpr size_t kStoreQueueBytes = 256u << 20;      // of column memory: about 1.9 M rows of 21 fields
inline constexpr size_t kMergedBytes = 256u << 20;          // a merged segment is no larger
inline constexpr uint64_t kCatalogReserveBytes = 1u << 20;  // segments leave it free: removing data needs space

inline constexpr size_t kCounterBatchRows = 64;        // counter samples passed on together
inline constexpr size_t kCounterQueueBatches = 1'024;  // about 52 MiB when full: 26 s at 2,500 samples a second

inline constexpr size_t kExtraColumns = 256;  // ever added to one store by all configurations

static_assert(64 * kTextBytes < kBatchTextBytes - kStageTextBytes);
static_assert(kTemplatesPerExporter <= kTemplates);
static_assert(kHeldBytesPerExporter <= kHeldBytes);
static_assert(kSampleSourcesPerStream <= kSampleSources);

}  // namespace weir::limits
