// SPDX-License-Identifier: Apache-2.0
// A stray: a datagram whose header shows a restart of its exporter, or a sequence number far from the expected one.
// Anyone can forge one, so it is kept, and read only once the next datagrams show where it belongs:
//
//   confirmed  the next far datagram continues after it, or nothing else arrived for kStrayWaitNs: it is read as what
//              its header says, before that next datagram
//   denied     the stream continued where it was, or another far datagram arrived that does not continue after this
//              one: its records are read, its templates and options data are not accepted (Refused::out_of_sequence),
//              and its number is not followed
//   unordered  strays arrived one after the other, with nothing between them that continues the stream: an exporter
//              that numbers wrongly, or several behind one address and port. Read with its templates, its number not
//              followed
//
// A datagram whose number is not followed counts as a duplicate, because it was not sent in the stream's numbers.
//
//   memory   one per stream, charged to the SenderBudget with its stream
#pragma once

#include <cstdint>
#include <vector>

#include "senders/sequence.h"
#include "wire/datagram.h"

namespace weir {

// What is known about where a datagram belongs.
enum class Standing : uint8_t {
  asked,  // nothing yet
  confirmed,
  denied,
  unordered,
};

inline constexpr int64_t kStrayWaitNs = 5'000'000'000;
// This many datagrams that continue the stream deny a stray: those sent before a restart may arrive after it.
inline constexpr uint32_t kMaxGoneOn = 64;
// This many copies of a stray end its wait, so that they are never all read in one long run.
inline constexpr uint32_t kMaxCopies = 64;
// This many strays in a row, with nothing that continues the stream, show that the stream has no order.
inline constexpr uint32_t kMaxInRow = 64;

struct Stray {
  Stray(const Datagram& source, const IpAddress& agent_address, const SequenceHeader& its_header, int64_t monotonic_ns)
      : bytes(source.bytes.begin(), source.bytes.end()),
        datagram(source),
        agent(agent_address),
        header(its_header),
        since_ns(monotonic_ns) {
    datagram.bytes = bytes;
  }
  Stray(const Stray&) = delete;
  Stray& operator=(const Stray&) = delete;
  size_t memory_bytes() const { return sizeof(*this) + bytes.capacity(); }

  const std::vector<uint8_t> bytes;
  Datagram datagram;  // refers to `bytes`
  const IpAddress agent;
  const SequenceHeader header;
  const int64_t since_ns;
  uint32_t gone_on = 0;  // datagrams received since that continue the stream where it was
  uint32_t copies = 0;   // of itself, received since: they confirm nothing
  Standing standing = Standing::asked;
};

}  // namespace weir
