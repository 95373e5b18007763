// SPDX-License-Identifier: Apache-2.0
// The columns of a counter sample, defined in this one table. The parser, the Parquet files, the SQL view `counters`,
// `weir decode --counters` and docs/reference/counters.md all read it; no column is listed anywhere else.
//
// Within a structure the fields are in wire order, without gaps: the parser relies on that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace weir {

// A counter record's data format: enterprise << 12 | format. All of these are enterprise 0 (sFlow.org).
enum class CounterStructure : uint16_t {
  interface = 1,
  ethernet = 2,
  vlan = 5,
  processor = 1001,
  host_parent = 2002,
  host_cpu = 2003,
  host_memory = 2004,
  host_disk = 2005,
  host_net = 2006,
};

// The encoding of a value on the wire, and which value means that the agent does not know it (sFlow v5, "Enterprise = 0
// refers to standard sFlow structures"): such a value is absent. Unsigned and big-endian, 4 or 8 octets.
enum class CounterKind : uint8_t {
  number32,  // never unknown: a 0 that may mean unknown is output unchanged
  number64,
  counter32,  // unknown: all bits set
  counter64,
  percent,  // 4 octets, hundredths of a percent; unknown: -1
  load,     // IEEE 754 single; unknown: below 0. Stored in hundredths
};

// How a column is represented in memory and stored.
enum class CounterType : uint8_t { time_ms, address, u32, u64 };

// clang-format off
// H(name, number, type, source, meaning): columns that every sample has.
#define WEIR_COUNTER_HEADER(H) \
  H(time_received,   1, time_ms, "collector's clock", "When the datagram was received, UTC") \
  H(sampler_address, 2, address, "datagram: agent address", "The agent whose counters these are") \
  H(sub_agent,       3, u32,     "datagram: sub-agent id", "Part of the agent that counts by itself") \
  H(uptime_ms,       4, u32,     "datagram: uptime", "Milliseconds since the agent started; when it decreases, the counters restarted") \
  H(sequence_num,    5, u32,     "sample: sequence number", "Counter samples of this source so far") \
  H(source_id_class, 6, u32,     "sample: source id", "What the source is: 0 interface (ifIndex), 1 VLAN (smonVlanDataSource), 2 physical entity (entPhysicalEntry)") \
  H(source_id_index, 7, u32,     "sample: source id", "Which one of its class")

