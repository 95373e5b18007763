// SPDX-License-Identifier: Apache-2.0
// Every bound on what input can make Weir allocate, in one place. Wire input may be hostile:
// a table that a datagram can grow stops growing here, and what is refused is counted.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::limits {

// Receiving
inline constexpr size_t kDatagramBytes = 65'535;  // largest UDP payload
inline constexpr size_t kReceiveSlots = 64;       // datagrams per recvmmsg call
inline constexpr size_t kWorkers = 256;

// Templates
inline constexpr size_t kSessions = 131'072;  // (exporter, port, domain, protocol)
inline constexpr size_t kTemplatesPerExporter = 4'096;
inline constexpr size_t kTemplates = 524'288;  // in all
inline constexpr size_t kFieldsPerTemplate = 1'024;
inline constexpr size_t kTemplateJournalBytes = 16u << 20;  // then rewritten, if mostly stale
inline constexpr size_t kSamplersPerSession = 1'024;

// Data sets that precede their template (defaults of the configuration)
inline constexpr size_t kHeldBytesPerExporter = 4u << 20;
inline constexpr size_t kHeldBytes = 64u << 20;
inline constexpr int64_t kHeldForNs = 30ll * 60 * 1'000'000'000;

// Templates that do not grow old
inline constexpr int64_t kPreviousPlanNs = 60ll * 1'000'000'000;      // how long a replaced layout is kept
inline constexpr int64_t kIdleSessionNs = 30ll * 60 * 1'000'000'000;  // then its templates may make room for others

// Ledger
inline constexpr size_t kWaitingRows = 1'000;   // templates that data waits for, as shown and saved
inline constexpr size_t kWaitingSeen = 65'536;  // that are looked at for it
inline constexpr size_t kLedgerRows = 131'072;  // (exporter, protocol, domain); the rest shares one row
inline constexpr size_t kSequenceGaps = 64;     // open gaps remembered per stream

// Batches
inline constexpr size_t kBatchRows = 2'048;
inline constexpr size_t kQueueBatches = 256;  // per sink
inline constexpr size_t kListValues = 256;    // of one list-valued field

// Store
inline constexpr size_t kStoreQueueBatches = 4'096;
inline constexpr size_t kStoreQueueBytes = 256u << 20;   // of column memory: about 1.9 M rows of 21 fields
inline constexpr size_t kMergedBytes = 256u << 20;       // a merged segment is no larger
inline constexpr uint64_t kCatalogRoomBytes = 1u << 20;  // no segment takes it: without room nothing can be removed

static_assert(kTemplatesPerExporter <= kTemplates);
static_assert(kHeldBytesPerExporter <= kHeldBytes);

}  // namespace weir::limits
