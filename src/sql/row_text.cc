// SPDX-License-Identifier: Apache-2.0
#include "sql/row_text.h"

#include <string>
#include <utility>

namespace weir {

namespace {

struct RowFunction {
  std::vector<SqlColumn> columns;  // without values
  std::vector<size_t> passed;      // those that are arguments, in order
  SqlRowText text;
};

// What a thread keeps from chunk to chunk.
struct ThreadState {
  std::vector<SqlColumn> columns;
  std::string text;
  std::vector<size_t> ends;
};

void start_thread(duckdb_init_info info) {
  const auto* function = static_cast<const RowFunction*>(duckdb_scalar_function_init_get_extra_info(info));
  duckdb_scalar_function_init_set_state(info, new ThreadState{function->columns, {}, {}},
                                        [](void* state) { delete static_cast<ThreadState*>(state); });
}

void write_rows(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto* function = static_cast<const RowFunction*>(duckdb_scalar_function_get_extra_info(info));
  auto* state = static_cast<ThreadState*>(duckdb_scalar_function_get_state(info));
  for (size_t i = 0; i < function->passed.size(); ++i)
    state->columns[function->passed[i]].set_vector(duckdb_data_chunk_get_vector(input, i));
  state->text.clear();
  state->ends.clear();
  function->text(state->columns, duckdb_data_chunk_get_size(input), state->text, state->ends);
  size_t begin = 0;
  for (idx_t row = 0; row < state->ends.size(); begin = state->ends[row++])
    // The text consists of DuckDB's own strings, which are valid UTF-8, and of ASCII: it need not be checked again.
    duckdb_unsafe_vector_assign_string_element_len(output, row, state->text.data() + begin, state->ends[row] - begin);
}

}  // namespace

void register_row_text(duckdb_connection connection, const std::string& name, const std::vector<SqlColumn>& columns,
                       const std::vector<size_t>& passed, SqlRowText text) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, name.c_str());
  duckdb_logical_type any = duckdb_create_logical_type(DUCKDB_TYPE_ANY);
  duckdb_logical_type result = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_scalar_function_set_varargs(function, any);
  duckdb_scalar_function_set_return_type(function, result);
  duckdb_destroy_logical_type(&any);
  duckdb_destroy_logical_type(&result);
  duckdb_scalar_function_set_special_handling(function);  // it is called for nulls too
  duckdb_scalar_function_set_extra_info(function, new RowFunction{columns, passed, std::move(text)},
                                        [](void* info) { delete static_cast<RowFunction*>(info); });
  duckdb_scalar_function_set_init(function, start_thread);
  duckdb_scalar_function_set_function(function, write_rows);
  const bool taken = duckdb_register_scalar_function(connection, function) == DuckDBSuccess;
  duckdb_destroy_scalar_function(&function);
  if (!taken) throw SqlError(SqlError::Kind::other, "DuckDB does not accept the function " + name);
}

}  // namespace weir
