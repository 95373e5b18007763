// SPDX-License-Identifier: Apache-2.0
#include "config/options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "collect/check.h"
#include "config/effective_config.h"
#include "config/environment.h"
#include "show/reference.h"

namespace weir {
namespace {

// Sets a variable for the duration of a test.
class Variable {
 public:
  Variable(const std::string& name, const std::string& value) : name_(name) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Variable() { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() : folder_(std::filesystem::temp_directory_path() / ("weir-options-" + std::to_string(std::rand()))) {
    std::filesystem::create_directory(folder_);
    write("");
  }
  ~OptionsTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& toml) { std::ofstream(file()) << toml; }
  std::string file() const { return folder_ / "weir.toml"; }

  // The arguments of a run with this test's file, so that a configuration file of the machine cannot interfere.
  Arguments words(Arguments flags) const {
    flags.insert(flags.begin(), {"--config", file()});
    return flags;
  }
  CollectConfig load(Arguments flags = {}) const { return load_collect_config(words(std::move(flags))); }
  std::string refusal(Arguments flags = {}) const {
    try {
      load(std::move(flags));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      return e.what();
    }
    return "accepted";
  }
  bool refused(Arguments flags, const std::string& part) const {
    std::string message = refusal(std::move(flags));
    if (message.find(part) != std::string::npos) return true;
    ADD_FAILURE() << message << "\ndoes not say: " << part;
    return false;
  }