// F(name, number, structure, kind, name in the specification, meaning). Numbers are Parquet field ids: never reused for
// another column.
#define WEIR_COUNTER_FIELDS(F) \
  F(if_index,                 11, interface, number32,  "ifIndex", "Interface") \
  F(if_type,                  12, interface, number32,  "ifType", "IANAifType: 6 Ethernet, 53 virtual, 161 LAG, …") \
  F(if_speed,                 13, interface, number64,  "ifSpeed", "Bits per second") \
  F(if_direction,             14, interface, number32,  "ifDirection", "0 unknown, 1 full duplex, 2 half duplex, 3 in, 4 out") \
  F(if_status,                15, interface, number32,  "ifStatus", "Bit 0: administratively up, bit 1: operationally up") \
  F(in_octets,                16, interface, counter64, "ifInOctets", "Octets received") \
  F(in_unicast,               17, interface, counter32, "ifInUcastPkts", "Unicast packets received") \
  F(in_multicast,             18, interface, counter32, "ifInMulticastPkts", "Multicast packets received") \
  F(in_broadcast,             19, interface, counter32, "ifInBroadcastPkts", "Broadcast packets received") \
  F(in_discards,              20, interface, counter32, "ifInDiscards", "Packets received and discarded") \
  F(in_errors,                21, interface, counter32, "ifInErrors", "Packets received with errors") \
  F(in_unknown_protos,        22, interface, counter32, "ifInUnknownProtos", "Packets received of unknown protocols") \
  F(out_octets,               23, interface, counter64, "ifOutOctets", "Octets sent") \
  F(out_unicast,              24, interface, counter32, "ifOutUcastPkts", "Unicast packets sent") \
  F(out_multicast,            25, interface, counter32, "ifOutMulticastPkts", "Multicast packets sent") \
  F(out_broadcast,            26, interface, counter32, "ifOutBroadcastPkts", "Broadcast packets sent") \
  F(out_discards,             27, interface, counter32, "ifOutDiscards", "Packets to be sent and discarded") \
  F(out_errors,               28, interface, counter32, "ifOutErrors", "Packets not sent because of errors") \
  F(promiscuous,              29, interface, number32,  "ifPromiscuousMode", "1 promiscuous, 2 not") \
  F(alignment_errors,         41, ethernet,  counter32, "dot3StatsAlignmentErrors", "Frames that end within an octet") \
  F(fcs_errors,               42, ethernet,  counter32, "dot3StatsFCSErrors", "Frames with a wrong checksum") \
  F(single_collisions,        43, ethernet,  counter32, "dot3StatsSingleCollisionFrames", "Frames sent after one collision") \
  F(multiple_collisions,      44, ethernet,  counter32, "dot3StatsMultipleCollisionFrames", "Frames sent after several collisions") \
  F(sqe_test_errors,          45, ethernet,  counter32, "dot3StatsSQETestErrors", "SQE test errors") \
  F(deferred_transmissions,   46, ethernet,  counter32, "dot3StatsDeferredTransmissions", "Frames that waited for a busy medium") \
  F(late_collisions,          47, ethernet,  counter32, "dot3StatsLateCollisions", "Collisions later than they may be") \
  F(excessive_collisions,     48, ethernet,  counter32, "dot3StatsExcessiveCollisions", "Frames given up after too many collisions") \
  F(mac_transmit_errors,      49, ethernet,  counter32, "dot3StatsInternalMacTransmitErrors", "Frames not sent because of an internal error") \
  F(carrier_sense_errors,     50, ethernet,  counter32, "dot3StatsCarrierSenseErrors", "Carrier lost while sending") \
  F(frame_too_longs,          51, ethernet,  counter32, "dot3StatsFrameTooLongs", "Frames received that are too long") \
  F(mac_receive_errors,       52, ethernet,  counter32, "dot3StatsInternalMacReceiveErrors", "Frames not received because of an internal error") \
  F(symbol_errors,            53, ethernet,  counter32, "dot3StatsSymbolErrors", "Invalid symbols on the medium") \
  F(vlan_id,                  61, vlan,      number32,  "vlan_id", "VLAN") \
  F(vlan_octets,              62, vlan,      counter64, "octets", "Octets in the VLAN") \
  F(vlan_unicast,             63, vlan,      counter32, "ucastPkts", "Unicast packets in the VLAN") \
  F(vlan_multicast,           64, vlan,      counter32, "multicastPkts", "Multicast packets in the VLAN") \
  F(vlan_broadcast,           65, vlan,      counter32, "broadcastPkts", "Broadcast packets in the VLAN") \
  F(vlan_discards,            66, vlan,      counter32, "discards", "Packets discarded in the VLAN") \
  F(cpu_5s,                   71, processor, percent,   "5s_cpu", "CPU use over 5 seconds, hundredths of a percent") \
  F(cpu_1m,                   72, processor, percent,   "1m_cpu", "CPU use over 1 minute, hundredths of a percent") \
  F(cpu_5m,                   73, processor, percent,   "5m_cpu", "CPU use over 5 minutes, hundredths of a percent") \
  F(memory_total,             74, processor, number64,  "total_memory", "Octets of memory") \
  F(memory_free,              75, processor, number64,  "free_memory", "Octets of free memory") \
  F(parent_class,             81, host_parent, number32, "container_type", "Class of the source that contains this one") \
  F(parent_index,             82, host_parent, number32, "container_index", "Index of the source that contains this one") \
  F(load_1m,                  91, host_cpu,  load,      "load_one", "Load average over 1 minute, in hundredths") \
  F(load_5m,                  92, host_cpu,  load,      "load_five", "Load average over 5 minutes, in hundredths") \
  F(load_15m,                 93, host_cpu,  load,      "load_fifteen", "Load average over 15 minutes, in hundredths") \
  F(processes_running,        94, host_cpu,  number32,  "proc_run", "Processes that run") \
  F(processes,                95, host_cpu,  number32,  "proc_total", "Processes") \
  F(cpus,                     96, host_cpu,  number32,  "cpu_num", "CPUs") \
  F(cpu_mhz,                  97, host_cpu,  number32,  "cpu_speed", "Clock of a CPU, MHz") \
  F(host_uptime_s,            98, host_cpu,  number32,  "uptime", "Seconds since the host started") \
  F(cpu_user_ms,              99, host_cpu,  counter32, "cpu_user", "CPU time of processes, ms") \
  F(cpu_nice_ms,             100, host_cpu,  counter32, "cpu_nice", "CPU time of processes of low priority, ms") \
  F(cpu_system_ms,           101, host_cpu,  counter32, "cpu_system", "CPU time of the kernel, ms") \
  F(cpu_idle_ms,             102, host_cpu,  counter32, "cpu_idle", "CPU time without work, ms") \
  F(cpu_wait_ms,             103, host_cpu,  counter32, "cpu_wio", "CPU time waiting for input and output, ms") \
  F(cpu_interrupt_ms,        104, host_cpu,  counter32, "cpu_intr", "CPU time of interrupts, ms") \
  F(cpu_soft_interrupt_ms,   105, host_cpu,  counter32, "cpu_sintr", "CPU time of soft interrupts, ms") \
  F(interrupts,              106, host_cpu,  counter32, "interrupts", "Interrupts") \
  F(context_switches,        107, host_cpu,  counter32, "contexts", "Context switches") \
  F(host_memory_total,       121, host_memory, number64, "mem_total", "Octets of memory") \
  F(host_memory_free,        122, host_memory, number64, "mem_free", "Octets of free memory") \
  F(host_memory_shared,      123, host_memory, number64, "mem_shared", "Octets of shared memory") \
  F(host_memory_buffers,     124, host_memory, number64, "mem_buffers", "Octets of buffers") \
  F(host_memory_cached,      125, host_memory, number64, "mem_cached", "Octets of cached files") \
  F(swap_total,              126, host_memory, number64, "swap_total", "Octets of swap space") \
  F(swap_free,               127, host_memory, number64, "swap_free", "Octets of free swap space") \
  F(page_in,                 128, host_memory, counter32, "page_in", "Pages read in") \
  F(page_out,                129, host_memory, counter32, "page_out", "Pages written out") \
  F(swap_in,                 130, host_memory, counter32, "swap_in", "Pages swapped in") \
  F(swap_out,                131, host_memory, counter32, "swap_out", "Pages swapped out") \
  F(disk_total,              141, host_disk, number64,  "disk_total", "Octets of disk space") \
  F(disk_free,               142, host_disk, number64,  "disk_free", "Octets of free disk space") \
  F(disk_fullest,            143, host_disk, percent,   "part_max_used", "Use of the fullest partition, hundredths of a percent") \
  F(disk_reads,              144, host_disk, counter32, "reads", "Reads from disk") \
  F(disk_read_octets,        145, host_disk, counter64, "bytes_read", "Octets read from disk") \
  F(disk_read_ms,            146, host_disk, counter32, "read_time", "Time of reading, ms") \
  F(disk_writes,             147, host_disk, counter32, "writes", "Writes to disk") \
  F(disk_written_octets,     148, host_disk, counter64, "bytes_written", "Octets written to disk") \
  F(disk_write_ms,           149, host_disk, counter32, "write_time", "Time of writing, ms") \
  F(host_in_octets,          161, host_net,  counter64, "bytes_in", "Octets the host received") \
  F(host_in_packets,         162, host_net,  counter32, "packets_in", "Packets the host received") \
  F(host_in_errors,          163, host_net,  counter32, "errs_in", "Errors in receiving") \
  F(host_in_drops,           164, host_net,  counter32, "drops_in", "Packets dropped in receiving") \
  F(host_out_octets,         165, host_net,  counter64, "bytes_out", "Octets the host sent") \
  F(host_out_packets,        166, host_net,  counter32, "packets_out", "Packets the host sent") \
  F(host_out_errors,         167, host_net,  counter32, "errs_out", "Errors in sending") \
  F(host_out_drops,          168, host_net,  counter32, "drops_out", "Packets dropped in sending")
