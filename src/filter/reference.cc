// SPDX-License-Identifier: Apache-2.0
#include "filter/reference.h"

#include "base/network_names.h"
#include "base/protocol_names.h"
#include "filter/vocabulary.h"

namespace weir {
namespace {

constexpr std::string_view kIntroduction = R"(# Filters

A filter selects flows: in the stream (`weir collect --where`, `where` of an `[[output]]`, `weir decode --where`) and in the
store (`weir flows`, `weir top` and `weir query`, each with `--where`). It means the same everywhere. `weir filter 'EXPRESSION'` shows how
an expression is understood, in words and as SQL; a wrong one is an error that shows the place (exit code 2).

```
src net 10.0.0.0/8 and (dst port 443 or proto udp) and bytes > 1M
not ip in [192.0.2.1, 198.51.100.0/24]
flags S and not flags AFRPU
in if "ge-0/0/1" and duration > 10s
```

## Tests and combinations

- Tests are combined with `and` (`&&`), `or` (`||`), `not` (`!`) and parentheses. `not` binds most tightly, then `and`, then `or`.
- A test is the name of what is tested, a comparison, and a value: `bytes > 1M`. The comparisons are `=` `==` `!=` `<` `<=` `>`
  `>=`, or `eq` `ne` `lt` `le` `gt` `ge`, which need no quotes in a shell. Without a comparison, equality is meant.
- Several values stand in brackets, separated by blanks or commas: `dst port in [80 443 8000-8099]`. `in` may be left out.
- A range is `80-90` or `80..90`, both ends included. Of times and of numbers with a sign only `..` can be used.
- Upper and lower case make no difference, except in texts (names of interfaces, applications and the like).
- `any` selects every flow. `inet` (`ipv4`) and `inet6` (`ipv6`) test the Ethertype. The name of a protocol alone is a test of it: `tcp`,
  `icmp6`.
- `has FIELD` selects flows in which the field has a value.
- In a network, octets at the end may be left out: `10/8` is `10.0.0.0/8`. From a `#` to the end of the line is a comment.

**Fields without a value.** A test of a field that a flow does not have is neither true nor false, and neither is its negation, as in SQL:
neither `proto icmp` nor `not proto icmp` selects a flow without a protocol. `not has FIELD` finds it. Zero is a value, and so is an address of the other family:
`not src net 10.0.0.0/8` selects every IPv6 flow. (nfdump differs: it reads a missing field as 0.)

**TCP flags.** `flags SA` selects flows in which all of these flags are set, `not flags AFRPU` those in which none is, as in nfdump;
`not (flags SA)` those in which not all are; `flags [S A]` those in which S or A is. `flags = S` selects flows with S alone.

)";

constexpr std::string_view kValues = R"(
## Values

| value | examples |
|---|---|
| number | `1500`, `0x5dc`, `10K` = 10,000, `1.5M` = 1,500,000, `10Ki` = 10,240; K, M, G, T, P, E are powers of 1000, Ki, Mi, … of 1024 |
| address | `192.0.2.1`, `2001:db8::1`, `192.0.2.0/24`, `192.0.2.1-192.0.2.9`; `::ffff:192.0.2.1` is `192.0.2.1`, in a filter and in a flow; an IPv6 network never contains IPv4 addresses, not even `::/0` |
| port, protocol | a number or a name: `https`, `udp`; the names are below |
| AS number | `64500`, `AS64500`, `1.10` |
| interface | its ifIndex, or its name in quotes: `in if "ge-0/0/1"` |
| duration | `1500` (milliseconds), `500ms`, `10s`, `5m`, `2h`, `1d`, `1500000ns`; the column `duration` of SQL is in seconds |
| time | `2026-11-21T09:30Z`, `2026-11-21T10:30+01:00`, `2026-11-21`, `2026/11/21.09:30`, `-1h` (before now), `today`, `yesterday`; UTC. `weir collect` accepts no times that depend on now |
| MAC address | `00:1b:21:aa:bb:cc` |
| text | in double or single quotes; `\` before a quote or another `\` stands for that character |

## Fields by name

Every field of [fields.md](fields.md) and every `[[field]]` of the configuration can be tested by its name: `ip_ttl < 10`,
`application_name "dns"`, `icmp_type 8`. A field whose name is a word of the language is written `field NAME`. `layer_stack` can only be
tested with `has`. Of a list (`as_path`, `bgp_communities`, `mpls_label`), one element has to match.

)";

std::string spelled(const Term& term) {
  const std::string words(term.words);
  switch (term.sides) {
    case Term::Sides::one:
      break;
    case Term::Sides::src_dst:
      return "`" + words + "`, `src " + words + "`, `dst " + words + "`";
    case Term::Sides::in_out:
      return "`" + words + "`, `in " + words + "`, `out " + words + "`";
  }
  return "`" + words + "`";
}

}  // namespace

std::string filter_reference() {
  std::string text(kIntroduction);
  text +=
      "## What can be tested\n\nOf the words with two sides, `port` alone (or `either port`) matches if either side "
      "does.\n\n";
  text += "| words | meaning |\n|---|---|\n";
  for (const Term& term : terms()) text += "| " + spelled(term) + " | " + std::string(term.meaning) + " |\n";
  text += kValues;
  text += "## Names of protocols\n\n";
  std::string names;
  for (const std::string& name : protocol_names())
    names += (names.empty() ? "`" : ", `") + name + "` " + std::to_string(*protocol_number(name));
  text += names +
          "\n\nAfter `proto`, also the names that the column `proto_name` has; but `ipip` is 4, as in nfdump, not "
          "94.\n\n## Names of ports\n\n";
  names.clear();
  for (const Service& service : services())
    names += (names.empty() ? "`" : ", `") + std::string(service.name) + "` " + std::to_string(service.port);
  return text + names + "\n";
}

}  // namespace weir
