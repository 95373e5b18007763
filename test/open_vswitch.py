# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch as an exporter: a bridge in user space, without the kernel module.

With dummy ports, a command injects the packets and they never leave the process; this needs no privileges and no other
network. With real ports ("netdev"), each port is a tap device in the namespace of the caller. Exports are sent over the
loopback.
"""

import os
import re
import subprocess
from typing import NamedTuple

import harness

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class Counted(NamedTuple):
    packets_in: int
    octets_in: int
    packets_out: int
    octets_out: int


class Traffic(NamedTuple):
    """Identical packets of one flow."""

    port: int  # of the bridge
    source: str
    destination: str
    proto: int  # 6 or 17
    source_port: int
    destination_port: int
    frame_octets: int
    packets: int

    @property
    def ipv6(self):
        return ":" in self.source

    def packet(self):
        """The packet in the syntax of ovs-appctl netdev-dummy/receive. Each port has one host."""
        macs = (f"50:54:00:00:00:0{self.port}", f"50:54:00:00:00:0{3 - self.port}")
        layers = f"in_port({self.port}),eth(src={macs[0]},dst={macs[1]})"
        if self.ipv6:
            layers += f",eth_type(0x86dd),ipv6(src={self.source},dst={self.destination},label=0,proto={self.proto},"
            layers += "tclass=0,hlimit=64,frag=no)"
        else:
            layers += f",eth_type(0x0800),ipv4(src={self.source},dst={self.destination},proto={self.proto},tos=0,"
            layers += "ttl=64,frag=no)"
        return layers + f",{ {6: 'tcp', 17: 'udp'}[self.proto] }(src={self.source_port},dst={self.destination_port})"


class OpenVswitch:
    """A bridge with the ports 1 and 2; close() ends both daemons by their pids."""

    def __init__(self, folder, datapath="dummy"):
        self.folder = folder
        folder.mkdir(parents=True)
        names = ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR")
        self.env = {**os.environ, **{name: str(folder) for name in names}}
        self._run("ovsdb-tool", "create", folder / "conf.db", SCHEMA)
        self.processes = []
        self._start("ovsdb-server", folder / "conf.db", f"--remote=punix:{folder}/db.sock",
                    f"--unixctl={folder}/db.ctl", ready=folder / "db.sock")
        self._vsctl("--no-wait", "init")
        dummies = ["--enable-dummy"] if datapath == "dummy" else []
        self._start("ovs-vswitchd", f"unix:{folder}/db.sock", f"--unixctl={folder}/vs.ctl", "--disable-system",
                    *dummies, ready=folder / "vs.ctl")
        self._vsctl("add-br", "br0", "--", "set", "bridge", "br0", f"datapath_type={datapath}", "fail-mode=standalone")
        kind = "dummy" if datapath == "dummy" else "internal"
        for port in (1, 2):
            self._vsctl("add-port", "br0", f"p{port}", "--", "set", "interface", f"p{port}", f"type={kind}",
                        f"ofport_request={port}")

    def _start(self, program, *arguments, ready):
        command = [harness.program(program), *arguments, "-vconsole:off"]
        process = harness.Process(command, self.folder, program, self.env)
        self.processes.append(process)
        harness.eventually(ready.exists, lambda: f"{program} is not ready: {process.stderr()}")

    def _run(self, program, *arguments):
        answer = subprocess.run([harness.program(program), *map(str, arguments)], env=self.env, capture_output=True,
                                text=True, timeout=20)
        assert answer.returncode == 0, f"{program} {arguments}: {answer.stderr}"
        return answer.stdout

    def _vsctl(self, *arguments):
        return self._run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=10", *arguments)

    def _appctl(self, *arguments):
        return self._run("ovs-appctl", "-t", self.folder / "vs.ctl", *arguments)

    def _export(self, column, **settings):
        """Sets a column of the bridge to a new row of the table of the same name."""
        words = [f"{name}={value}" for name, value in settings.items()]
        self._vsctl("set", "bridge", "br0", f"{column}=@new", "--", "--id=@new", "create", column, *words)

    def export_netflow5(self, port):
        self._export("netflow", targets=f'"127.0.0.1:{port}"', active_timeout=1, engine_type=1, engine_id=7)

    def export_ipfix(self, port):
        """Exports every packet, on ingress and on egress."""
        self._export("ipfix", targets=f'"127.0.0.1:{port}"', obs_domain_id=123, obs_point_id=456, sampling=1,
                     cache_active_timeout=1, cache_max_flows=1000)

    def export_sflow(self, port, sampling=1):
        self._export("sflow", targets=f'"127.0.0.1:{port}"', sampling=sampling, header=128, polling=1, agent="lo")

    def send(self, traffic):
        for flow in traffic:
            for _ in range(flow.packets):
                self._appctl("netdev-dummy/receive", f"p{flow.port}", flow.packet(), "--len", flow.frame_octets)

    def counted(self, port):
        """What the switch itself counted on a port (1, 2, or LOCAL, the port of the bridge itself)."""
        text = self._run("ovs-ofctl", "dump-ports", f"unix:{self.folder}/br0.mgmt", port)
        numbers = re.findall(r"[rt]x pkts=(\d+), bytes=(\d+)", text)
        assert len(numbers) == 2, text
        return Counted(*(int(n) for pair in numbers for n in pair))

    def close(self):
        """Ends the daemons in reverse order; ovs-vswitchd by its own command, which removes the devices it made."""
        if len(self.processes) > 1 and self.processes[1].running():
            self._appctl("exit", "--cleanup")
            self.processes[1].popen.wait(10)
        for process in reversed(self.processes):
            if process.running():
                process.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.close()
        finally:
            for process in self.processes:
                process.close()