  std::filesystem::path folder_;
};

TEST_F(OptionsTest, DefaultsAreThoseOfTheConfiguration) {
  CollectConfig config = load(), made;
  ASSERT_EQ(config.listen.size(), 3u);
  EXPECT_EQ(config.listen[0].endpoint.to_string(), ":2055");
  EXPECT_EQ(config.listen[1].endpoint.to_string(), ":4739");
  EXPECT_EQ(config.listen[2].endpoint.to_string(), ":6343");
  EXPECT_EQ(config.workers, made.workers);
  EXPECT_EQ(config.receive_buffer_bytes, made.receive_buffer_bytes);
  EXPECT_EQ(config.no_store, made.no_store);
  EXPECT_EQ(config.format, made.format);
  EXPECT_EQ(config.transport, made.transport);
  EXPECT_EQ(config.file, made.file);
  EXPECT_TRUE(config.fields.empty());
  EXPECT_EQ(config.http, "127.0.0.1:8080");
  EXPECT_EQ(config.log_format, made.log_format);
  EXPECT_EQ(config.stop_timeout_ns, made.stop_timeout_ns);
  EXPECT_EQ(config.default_sampling_rate, made.default_sampling_rate);
  EXPECT_EQ(config.template_fallback_ns, made.template_fallback_ns);
  EXPECT_EQ(config.hold_for_ns, made.hold_for_ns);
  EXPECT_EQ(config.hold_bytes_per_exporter, made.hold_bytes_per_exporter);
  EXPECT_EQ(config.hold_bytes, made.hold_bytes);
  EXPECT_EQ(config.data, default_data_directory());
  EXPECT_EQ(config.flush_ns, made.flush_ns);
  EXPECT_EQ(config.flush_rows, made.flush_rows);
  EXPECT_EQ(config.keep_ns, made.keep_ns);
  EXPECT_EQ(config.store_max_bytes, made.store_max_bytes);
  EXPECT_EQ(config.min_free, made.min_free);
  EXPECT_EQ(config.merge_flushes, made.merge_flushes);
  EXPECT_EQ(config.merge_merged, made.merge_merged);
}

TEST_F(OptionsTest, StoreOptionsReachTheConfiguration) {
  CollectConfig config = load({"--flush=1s", "--flush-rows=1000", "--keep=30d", "--max-size=2G", "--min-free=5M",
                               "--merge-flushes=4", "--merge-merged=0"});
  EXPECT_EQ(config.flush_ns, 1'000'000'000);
  EXPECT_EQ(config.flush_rows, 1000u);
  EXPECT_EQ(config.keep_ns, 30ll * 86'400 * 1'000'000'000);
  EXPECT_EQ(config.store_max_bytes, 2ull << 30);
  EXPECT_EQ(config.min_free, 5 << 20);
  EXPECT_EQ(config.merge_flushes, 4u);
  EXPECT_EQ(config.merge_merged, 0u);
  EXPECT_EQ(load({"--min-free=off"}).min_free, 0);
  EXPECT_EQ(load({"--min-free=0"}).min_free, 0);
  refused({"--flush=1ms"}, "at least 100ms");
  refused({"--stop-timeout=off"}, "at least 1s");
  refused({"--flush=off"}, "at least 100ms");
  refused({"--flush-rows=0"}, "at least 1");
  refused({"--max-size=lots"}, "is not a size");
}

TEST_F(OptionsTest, FlagOutranksVariableOutranksFileOutranksDefault) {
  EXPECT_EQ(load().http, "127.0.0.1:8080");
  write("[collect]\nhttp = \"127.0.0.1:1\"\n");
  EXPECT_EQ(load().http, "127.0.0.1:1");
  Variable variable("WEIR_COLLECT_HTTP", "127.0.0.1:2");
  EXPECT_EQ(load().http, "127.0.0.1:2");
  EXPECT_EQ(load({"--http", "127.0.0.1:3"}).http, "127.0.0.1:3");
}

TEST_F(OptionsTest, OriginsAreShown) {
  write("[collect]\nworkers = 3\n");
  Variable variable("WEIR_TEMPLATES_HOLD_FOR", "1h");
  LoadedConfig loaded = load_collect_settings(words({"--no-store"}));
  std::string text = effective_toml(loaded);
  auto line = [&](const std::string& key) {
    size_t at = text.find("\n" + key + " = ");
    return text.substr(at + 1, text.find('\n', at + 1) - at - 1);
  };
  EXPECT_TRUE(line("workers").ends_with("# " + file() + ":2")) << text;
  EXPECT_TRUE(line("hold_for").ends_with("# WEIR_TEMPLATES_HOLD_FOR")) << text;
  EXPECT_TRUE(line("no_store").ends_with("# --no-store")) << text;
  EXPECT_TRUE(line("http").ends_with("# default")) << text;
}

TEST_F(OptionsTest, EffectiveConfigurationIsAValidFile) {
  LoadedConfig loaded = load_collect_settings(words({"--format", "csv", "--fields", "bytes,packets", "--hold-for=2h"}));
  write(effective_toml(loaded));
  const LoadedConfig again = load_collect_settings(words({}));
  EXPECT_EQ(again.config.format, "csv");
  EXPECT_EQ(again.config.fields.size(), 2u);
  for (const Setting& setting : again.settings)
    EXPECT_EQ(setting.value.place.source, file()) << setting.option->key << ": the file has every key";
}

TEST_F(OptionsTest, EveryOptionIsKeyVariableAndFlag) {
  for (const OptionInfo* info : collect_schema().options()) {
    const OptionInfo& option = *info;
    if (option.fallback.empty()) continue;
    std::string text(option.fallback), key(option.key);
    if (option.kind != ValueKind::boolean) {
      EXPECT_EQ(refusal({"--format=json", std::string(option.flag), text}), "accepted") << key;
    }
    EXPECT_EQ(refusal({"--format=json", std::string(option.flag) + "=" + text}), "accepted") << key;
    write(key + " = " + toml_value(option, {text, split_list(text), {}}));
    EXPECT_EQ(refusal({"--format=json"}), "accepted") << key;
    write("");
    Variable variable(environment_name(key), text);
    EXPECT_EQ(refusal({"--format=json"}), "accepted") << key;
  }
}

TEST_F(OptionsTest, ValuesReachTheConfiguration) {
  CollectConfig config = load({"--listen",
                               "netflow://127.0.0.1:1,netflow://[::1]:2",
                               "--listen",
                               "netflow://127.0.0.1:3",
                               "--workers",
                               "7",
                               "--rcvbuf",
                               "1MiB",
                               "--data",
                               "/d",
                               "--no-store",
                               "--format",
                               "protobuf",
                               "--transport",
                               "file",
                               "--transport.file",
                               "-",
                               "--fields",
                               "dst_addr, bytes",
                               "--http",
                               "off",
                               "--log-format",
                               "json",
                               "--sampling-rate",
                               "1000",
                               "--template-fallback",
                               "off",
                               "--hold-for",
                               "500ms",
                               "--hold-bytes-per-exporter",
                               "2k",
                               "--hold-bytes",
                               "3M"});
  ASSERT_EQ(config.listen.size(), 3u);
  EXPECT_EQ(config.listen[2].endpoint.to_string(), "127.0.0.1:3");
  EXPECT_EQ(config.workers, 7u);
  EXPECT_EQ(config.receive_buffer_bytes, 1'048'576);
  EXPECT_EQ(config.data, "/d");
  EXPECT_TRUE(config.no_store);
  EXPECT_EQ(config.format, "protobuf");
  EXPECT_EQ(config.file, "-");
  EXPECT_EQ(config.fields, (std::vector<std::string>{"dst_addr", "bytes"}));
  EXPECT_EQ(config.http, "off");
  EXPECT_EQ(config.log_format, LogFormat::json);
  EXPECT_EQ(config.default_sampling_rate, 1000u);
  EXPECT_EQ(config.template_fallback_ns, 0);
  EXPECT_EQ(config.hold_for_ns, 500'000'000);
  EXPECT_EQ(config.hold_bytes_per_exporter, 2048u);
  EXPECT_EQ(config.hold_bytes, 3u << 20);
  EXPECT_FALSE(config.check);
}

TEST_F(OptionsTest, BadFlagsAreNamedWithARemedy) {
  refused({"--lisen", "x"}, "unknown flag --lisen (did you mean --listen?)");
  refused({"--lisen=x"}, "unknown flag --lisen (did you mean --listen?)");
  refused({"--store.keep=1h"}, "unknown flag --store.keep (did you mean --keep?)");
  refused({"--"}, "unknown flag --");
  refused({"stray"}, "unexpected argument \"stray\"");
  refused({"--workers"}, "--workers needs a value");
  refused({"--workers", "257"}, "--workers: \"257\" is not a number from 0 to 256");
  refused({"--workers", "-1"}, "--workers: \"-1\" is not a number");
  refused({"--rcvbuf", "16Mx"}, "--rcvbuf: \"16Mx\" is not a size");
  refused({"--rcvbuf", "4G"}, "out of range");
  refused({"--hold-for", "10y"}, "--hold-for: \"10y\" is not a duration");
  refused({"--format", "jsn"}, "is not one of json, csv, protobuf, none (did you mean json?)");
  refused({"--format", "json", "--fields", "byte"}, "unknown field \"byte\" (did you mean bytes?)");
  refused({"--format", "json", "--fields", "bytes,bytes"}, "named twice");
  refused({"--transport", "kafka"}, "this version does not have");
  refused({"--http", "8080"}, "is not an address for HTTP");
  refused({"--http", "127.0.0.1:70000"}, "a number up to 65535");
  refused({"--no-store=maybe"}, "--no-store");
}

TEST_F(OptionsTest, OneListenerForEachAddressAndPort) {
  refused({"--listen", "netflow://:2055,netflow://:2055"}, "already does");
  refused({"--listen", "netflow://:2055", "--listen", "netflow://"}, "already does");
  refused({"--listen", ","}, "at least one URI");
  EXPECT_EQ(refusal({"--listen", "netflow://127.0.0.1:2055,netflow://[::1]:2055"}), "accepted");
}

TEST_F(OptionsTest, AnOutputWithoutAFormatIsAnError) {
  refused({"--transport.file", "/tmp/x"}, "add --format");
  refused({"--fields", "bytes"}, "add --format");
  EXPECT_EQ(refusal({"--transport.file", "/tmp/x", "--format", "none"}), "accepted");
}

TEST_F(OptionsTest, BadValuesInTheFileNameTheLine) {
  write("# a comment\n[collect]\nlisten = \"netflow://:2055\"\nrcvbuf = \"16Mx\"\n");
  refused({}, file() + ":4:10: collect.rcvbuf: \"16Mx\" is not a size");
  EXPECT_EQ(load({"--rcvbuf", "1M"}).receive_buffer_bytes, 1 << 20);  // a flag overrides the invalid value
}

TEST_F(OptionsTest, UnknownVariablesAreWarningsButErrorsWithCheck) {
  auto warning = [&](const std::string& name) {
    Variable variable(name, "off");
    std::vector<std::string> warnings = load_collect_settings(words({})).warnings;
    EXPECT_EQ(warnings.size(), 1u) << name;
    EXPECT_EQ(warnings.empty() ? "" : warnings[0], refusal({"--check"})) << name;
    return warnings.empty() ? "" : warnings[0].substr(0, warnings[0].find(';'));
  };
  EXPECT_EQ(warning("WEIR_COLECT_HTTP"),
            "unknown environment variable WEIR_COLECT_HTTP (did you mean WEIR_COLLECT_HTTP?)");
  EXPECT_EQ(warning("WEIR_COLLECT_KEEP"),
            "unknown environment variable WEIR_COLLECT_KEEP (did you mean WEIR_STORE_KEEP?)");
  EXPECT_EQ(warning("WEIR_COLLECT_WROKERS"),
            "unknown environment variable WEIR_COLLECT_WROKERS (did you mean WEIR_COLLECT_WORKERS?)");
  EXPECT_EQ(warning("WEIR_NOTHING_OF_THE_KIND"), "unknown environment variable WEIR_NOTHING_OF_THE_KIND");
  Variable wrong("WEIR_COLLECT_WORKERS", "many");
  refused({}, "WEIR_COLLECT_WORKERS: \"many\" is not a number");
}

// What Kubernetes sets in pods for services named weir, weir-collect and weir--x, and Docker in linked containers.
TEST_F(OptionsTest, VariablesOfServicesAreIgnored) {
  for (const char* name :
       {"WEIR_SERVICE_HOST", "WEIR_SERVICE_PORT", "WEIR_SERVICE_PORT_NETFLOW", "WEIR_SERVICE_PORT_HTTP_API",
        "WEIR_PORT", "WEIR_PORT_2055_UDP", "WEIR_PORT_2055_UDP_PROTO", "WEIR_PORT_2055_UDP_PORT",
        "WEIR_PORT_2055_UDP_ADDR", "WEIR_PORT_8080_TCP", "WEIR_PORT_8080_TCP_ADDR", "WEIR_PORT_9_SCTP_ADDR",
        "WEIR_COLLECT_PORT", "WEIR_COLLECT_SERVICE_HOST", "WEIR_COLLECT_SERVICE_PORT",
        "WEIR_COLLECT_PORT_6343_UDP_ADDR", "WEIR_A_B_C_PORT_1_TCP_PORT", "WEIR__X_PORT", "WEIR_STORE_SERVICE_PORT_2"}) {
    EXPECT_TRUE(is_service_variable(name)) << name;
    Variable variable(name, "udp://10.0.0.1:2055");
    EXPECT_TRUE(load_collect_settings(words({"--check"})).warnings.empty()) << name;
  }
  for (const char* name :
       {"WEIR_PORTS", "WEIR_SERVICE", "WEIR_SERVICE_PORT_", "WEIR_SERVICE_HOSTS", "WEIR_PORT_UDP", "WEIR_PORT_x_UDP",
        "WEIR_PORT_2055", "WEIR_PORT_2055_QUIC", "WEIR_PORT_2055_UDP_NAME", "WEIR_2055_UDP", "WEIR_REPORT",
        "WEIR_COLLECT_HTTP", "OTHER_PORT", "WEIRD_PORT", "WEIR_PORT_2055_UDP_ADDR_ADDR"})
    EXPECT_FALSE(is_service_variable(name)) << name;
}

TEST(OptionTable, NoKeyIsMistakenForAVariableOfAService) {
  for (const OptionInfo* info : collect_schema().options()) {
    const OptionInfo& option = *info;
    EXPECT_NE(option.key.substr(option.key.rfind('.') + 1), "port") << option.key;
    EXPECT_FALSE(option.key.ends_with("_port")) << option.key;
    EXPECT_FALSE(is_service_variable(environment_name(option.key))) << option.key;
  }
}

TEST_F(OptionsTest, AnEmptyValueIsKeptAsEmpty) {
  CollectConfig config = load({"--format=csv", "--fields=", "--data=", "--check"});
  EXPECT_TRUE(config.fields.empty());
  EXPECT_TRUE(config.check);
  EXPECT_EQ(config.data, default_data_directory());
  refused({"--format=json", "--transport.file=", "--check"}, "--transport.file: an empty path");
  refused({"--format=json", "--transport.file", "", "--check"}, "--transport.file: an empty path");
  refused({"--workers=", "4"}, "unexpected argument \"4\"");
  refused({"--workers="}, "--workers: \"\" is not a number");
  refused({"--no-store="}, "--no-store takes no value");
  EXPECT_NE(refusal({"--config="}).find("--config: an empty path"), std::string::npos);
  {
    write("[collect]\nformat = \"csv\"\nfields = [\"bytes\"]\n");
    Variable empty("WEIR_COLLECT_FIELDS", "");
    EXPECT_TRUE(load().fields.empty()) << "an empty variable outranks the file";
  }
  write("[collect]\nhttp = \"\"\n");
  refused({}, "is not an address for HTTP");
  Variable empty("WEIR_COLLECT_WORKERS", "");
  refused({"--http=off"}, "WEIR_COLLECT_WORKERS: \"\" is not a number");
}

TEST_F(OptionsTest, WeirConfigNamesTheFile) {
  write("[collect]\nworkers = 5\n");
  Variable variable("WEIR_CONFIG", file());
  EXPECT_EQ(load_collect_config({}).workers, 5u);
}

TEST_F(OptionsTest, CheckLeavesNothingBehind) {
  std::string data = folder_ / "a" / "b", out = folder_ / "flows.json";
  CollectConfig config =
      load({"--data", data, "--format", "json", "--transport.file", out, "--listen", "netflow://127.0.0.1:29551"});
  check_collect(config);
  EXPECT_FALSE(std::filesystem::exists(data));
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);  // weir.toml
}

TEST_F(OptionsTest, CheckFindsUnusableSettings) {
  const std::string port = "netflow://127.0.0.1:29552";
  auto problem = [&](const Arguments& flags) -> std::string {
    Arguments all = {"--listen", port};
    all.insert(all.end(), flags.begin(), flags.end());
    try {
      check_collect(load(all));
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::usage);
      return e.what();
    }
    return "fine";
  };
  const std::string good = folder_;
  EXPECT_EQ(problem({"--data", good}), "fine");
  EXPECT_NE(problem({"--data", file()}).find("is a file"), std::string::npos);
  EXPECT_NE(problem({"--data", file() + "/below"}).find("is a file"), std::string::npos);
  EXPECT_NE(problem({"--data", "/proc/weir"}).find("cannot write"), std::string::npos);
  EXPECT_NE(problem({"--data", good, "--format", "json", "--transport.file", good}).find("is a directory"),
            std::string::npos);
  EXPECT_NE(
      problem({"--data", good, "--format", "json", "--transport.file", good + "/no/f"}).find("there is no directory"),
      std::string::npos);
  auto taken = os::UdpSocket::listen({*IpAddress::parse("127.0.0.1"), 29552}, 0);
  EXPECT_NE(problem({"--data", good}).find("another program has the port"), std::string::npos);
}

TEST_F(OptionsTest, FieldsFromFlagsVariableAndFile) {
  write(
      "[[field]]\nname = \"app_name\"\nelement = \"9/12235\"\ntype = \"string\"\nnumber = 2040\n\n"
      "[[field]]\nname = \"policy\"\nelement = 346\ntype = \"unsigned\"\n");
  auto fields = [](const CollectConfig& config) {
    std::string text;
    for (const ExtraField& field : config.field_table->extras())
      text += field.name + " " + field.element_text() + " " + std::string(name_of(field.type)) + " " +
              std::to_string(field.number) + ";";
    return text;
  };
  EXPECT_EQ(fields(load()), "app_name 9/12235 string 2040;policy 346 unsigned 2001;");
  EXPECT_EQ(fields(load({"--field", "a=1/2:octets", "--field", "b=3:ipaddress:2010"})),
            "a 1/2 octets 2000;b 3 ipaddress 2010;");
  Variable variable("WEIR_FIELD", "c=5:signed, d=6:float");
  EXPECT_EQ(fields(load()), "c 5 signed 2000;d 6 float 2001;");
  EXPECT_EQ(load({"--format", "json", "--fields", "d,bytes,c"}).fields.size(), 3u);
  EXPECT_TRUE(refused({"--format", "json", "--fields", "policy"}, "policy"));
}

TEST_F(OptionsTest, EffectiveConfigurationCanBeReadBack) {
  write("[[field]]\nname = \"a\"\nelement = \"9/1\"\ntype = \"string\"\n");
  std::string shown = effective_toml(load_collect_settings(words({"--output=o=csv:/a%2Cb:bytes+a"})));
  EXPECT_TRUE(shown.contains("\n[[field]]\nname = \"a\" ")) << shown;
  EXPECT_TRUE(shown.contains("\nfields = [\"bytes\", \"a\"] ")) << shown;
  write(shown);
  EXPECT_EQ(load().field_table->extras().size(), 1u);
  ASSERT_EQ(load().outputs.size(), 1u);
  EXPECT_EQ(load().outputs[0].path, "/a,b");
}

TEST_F(OptionsTest, BadFieldsAreRefused) {
  for (auto [field, says] : {std::pair("x", "NAME=PEN/ID:TYPE"),
                             {"x=9/1", "NAME=PEN/ID:TYPE"},
                             {"X=9/1:string", "lower-case letters"},
                             {"9x=9/1:string", "lower-case letters"},
                             {"a-b=9/1:string", "lower-case letters"},
                             {"=9/1:string", "lower-case letters"},
                             {"bytes=9/1:string", "already"},
                             {"proto_name=9/1:string", "already"},
                             {"scaled_bytes=9/1:string", "already"},
                             {"time_start=9/1:string", "already"},
                             {"duration_ms=9/1:string", "already"},
                             {"x=9/:string", "no element"},
                             {"x=/1:string", "no element"},
                             {"x=nine/1:string", "no element"},
                             {"x=9/0:string", "no element"},
                             {"x=9/65536:string", "no element"},
                             {"x=4294967295/1:string", "no element"},
                             {"x=9/40000:string", "write 40000"},
                             {"x=9/1:text", "no type"},
                             {"x=9/1:strin", "did you mean string"},
                             {"x=9/1:string:1999", "from 2000 to 2047"},
                             {"x=9/1:string:2048", "from 2000 to 2047"},
                             {"x=9/1:string,x=9/2:string", "twice"},
                             {"x=9/1:string,y=9/1:octets", "already"},
                             {"x=9/1:string,y=9/2:string:2000", "2000"},
                             {"x=9/1:string:2001,y=9/2:string", "2001"}}) {
    EXPECT_TRUE(refused({"--field", field}, says)) << field;
    EXPECT_TRUE(refused({"--field", field}, "--field: ")) << field;
  }
  std::string many;
  for (size_t i = 0; i <= limits::kExtraFields; ++i)
    many += "f" + std::to_string(i) + "=9/" + std::to_string(i + 1) + ":string,";
  EXPECT_TRUE(refused({"--field", many}, "at most 32"));
}

TEST_F(OptionsTest, ExporterRulesFromFileAndFlags) {
  write(
      "[[exporter]]\naddress = \"192.0.2.0/24\"\ncounters_23_24 = \"reverse\"\n\n"
      "[[exporter]]\naddress = \"2001:db8::1\"\ncounters_23_24 = \"ignore\"\n");
  auto of = [](const CollectConfig& config, const char* address) {
    return config.exporters->post_counters(*IpAddress::parse(address));
  };
  CollectConfig config = load({});
  EXPECT_EQ(of(config, "192.0.2.7"), PostCounters::reverse);
  EXPECT_EQ(of(config, "192.0.3.7"), PostCounters::by_value);
  EXPECT_EQ(of(config, "2001:db8::1"), PostCounters::ignore);
  EXPECT_EQ(of(config, "2001:db8::2"), PostCounters::by_value);
  config = load({"--exporter", "10.0.0.0/8=counters_23_24:ignore", "--exporter", "10.1.0.0/16=counters_23_24:reverse"});
  EXPECT_EQ(of(config, "192.0.2.7"), PostCounters::by_value) << "a flag replaces the file's";
  EXPECT_EQ(of(config, "10.2.0.1"), PostCounters::ignore);
  EXPECT_EQ(of(config, "10.1.0.1"), PostCounters::reverse);
}

TEST_F(OptionsTest, BadExporterRulesNameTheirPlace) {
  auto says = [&](const std::string& toml, const std::string& line, const std::string& part) {
    write("[[exporter]]\n" + toml);
    return refused({}, file() + ":" + line) && refused({}, part);
  };
  EXPECT_TRUE(says("address = \"10.0.0.0/8\"\n", "1:", "has no counters_23_24"));
  EXPECT_TRUE(says("counters_23_24 = \"reverse\"\n", "1:", "has no address"));
  EXPECT_TRUE(says("address = \"10.0.0.0/33\"\ncounters_23_24 = \"reverse\"\n", "2:", "no network"));
  EXPECT_TRUE(says("address = \"10.0.0.1/8\"\ncounters_23_24 = \"reverse\"\n", "2:", "10.0.0.0/8"));
  EXPECT_TRUE(says("address = \"10.0.0.0/8\"\ncounters_23_24 = \"revers\"\n", "3:", "did you mean reverse"));
  EXPECT_TRUE(says("adress = \"10.0.0.0/8\"\n", "2:", "did you mean address"));
  const std::string good = "address = \"10.0.0.0/8\"\ncounters_23_24 = \"reverse\"\n";
  EXPECT_TRUE(says(good + "[[exporter]]\n" + good, "4:", "named twice"));
  write("[exporter]\naddress = \"10.0.0.0/8\"\n");
  EXPECT_TRUE(refused({}, "[[exporter]]"));
  write("");
  for (const char* rule :
       {"10.0.0.0/8", "10.0.0.0/8=counters:reverse", "=counters_23_24:reverse", "x=counters_23_24:reverse"})
    EXPECT_TRUE(refused({"--exporter", rule}, "--exporter: ")) << rule;
}

TEST_F(OptionsTest, BadFieldsOfTheFileNameTheirLine) {
  auto says = [&](const std::string& toml, const std::string& line, const std::string& part) {
    write(toml);
    return refused({}, file() + ":" + line) && refused({}, part);
  };
  const std::string good = "[[field]]\nname = \"a\"\nelement = \"9/1\"\ntype = \"string\"\n";
  EXPECT_TRUE(
      says(good + "[[field]]\nname = \"B\"\nelement = \"9/2\"\ntype = \"string\"\n", "6:", "lower-case letters"));
  EXPECT_TRUE(says(good + "[[field]]\nname = \"b\"\nelement = \"9-2\"\ntype = \"string\"\n", "7:", "no element"));
  EXPECT_TRUE(says(good + "[[field]]\nname = \"b\"\nelement = \"9/2\"\ntype = \"text\"\n", "8:", "no type"));
  EXPECT_TRUE(says(good + "[[field]]\nname = \"b\"\ntype = \"string\"\n", "5:", "no element;"));
  EXPECT_TRUE(says(good + good, "5:", "twice"));
  EXPECT_TRUE(says(good + "nmae = 1\n", "5:", "did you mean name"));
  EXPECT_TRUE(says("[field]\nname = \"a\"\n", "1:", "[[field]]"));
  EXPECT_TRUE(says("[[field]]\nname = true\nelement = 1\ntype = \"string\"\n", "2:", "true or false"));
  EXPECT_TRUE(says("[[collect]]\n", "1:", "collect"));
}

TEST_F(OptionsTest, TheExampleIsValidBothUnchangedAndUncommented) {
  std::string active;
  write(example_config());
  for (const Setting& setting : load_collect_settings(words({})).settings)
    EXPECT_TRUE(setting.value.place.is_default());
  for (const std::string& line : split_list(example_config(), '\n')) {
    const bool table = line.starts_with("# [[") && line.ends_with("]]");
    active += (line.starts_with("# ") && (line.contains(" = ") || table) ? line.substr(2) : line) + "\n";
  }
  const std::string token = "/etc/weir/grafana.token", own = folder_ / "grafana.token";
  std::ofstream(own) << "a secret\n";
  ASSERT_NE(active.find(token), std::string::npos);
  write(active.replace(active.find(token), token.size(), own));
  const LoadedConfig loaded = load_collect_settings(words({}));
  for (const Setting& setting : loaded.settings) EXPECT_FALSE(setting.value.place.is_default()) << setting.option->key;
  for (const TableSetting& setting : loaded.tables) EXPECT_EQ(setting.tables.size(), 1u) << setting.type->path;
}

// The last file that sets a key counts; tables of all files are combined.
TEST_F(OptionsTest, FilesInConfDAreReadAfterwards) {
  const auto beside = [&](const std::string& name, const std::string& toml) {
    std::filesystem::create_directory(folder_ / "conf.d");
    std::ofstream(folder_ / "conf.d" / name) << toml;
  };
  write("[collect]\nworkers = 1\nrcvbuf = \"1M\"\n[[output]]\nname = \"a\"\nformat = \"csv\"\npath = \"/a\"\n");
  beside("20.toml", "[collect]\nworkers = 3\n[[output]]\nname = \"c\"\nformat = \"csv\"\npath = \"/c\"\n");
  beside("10.toml", "[collect]\nworkers = 2\n[[output]]\nname = \"b\"\nformat = \"csv\"\npath = \"/b\"\n");
  beside("30.toml~", "not TOML");
  const LoadedConfig loaded = load_collect_settings(words({}));
  EXPECT_EQ(loaded.config.workers, 3u);
  EXPECT_EQ(loaded.config.receive_buffer_bytes, 1 << 20);
  ASSERT_EQ(loaded.config.outputs.size(), 3u);
  EXPECT_EQ(loaded.config.outputs[1].name, "b");
  EXPECT_EQ(loaded.files.size(), 3u);
  beside("40.toml", "[[output]]\nname = \"a\"\nformat = \"csv\"\npath = \"/d\"\n");
  EXPECT_TRUE(refused({}, "40.toml:1:1: output \"a\" is named twice"));
}

TEST_F(OptionsTest, AllErrorsAreReportedAtOnce) {
  write(
      "[collect]\nworkers = 999\nlisen = 1\n[store]\nkeep = \"soon\"\n[[output]]\nname = \"a b\"\nformat = \"xml\"\n"
      "path = \"/a\"\n");
  for (const char* part : {":2:11: collect.workers: \"999\"", ":3:1: unknown key collect.lisen",
                           ":5:8: store.keep: \"soon\"", ":7:8: output.name: \"a b\"", ":8:10: output.format: \"xml\""})
    EXPECT_TRUE(refused({}, part)) << part;
}

TEST_F(OptionsTest, JsonHasValuesAndOrigins) {
  write("[collect]\nworkers = 3\n[[output]]\nname = \"a\"\nformat = \"csv\"\npath = \"/a\"\nfields = [\"bytes\"]\n");
  const auto json = nlohmann::json::parse(effective_json(load_collect_settings(words({"--no-store"}))));
  EXPECT_EQ(json["collect.workers"]["value"], 3);
  EXPECT_EQ(json["collect.workers"]["origin"], file() + ":2");
  EXPECT_EQ(json["collect.no_store"]["value"], true);
  EXPECT_EQ(json["collect.no_store"]["origin"], "--no-store");
  EXPECT_EQ(json["collect.listen"]["value"].size(), 3u);
  EXPECT_EQ(json["output"][0]["fields"]["value"][0], "bytes");
  EXPECT_EQ(json["output"][0]["path"]["origin"], file() + ":6");
}

}  // namespace
}  // namespace weir
