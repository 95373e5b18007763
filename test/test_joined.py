# SPDX-License-Identifier: Apache-2.0
"""Datagrams that the kernel delivers in one piece (UDP_GRO), as it does if the network card joins them.

UDP_SEGMENT sends several datagrams as one piece, and over the loopback they stay together.
"""

import signal
import socket

import packets
import pytest
from harness import eventually

UDP_SEGMENT = 103
RECORDS, SIZE = 10, 40  # records per datagram, datagrams per piece


class JoinedSender:
    """Sends NetFlow v5 with sequence numbers that continue from piece to piece."""

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.datagrams = 0

    def send(self, size=SIZE):
        octets = [packets.v5(*(packets.flow(i) for i in range(RECORDS)), sequence=(self.datagrams + i) * RECORDS)
                  for i in range(size)]
        self.socket.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, len(octets[0]) if size > 1 else 0)
        self.socket.send(b"".join(octets))
        self.datagrams += size

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@pytest.fixture(params=("on", "off"))
def gro(request):
    return request.param


def test_joined_datagrams_are_decoded_one_by_one(gro, collect):
    weir = collect("--gro", gro, "--workers", 1)
    with JoinedSender(weir.port) as sender:
        for size in (SIZE, 1, 1, 7, SIZE, 3):
            sender.send(size)
        weir.wait_total("records", sender.datagrams * RECORDS)
        [row] = weir.exporters()
        assert row["datagrams"] == sender.datagrams
        assert row["sequence_lost"] == row["malformed"] == row["duplicates"] == 0
        assert sum(s["datagrams"] for s in weir.sockets()) == sender.datagrams
    assert len(weir.finish()) == sender.datagrams * RECORDS


def test_what_overflows_is_told_to_the_record(gro, collect):
    """Without GRO every dropped datagram is counted; with GRO at least one for each dropped piece."""
    weir = collect("--gro", gro, "--workers", 1, "--rcvbuf", "65536")
    with JoinedSender(weir.port) as sender:
        sender.send()
        weir.wait_total("datagrams", SIZE)
        weir.popen.send_signal(signal.SIGSTOP)
        try:
            for _ in range(200):
                sender.send()
        finally:
            weir.popen.send_signal(signal.SIGCONT)
        eventually(lambda: weir.kernel_queue()[0] == 0, weir.kernel_queue)
        sender.send(1)  # its sequence number reveals the loss before it
        eventually(lambda: weir.total("records") + weir.total("sequence_lost") == sender.datagrams * RECORDS,
                   weir.exporters)
        lost = weir.total("sequence_lost") // RECORDS
        assert lost > 0, "the test did not overflow the socket"
        eventually(lambda: sum(s["kernel_drops"] for s in weir.sockets()) == weir.kernel_queue()[1], weir.sockets)
        drops = weir.kernel_queue()[1]
        assert drops == lost if gro == "off" else lost / SIZE <= drops < lost