// clang-format on

// The fields in the sample's own structures, in the order of the table.
enum class CounterField : uint8_t {
#define F(name, ...) name,
  WEIR_COUNTER_FIELDS(F)
#undef F
};

struct CounterFieldInfo {
  CounterStructure structure;
  CounterKind kind;
};
inline constexpr CounterFieldInfo kCounterFields[] = {
#define F(name, number, structure, kind, source, meaning) {CounterStructure::structure, CounterKind::kind},
    WEIR_COUNTER_FIELDS(F)
#undef F
};
inline constexpr size_t kCounterFieldCount = std::size(kCounterFields);

inline constexpr size_t wire_octets(CounterKind kind) {
  return kind == CounterKind::number64 || kind == CounterKind::counter64 ? 8 : 4;
}

struct CounterColumn {
  std::string_view name;
  uint16_t number;  // Parquet field id
  CounterType type;
  std::string_view source, meaning;
};
inline constexpr CounterType held_as(CounterKind kind) {
  return wire_octets(kind) == 8 ? CounterType::u64 : CounterType::u32;
}
// All columns of the table: the header columns of every sample, then the fields.
inline constexpr CounterColumn kCounterColumns[] = {
#define H(name, number, type, source, meaning) {#name, number, CounterType::type, source, meaning},
    WEIR_COUNTER_HEADER(H)
#undef H
#define F(name, number, structure, kind, source, meaning) {#name, number, held_as(CounterKind::kind), source, meaning},
        WEIR_COUNTER_FIELDS(F)
#undef F
};
inline constexpr size_t kCounterColumnCount = std::size(kCounterColumns);
inline constexpr size_t kCounterHeaderCount = kCounterColumnCount - kCounterFieldCount;

inline constexpr std::string_view sql_type(CounterType type) {
  constexpr std::array<std::string_view, 4> kNames{"TIMESTAMP", "VARCHAR", "UINTEGER", "UBIGINT"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace weir
