// SPDX-License-Identifier: Apache-2.0
#include "cmd/config_file.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string refusal(const std::string& text) {
  try {
    ConfigFile::parse("weir.toml", text);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::usage);
    return e.what();
  }
  return "accepted";
}

std::string value(const std::string& text) {
  ConfigFile file = ConfigFile::parse("weir.toml", text);
  return file.entries().size() == 1 ? std::string(file.entries()[0].option->key) + "=" + file.entries()[0].text : "?";
}

TEST(ConfigFile, TakesEachKindOfValue) {
  EXPECT_EQ(value("[collect]\nformat = \"json\""), "collect.format=json");
  EXPECT_EQ(value("[collect]\nworkers = 4"), "collect.workers=4");
  EXPECT_EQ(value("[collect]\nrcvbuf = 1_000_000"), "collect.rcvbuf=1000000");
  EXPECT_EQ(value("[collect]\nrcvbuf = \"16MiB\""), "collect.rcvbuf=16MiB");
  EXPECT_EQ(value("[collect]\nno_store = true"), "collect.no_store=true");
  EXPECT_EQ(value("[templates]\nfallback = \"off\""), "templates.fallback=off");
  EXPECT_EQ(value("[collect]\nfields = [\"bytes\", \"packets\"]"), "collect.fields=bytes,packets");
  EXPECT_EQ(value("collect.fields = \"bytes,packets\""), "collect.fields=bytes,packets");
}

TEST(ConfigFile, TransportHasALongAndAShortForm) {
  EXPECT_EQ(value("[collect]\ntransport = \"file\""), "collect.transport.type=file");
  EXPECT_EQ(value("[collect.transport]\ntype = \"file\""), "collect.transport.type=file");
  EXPECT_EQ(value("[collect.transport]\nfile = \"/tmp/f\""), "collect.transport.file=/tmp/f");
}

TEST(ConfigFile, EntriesComeInTheFilesOrder) {
  ConfigFile file = ConfigFile::parse("weir.toml", "[collect]\nworkers = 1\nformat = \"csv\"\ndata = \"/d\"\n");
  ASSERT_EQ(file.entries().size(), 3u);
  EXPECT_EQ(file.entries()[0].text, "1");
  EXPECT_EQ(file.entries()[2].line, 4u);
}

TEST(ConfigFile, BrokenTomlNamesThePlaceAndShowsTheLine) {
  std::string message = refusal("[collect]\nworkers = = 4\n");
  EXPECT_EQ(message.find("weir.toml:2:"), 0u) << message;
  EXPECT_NE(message.find("  2 | workers = = 4\n"), std::string::npos) << message;
}

TEST(ConfigFile, AnUnfinishedFileIsShownWhereItEnds) {
  EXPECT_EQ(refusal("[collect]\nlisten = [\n\n").find("weir.toml:2:11: this is not TOML"), 0u);
}

TEST(ConfigFile, CaretStandsUnderTheValue) {
  EXPECT_EQ(refusal("[collect]\n\tworkers = \"four\"\n"),
            "weir.toml:2:12: collect.workers takes a whole number, not a text\n"
            "  2 | \tworkers = \"four\"\n"
            "    | \t          ^");
}

TEST(ConfigFile, UnknownKeysAndTablesGetASuggestion) {
  auto begins = [](const std::string& text, const std::string& start) {
    EXPECT_EQ(refusal(text).substr(0, start.size()), start);
  };
  begins("[collect]\nlisen = \"x\"", "weir.toml:2:1: unknown key collect.lisen (did you mean collect.listen?)");
  begins("http = \"off\"", "weir.toml:1:1: unknown key http (did you mean collect.http?)");
  begins("keep = \"1h\"", "weir.toml:1:1: unknown key keep (did you mean store.keep?)");
  begins("[collect]\nkeep = \"1h\"", "weir.toml:2:1: unknown key collect.keep (did you mean store.keep?)");
  begins("[templates]\nmax_size = \"1G\"",
         "weir.toml:2:1: unknown key templates.max_size (did you mean store.max_size?)");
  begins("[collect.store]\nkeep = \"1h\"", "weir.toml:1:10: unknown table [collect.store] (did you mean [store]?)");
  begins("[colect]\nhttp = \"off\"", "weir.toml:1:2: unknown table [colect] (did you mean [collect]?)");
  begins("[kafka]\nbrokers = \"x\"", "weir.toml:1:2: unknown table [kafka];");
}

TEST(ConfigFile, WrongTypesAreRefused) {
  for (const char* text : {"[collect]\nlisten = 2055", "[collect]\nlisten = [2055]", "[collect]\nno_store = \"yes\"",
                           "[collect]\nworkers = 1.5", "[templates]\nhold_for = 30", "[collect]\nformat = [\"json\"]",
                           "[collect]\nrcvbuf = {a = 1}", "[collect]\ndata = 1979-05-27"})
    EXPECT_NE(refusal(text).find(" takes "), std::string::npos) << refusal(text);
}

TEST(ConfigFile, AMissingFileIsNamed) {
  try {
    ConfigFile::read("/nonexistent/weir.toml");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("/nonexistent/weir.toml: No such file"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace weir
