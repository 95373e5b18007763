// SPDX-License-Identifier: Apache-2.0
// Files of a small schema: one table, one below it, and one that may appear several times.
#include "config/toml_reader.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/repeated.h"

namespace weir {
namespace {

constexpr OptionInfo kOptions[] = {
    {"server.address", "--address", ValueKind::text, "A", "", "Server", "Where"},
    {"server.names", "--names", ValueKind::list, "N,..", "", "Server", "Which"},
    {"server.size", "--size", ValueKind::size, "B", "1k", "Server", "How large"},
    {"server.time", "--time", ValueKind::duration, "T", "1s", "Server", "How long"},
    {"server.count", "--count", ValueKind::number, "N", "0", "Server", "How many"},
    {"server.fast", "--fast", ValueKind::boolean, "", "false", "Server", "Whether"},
    {"server.key_file", "--key-file", ValueKind::secret_file, "F", "", "Server", "Its key"},
    {"server.way.kind", "--way", ValueKind::text, "K", "", "Server", "The way"},
    {"server.way.file", "--way.file", ValueKind::text, "F", "", "Server", "Its file"},
};
constexpr OptionInfo kPeerOptions[] = {
    {"name", "", ValueKind::text, "NAME", kNeeded, "", "Its name"},
    {"port", "", ValueKind::text_or_number, "N", "", "", "Its port"},
    {"tags", "", ValueKind::list, "TAG,..", "", "", "What it is"},
    {"password_file", "", ValueKind::secret_file, "F", "", "", "Its password"},
};

const RepeatedTable& peer() {
  static const RepeatedTable table{"server.peer",
                                   "--peer",
                                   "NAME,..",
                                   "Server",
                                   "A peer",
                                   "[[server.peer]]\nname = \"a\"",
                                   {&kPeerOptions[0], &kPeerOptions[1], &kPeerOptions[2], &kPeerOptions[3]},
                                   nullptr};
  return table;
}

const Schema& schema() {
  static const Schema whole = [] {
    std::vector<const OptionInfo*> options;
    for (const OptionInfo& option : kOptions) options.push_back(&option);
    return Schema(options, {&peer()}, {"server.way", "server.way.kind"});
  }();
  return whole;
}

ConfigDocument read(const std::string& text) {
  Problems problems;
  ConfigDocument document = read_toml(schema(), "file.toml", text, problems);
  problems.throw_all();
  return document;
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::usage);
    return e.what();
  }
  return "accepted";
}

// "key=text", and the items of a list in brackets.
std::string value(const std::string& text) {
  const ConfigDocument document = read(text);
  if (document.values.size() != 1) return "?";
  const auto& [option, v] = document.values[0];
  std::string items;
  for (const std::string& item : v.items) items += "[" + item + "]";
  return std::string(option->key) + "=" + v.text + items;
}

TEST(TomlReader, TakesEachKindOfValue) {
  EXPECT_EQ(value("[server]\naddress = \"a\""), "server.address=a");
  EXPECT_EQ(value("[server]\ncount = 4"), "server.count=4");
  EXPECT_EQ(value("[server]\nsize = 1_000_000"), "server.size=1000000");
  EXPECT_EQ(value("[server]\nsize = \"16MiB\""), "server.size=16MiB");
  EXPECT_EQ(value("[server]\nfast = true"), "server.fast=true");
  EXPECT_EQ(value("[server]\ntime = \"off\""), "server.time=off");
  EXPECT_EQ(value("[server]\nkey_file = \"/etc/key\""), "server.key_file=/etc/key");
}

TEST(TomlReader, ItemsOfAListMayContainCommas) {
  EXPECT_EQ(value("[server]\nnames = [\"a\", \"b, c\"]"), "server.names=a,b, c[a][b, c]");
  EXPECT_EQ(value("server.names = \"a, b\""), "server.names=a, b[a][b]") << "a text is taken apart as a flag is";
  EXPECT_EQ(value("server.names = []"), "server.names=");
}

