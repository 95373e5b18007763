// SPDX-License-Identifier: Apache-2.0
// Batches of made-up flows for tests and benchmarks.
#pragma once

#include <memory>
#include <random>

#include "flow/batch.h"

namespace weir {

// Fills the batch with runs of 21 rows (one full NetFlow v9 datagram) and the fields that a router's NetFlow v9
// template usually has.
inline void fill_with_router_flows(FlowBatch& batch, uint32_t rows, uint32_t seed = 1, uint32_t entry = 0) {
  std::mt19937_64 random(seed);
  constexpr uint32_t kPerDatagram = 21;
  constexpr int64_t kNow = 1'795'249'837'556'472'682;
  for (uint32_t sequence = 1; batch.rows() < rows; ++sequence) {
    Run& run = batch.append_run(std::min(kPerDatagram, rows - batch.rows()));
    run.type = FlowType::netflow9;
    run.exporter = IpAddress::v4(0x0a010203);
    run.domain = 256;
    run.sequence = sequence;
    run.received_ns = kNow + sequence * 1'000'000;
    run.export_ns = kNow;
    run.sampling_rate = 1000;
    run.entry = entry;
    for (Field f : {Field::src_addr,
                    Field::dst_addr,
                    Field::next_hop,
                    Field::src_port,
                    Field::dst_port,
                    Field::proto,
                    Field::ip_tos,
                    Field::tcp_flags,
                    Field::bytes,
                    Field::packets,
                    Field::in_if,
                    Field::out_if,
                    Field::src_as,
                    Field::dst_as,
                    Field::src_net,
                    Field::dst_net,
                    Field::time_flow_start_ns,
                    Field::time_flow_end_ns,
                    Field::etype,
                    Field::src_vlan,
                    Field::direction})
      run.mask.set(f);
    for (uint32_t row = run.first_row; row < run.first_row + run.rows; ++row) {
      batch.column<IpAddress>(Field::src_addr)[row] = IpAddress::v4(static_cast<uint32_t>(random()));
      batch.column<IpAddress>(Field::dst_addr)[row] = IpAddress::v4(static_cast<uint32_t>(random()));
      batch.column<IpAddress>(Field::next_hop)[row] = IpAddress::v4(0x0a0000fe);
      batch.column<uint16_t>(Field::src_port)[row] = static_cast<uint16_t>(random());
      batch.column<uint16_t>(Field::dst_port)[row] = 443;
      batch.column<uint8_t>(Field::proto)[row] = random() % 4 ? 6 : 17;
      batch.column<uint8_t>(Field::ip_tos)[row] = static_cast<uint8_t>(random() % 4 * 8);
      batch.column<uint16_t>(Field::tcp_flags)[row] = static_cast<uint16_t>(random() % 64);
      batch.column<uint64_t>(Field::bytes)[row] = 40 + random() % (1u << (6 + random() % 16));
      batch.column<uint64_t>(Field::packets)[row] = 1 + random() % 200;
      batch.column<uint32_t>(Field::in_if)[row] = static_cast<uint32_t>(1 + random() % 60);
      batch.column<uint32_t>(Field::out_if)[row] = static_cast<uint32_t>(1 + random() % 60);
      batch.column<uint32_t>(Field::src_as)[row] = static_cast<uint32_t>(random() % 65'000);
      batch.column<uint32_t>(Field::dst_as)[row] = static_cast<uint32_t>(random() % 65'000);
      batch.column<uint8_t>(Field::src_net)[row] = static_cast<uint8_t>(16 + random() % 9);
      batch.column<uint8_t>(Field::dst_net)[row] = static_cast<uint8_t>(16 + random() % 9);
      int64_t start = kNow - static_cast<int64_t>(random() % 60'000) * 1'000'000;
      batch.column<int64_t>(Field::time_flow_start_ns)[row] = start;
      batch.column<int64_t>(Field::time_flow_end_ns)[row] = start + static_cast<int64_t>(random() % 5'000) * 1'000'000;
      batch.column<uint16_t>(Field::etype)[row] = 0x0800;
      batch.column<uint16_t>(Field::src_vlan)[row] = static_cast<uint16_t>(random() % 4096);
      batch.column<uint8_t>(Field::direction)[row] = static_cast<uint8_t>(random() % 2);
    }
  }
}

}  // namespace weir
