# SPDX-License-Identifier: Apache-2.0
"""Unnamed network namespaces, which disappear with the programs in them, so that nothing is left behind."""

import concurrent.futures
import ctypes
import json
import os
import pathlib
import subprocess

import harness

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def _may():
    """Whether namespaces are possible here: they need root, and a tap device needs /dev/net/tun."""
    return os.geteuid() == 0 and pathlib.Path("/dev/net/tun").exists()


def _enter_new_network():
    if _LIBC.unshare(_CLONE_NEWNET) != 0:
        harness.skip_or_fail(f"no new network namespace: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def run_in_new_network(body):
    """Runs body() in a thread with its own network, shared by the programs that it starts; returns its result."""
    if not _may():
        harness.skip_or_fail("network namespaces need root and /dev/net/tun")

    def run():
        _enter_new_network()
        return body()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


class Host(harness.Process):
    """A namespace with one interface, which is moved there from the namespace of the caller."""

    def __init__(self, folder, interface, address):
        super().__init__(["unshare", "--net", "sleep", "3600"], folder, f"host-{interface}")
        own = os.readlink("/proc/thread-self/ns/net")
        harness.eventually(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != own, "unshare made no new namespace")
        subprocess.run(["ip", "link", "set", interface, "netns", str(self.pid)], check=True)
        self.interface, self.address = interface, address
        self.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.disable_ipv6=1")  # avoids neighbour discovery packets
        self.run("ip", "address", "add", f"{address}/24", "dev", interface)
        self.run("ip", "link", "set", interface, "up")

    def run(self, *command):
        inside = ["nsenter", "--net", "--target", str(self.pid), *map(str, command)]
        answer = subprocess.run(inside, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 0, f"{command}: {answer.stderr}"
        return answer.stdout

    def counted(self):
        """{"rx": {"packets": .., "bytes": ..}, "tx": ..} of the interface, frames without FCS."""
        [link] = json.loads(self.run("ip", "-json", "-statistics", "link", "show", self.interface))
        return link["stats64"]
