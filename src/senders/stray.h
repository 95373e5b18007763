// SPDX-License-Identifier: Apache-2.0
// A stray: a datagram whose header tells a restart of its exporter, or a number far from where its stream stands.
// Anyone can forge one, so it is read only once the stream has told what it is:
//
//   confirmed  the next far datagram goes on from there, or nothing else came for kStrayWaitNs: it is read as what it
//              tells, before that next datagram
//   denied     the stream went on where it was, or another far datagram came, which does not go on from this one: its
//              records are read, its templates and options data are not taken over (Refused::out_of_sequence), and its
//              number is not followed
//   unordered  one after the other came, and nothing between them that goes on: an exporter that numbers wrongly, or
//              several behind one address and port. Read with its templates, its number not followed
//
// Whatever is not followed counts as a duplicate, for nothing of it was sent in the stream's numbers.
//
//   memory   one a stream, charged to the SenderBudget as its stream is
#pragma once

#include <cstdint>
#include <vector>

#include "senders/sequence.h"
#include "wire/datagram.h"

namespace weir {

// What is known of where a datagram belongs.
enum class Standing : uint8_t {
  asked,  // nothing yet
  confirmed,
  denied,
  unordered,
};

inline constexpr int64_t kStrayWaitNs = 5'000'000'000;
// So many datagrams of a stream that goes on deny a stray: those that were sent before a restart may come after it.
inline constexpr uint32_t kMaxGoneOn = 64;
// So many copies of a stray settle it, so that they are never read in one long go.
inline constexpr uint32_t kMaxCopies = 64;
// So many strays in a row, and nothing that goes on, show that the stream has no order.
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
  Datagram datagram;  // of these
  const IpAddress agent;
  const SequenceHeader header;
  const int64_t since_ns;
  uint32_t gone_on = 0;  // datagrams of the stream, where it was, that came since
  uint32_t copies = 0;   // of itself that came since: they confirm nothing
  Standing standing = Standing::asked;
};

}  // namespace weir
