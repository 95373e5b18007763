# SPDX-License-Identifier: Apache-2.0
# Third-party libraries, linked from their static archives so that `weir` is one file
# (docs/decisions/0001-one-static-binary.md). Header-only ones are used as such.
find_package(Threads REQUIRED)

function(weir_static name archive)
  find_library(${name}_ARCHIVE NAMES ${archive} REQUIRED)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${${name}_ARCHIVE})
endfunction()

weir_static(weir_sqlite libsqlite3.a)
target_link_libraries(weir_sqlite INTERFACE Threads::Threads m)
add_library(SQLite::SQLite3 ALIAS weir_sqlite)

weir_static(weir_zlib libz.a)
weir_static(weir_zstd libzstd.a)

# Abseil's containers. Its CMake package names shared libraries on Debian (`weir` is one file), so the archives are named here;
# they depend on one another, hence the group.
file(GLOB ABSL_ARCHIVES /usr/lib/*/libabsl_raw_hash_set.a /usr/lib/*/libabsl_hash.a /usr/lib/*/libabsl_city.a
     /usr/lib/*/libabsl_low_level_hash.a /usr/lib/*/libabsl_hashtablez_sampler.a /usr/lib/*/libabsl_exponential_biased.a
     /usr/lib/*/libabsl_synchronization.a /usr/lib/*/libabsl_graphcycles_internal.a /usr/lib/*/libabsl_stacktrace.a
     /usr/lib/*/libabsl_symbolize.a /usr/lib/*/libabsl_malloc_internal.a /usr/lib/*/libabsl_debugging_internal.a
     /usr/lib/*/libabsl_demangle_internal.a /usr/lib/*/libabsl_time.a /usr/lib/*/libabsl_civil_time.a
     /usr/lib/*/libabsl_time_zone.a /usr/lib/*/libabsl_int128.a /usr/lib/*/libabsl_strings.a
     /usr/lib/*/libabsl_strings_internal.a /usr/lib/*/libabsl_throw_delegate.a /usr/lib/*/libabsl_base.a
     /usr/lib/*/libabsl_spinlock_wait.a /usr/lib/*/libabsl_raw_logging_internal.a /usr/lib/*/libabsl_log_severity.a
     /usr/lib/*/libabsl_bad_optional_access.a /usr/lib/*/libabsl_bad_variant_access.a)
add_library(weir_absl INTERFACE)
target_link_libraries(weir_absl INTERFACE -Wl,--start-group ${ABSL_ARCHIVES} -Wl,--end-group Threads::Threads)

# DuckDB: fetched by `./dev setup` (docs/decisions/0006-duckdb-inside.md). Archives that nothing refers to add
# nothing to a program; they depend on one another, hence the group.
set(WEIR_DUCKDB_DIR ${PROJECT_SOURCE_DIR}/.cache/duckdb-1.5.5 CACHE PATH "Folder of duckdb.h and DuckDB's static archives")
if(NOT EXISTS ${WEIR_DUCKDB_DIR}/duckdb.h OR NOT EXISTS ${WEIR_DUCKDB_DIR}/libduckdb_static.a)
  message(FATAL_ERROR "DuckDB is not in ${WEIR_DUCKDB_DIR}. Run ./dev setup, which fetches it, or set WEIR_DUCKDB_DIR.")
endif()
file(GLOB DUCKDB_ARCHIVES ${WEIR_DUCKDB_DIR}/lib*.a)
add_library(weir_duckdb INTERFACE)
target_include_directories(weir_duckdb SYSTEM INTERFACE ${WEIR_DUCKDB_DIR})
string(REPLACE ";" "," DUCKDB_ARCHIVES "${DUCKDB_ARCHIVES}")
target_link_libraries(weir_duckdb INTERFACE $<LINK_GROUP:RESCAN,${DUCKDB_ARCHIVES}> Threads::Threads m ${CMAKE_DL_LIBS})

# Boost.Beast and Asio are headers; TLS is OpenSSL's (docs/decisions/0014-one-http-library.md).
weir_static(weir_crypto libcrypto.a)
weir_static(weir_ssl libssl.a)
target_link_libraries(weir_ssl INTERFACE weir_crypto Threads::Threads ${CMAKE_DL_LIBS})
add_library(weir_http_libraries INTERFACE)
target_link_libraries(weir_http_libraries INTERFACE weir_ssl)

add_library(weir_cli INTERFACE) # CLI11 and toml++ are header-only

find_package(GTest REQUIRED)
find_package(benchmark QUIET)