TEST(TomlReader, AShortKeyStandsForALongOne) {
  EXPECT_EQ(value("[server]\nway = \"x\""), "server.way.kind=x");
  EXPECT_EQ(value("[server.way]\nkind = \"x\""), "server.way.kind=x");
  EXPECT_EQ(value("[server.way]\nfile = \"x\""), "server.way.file=x");
}

TEST(TomlReader, RepeatedTablesKeepTheOrderOfTheFile) {
  const ConfigDocument document = read(
      "[[server.peer]]\nname = \"b\"\nport = 5\n[server]\ncount = 1\n[[server.peer]]\nport = \"x\"\nname = \"a\"\n");
  ASSERT_EQ(document.tables.size(), 2u);
  EXPECT_EQ(document.tables[0].first, &peer());
  EXPECT_EQ(document.tables[0].second.find("name")->text, "b");
  EXPECT_EQ(document.tables[0].second.find("port")->text, "5");
  EXPECT_EQ(document.tables[0].second.place.line, 1u);
  EXPECT_EQ(document.tables[1].second.find("name")->text, "a");
  EXPECT_EQ(document.tables[1].second.values[0].first, "port");
  EXPECT_EQ(document.tables[1].second.find("tags"), nullptr);
  ASSERT_EQ(document.values.size(), 1u);
}

TEST(TomlReader, ValuesKeepTheOrderOfTheFileAndTheirPlaces) {
  const ConfigDocument document = read("[server]\ncount = 1\naddress = \"z\"\n  fast = false\n");
  ASSERT_EQ(document.values.size(), 3u);
  EXPECT_EQ(document.values[0].second.text, "1");
  EXPECT_EQ(document.values[2].second.place.line, 4u);
  EXPECT_EQ(document.values[2].second.place.column, 10u);
  EXPECT_EQ(document.values[2].second.place.to_string(), "file.toml:4");
}

TEST(TomlReader, TheCaretIsUnderTheValue) {
  EXPECT_EQ(refusal("[server]\n\tcount = \"four\"\n"),
            "file.toml:2:10: server.count takes a whole number, not a text\n"
            "  2 | \tcount = \"four\"\n"
            "    | \t        ^");
}

TEST(TomlReader, AllErrorsAreReportedAtOnceFromTopToBottom) {
  const std::string all = refusal(
      "[server]\nfast = 1\nadress = \"x\"\n[sever]\na = 1\n[[server.peer]]\nport = 1.5\n[[server.peer]]\nname = 1\n");
  const std::vector<std::string> expected = {
      "file.toml:2:8: server.fast takes true or false, not a whole number",
      "file.toml:3:1: unknown key server.adress (did you mean server.address?)",
      "file.toml:4:2: unknown table [sever] (did you mean [server]?)",
      "file.toml:6:1: this server.peer has no name; as in",
      "file.toml:7:8: server.peer.port takes a text in quotes or a whole number",
      "file.toml:9:8: server.peer.name takes a text in quotes, not a whole number"};
  size_t at = 0;
  for (const std::string& part : expected) {
    const size_t found = all.find(part, at);
    ASSERT_NE(found, std::string::npos) << part << "\n" << all;
    at = found;
  }
}

