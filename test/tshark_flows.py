# SPDX-License-Identifier: Apache-2.0
"""The flow records in tshark's JSON of a capture (`tshark -T json --no-duplicate-keys`), datagram by datagram.

Callers must know these limits of tshark: it stops after the number of records that a v9 header's count gives, it does
not decode data that arrives before its template, and it scopes templates to the UDP port.
"""

import calendar
import gzip
import json
import re
import time
from typing import NamedTuple


SFLOW = 105  # stands for sFlow v5, whose version numbers are not those of NetFlow


class Record(NamedTuple):
    version: int
    domain: int  # 0 for v1, v5, v7 and sFlow
    sequence: int  # of the datagram; 0 for v1
    export_ns: int
    uptime_ms: int  # of the exporter at the export; None for IPFIX
    init_ns: int  # IPFIX: the exporter's boot time, from earlier options data; None: not announced
    header_sampling: int  # v5: the sampling interval of the header; 0: none
    agent: str  # sFlow: the agent's address
    values: dict  # field name -> list of its values as text, in the record's order


def nanoseconds(text):
    """'May 13, 2015 11:20:26.000000000 UTC' -> ns since 1970."""
    whole, _, fraction = text.removesuffix(" UTC").rpartition(".")
    return calendar.timegm(time.strptime(" ".join(whole.split()), "%b %d, %Y %H:%M:%S")) * 10**9 + int(fraction)


def milliseconds(text):
    """'12.726000000' -> 12726."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 1000 + int(fraction[:3].ljust(3, "0"))


def _is_object(value):
    return isinstance(value, list) and value and isinstance(value[0], tuple)


def _objects(value):
    """The objects under one name, whose value is one object or a list of objects."""
    return [value] if _is_object(value) else [v for v in value if _is_object(v)] if isinstance(value, list) else []


def _flatten(pairs, values):
    for name, value in pairs:
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
        elif _is_object(value):
            _flatten(value, values)
        else:
            for item in value:
                _flatten([(name, item)], values)
    return values


class _Exporters:
    """What tshark's output reveals about options: the ids of their templates, and boot times."""

    def __init__(self):
        self.options = {}  # (domain, template id) -> whether it is an options template
        self.init_ns = {}  # domain -> ns


def _learn_templates(pairs, domain, known):
    for name, value in pairs:
        found = re.match(r"(Options )?Template \(Id = (\d+)", name)
        if found:
            known.options[domain, int(found[2])] = bool(found[1])
        elif re.match(r"(Flow)?Set \d+ ", name):
            for content in _objects(value):
                _learn_templates(content, domain, known)


def _data_set_id(name, content):
    if not re.match(r"(Flow)?Set \d+ ", name):
        return None
    number = int(dict(content).get("cflow.flowset_id", 0)) if isinstance(dict(content).get("cflow.flowset_id"), str) else 0
    return number if number >= 256 else None


def _header(pairs):
    plain = {name: value for name, value in pairs if isinstance(value, str)}
    tree = {}
    for name, value in pairs:
        if name == "cflow.timestamp_tree":
            tree = _flatten(value, {})
    number = lambda name: int(plain.get(name, 0))
    seconds = int((tree.get("cflow.unix_secs") or tree.get("cflow.exporttime") or ["0"])[0])
    return Record(
        version=number("cflow.version"),
        domain=number("cflow.source_id") or number("cflow.od_id"),
        sequence=number("cflow.sequence"),
        export_ns=seconds * 10**9 + int((tree.get("cflow.unix_nsecs") or ["0"])[0]),
        uptime_ms=milliseconds(plain["cflow.sysuptime"]) if "cflow.sysuptime" in plain else None,
        init_ns=None,
        header_sampling=number("cflow.samplerate"),
        agent="",
        values={},
    )


def _records_of_set(content, header, known, is_options):
    for name, value in content:
        if not re.match(r"Flow \d+", name):
            continue
        for flow in _objects(value):
            values = _flatten(flow, {})
            if is_options:
                for told in values.get("cflow.sys_init_time", []):
                    known.init_ns[header.domain] = nanoseconds(told)
            else:
                yield header._replace(init_ns=known.init_ns.get(header.domain), values=values)


def _datagram(pairs, known):
    header = _header(pairs)
    for name, value in pairs:
        for content in _objects(value):
            _learn_templates([(name, content)], header.domain, known)
            if re.match(r"pdu \d+", name):
                yield header._replace(values=_flatten(content, {}))
                continue
            set_id = _data_set_id(name, content)
            if set_id is not None:
                yield from _records_of_set(content, header, known, known.options.get((header.domain, set_id), False))


def _samples(pairs):
    """The flow samples of an sFlow datagram; this version of tshark does not know discarded packets."""
    plain = {name: value for name, value in pairs if isinstance(value, str)}
    sequence, agent = int(plain.get("sflow_245.sequence_number", 0)), plain.get("sflow_245.agent", "")
    header = Record(SFLOW, 0, sequence, 0, None, None, 0, agent, {})
    for name, value in pairs:
        if re.match(r"(Expanded f|F)low sample", name):
            for sample in _objects(value):
                yield header._replace(values=_flatten(sample, {}))


def records(path):
    """Every flow record in the order of the capture; options records are omitted."""
    known = _Exporters()
    with gzip.open(path) as file:
        frames = json.load(file, object_pairs_hook=lambda pairs: pairs)
    for frame in frames or []:
        layers = dict(dict(frame)["_source"])["layers"]
        for name, value in layers:
            for pairs in _objects(value):
                if name == "cflow":
                    yield from _datagram(pairs, known)
                elif name == "sflow":
                    yield from _samples(pairs)