TEST(TomlReader, OnlyTheFirstOfVeryManyErrorsAreShown) {
  std::string text = "[server]\n";
  for (int i = 0; i < 100; ++i) text += "x" + std::to_string(i) + " = 1\n";
  const std::string all = refusal(text);
  EXPECT_NE(all.find("unknown key server.x19"), std::string::npos);
  EXPECT_EQ(all.find("unknown key server.x20;"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\nand 80 more")) << all;
}

TEST(TomlReader, SecretsAreRejectedInAFile) {
  for (const char* text : {"[server]\nkey = \"hush\"", "[[server.peer]]\nname = \"a\"\npassword = \"hush\""}) {
    const std::string said = refusal(text);
    EXPECT_NE(said.find("is a secret"), std::string::npos) << said;
    EXPECT_EQ(said.find("hush"), std::string::npos) << said;
    EXPECT_NE(said.find("_file = "), std::string::npos) << said;
  }
}

TEST(TomlReader, InvalidTomlIsReportedWithPlaceAndLine) {
  const std::string message = refusal("[server]\ncount = = 4\n");
  EXPECT_EQ(message.find("file.toml:2:"), 0u) << message;
  EXPECT_NE(message.find("this is not TOML"), std::string::npos) << message;
  EXPECT_NE(message.find("  2 | count = = 4\n"), std::string::npos) << message;
  EXPECT_EQ(refusal("[server]\nnames = [\n\n").find("file.toml:2:10: this is not TOML"), 0u) << "where it ends";
  EXPECT_NE(refusal("[server]\naddress = \"\xff\xfe\"\n").find("file.toml:2:"), std::string::npos) << "no UTF-8";
  EXPECT_EQ(refusal("[server]\n\xef\xb3\xbf = 1\n").find("file.toml:2:1: this is not TOML"), 0u) << "U+FCFF";
  EXPECT_NE(refusal(std::string(1 << 20, '[')).find("this is not TOML"), std::string::npos);
  EXPECT_EQ(refusal("[server]\n [[ .a]]\n").find("file.toml:2:5: this is not TOML: a name must follow"), 0u);
  EXPECT_NE(refusal("x = " + std::string(1 << 20, '[')).find("this is not TOML"), std::string::npos);
  EXPECT_NE(refusal(std::string(kMaxConfigOctets + 1, '#')).find("more than any configuration"), std::string::npos);
}

TEST(TomlReader, ALongLineIsShownAroundTheMistake) {
  const std::string said = refusal("[server]\naddress = \"" + std::string(100'000, 'a') + "\"\n" +
                                   std::string(90'000, 'b') + " = 1" + std::string(1'000, ' ') + "\n");
  EXPECT_LT(said.size(), 200'000u);
  EXPECT_LT(said.substr(said.find('\n')).size(), 1'000u);
}

TEST(TomlReader, TablesAndValuesAreNotConfused) {
  EXPECT_NE(refusal("[[server]]\ncount = 1\n").find("stands once only: write it in single brackets, [server]"),
            std::string::npos);
  EXPECT_NE(refusal("[server.peer]\nname = \"a\"\n").find("tables in double brackets, [[server.peer]], not a table"),
            std::string::npos);
  EXPECT_NE(refusal("[server]\npeer = 1\n").find("tables in double brackets"), std::string::npos);
  EXPECT_NE(refusal("server = 1\n").find("unknown key server"), std::string::npos);
  EXPECT_NE(refusal("[server]\nsize = {a = 1}").find(" takes "), std::string::npos);
  EXPECT_NE(refusal("[server]\nnames = [1]").find("texts in quotes, not a whole number"), std::string::npos);
}

struct Peer {
  std::string name, port;
};

TEST(Repeated, EachTableIsReadAndCheckedAgainstEarlierOnes) {
  static const Option<Peer> options[] = {
      {"name", "", ValueKind::text, "NAME", kNeeded, "", "", [](Peer& p, const Value& v) { p.name = v.text; }},
      {"port", "", ValueKind::text_or_number, "N", "", "", "", [](Peer& p, const Value& v) {
         if (v.text == "0") throw usage_error("no port");
         p.port = v.text;
       }}};
  const ConfigDocument document =
      read("[[server.peer]]\nname = \"a\"\n[[server.peer]]\nname = \"b\"\nport = 0\n[[server.peer]]\nname = \"a\"\n");
  std::vector<TableValues> tables;
  for (const auto& [type, values] : document.tables) tables.push_back(values);
  Problems problems;
  const auto twice = [](const std::vector<Peer>& before, const Peer& added) {
    for (const Peer& other : before)
      if (other.name == added.name) throw usage_error("named twice");
  };
  const std::vector<Peer> peers =
      read_repeated<Peer>("server.peer", std::span<const Option<Peer>>(options), tables, twice, problems);
  ASSERT_EQ(peers.size(), 1u);
  EXPECT_EQ(problems.count(), 2u);
  EXPECT_THROW(problems.throw_all(), Error);
}

}  // namespace
}  // namespace weir
