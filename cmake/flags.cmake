# SPDX-License-Identifier: Apache-2.0
# Warnings are errors; asserts (WEIR_ASSERT) do not depend on NDEBUG.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these in its own headers once optimised.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wno-shadow) # stricter than GCC's, which the dev build has
  add_compile_options(-Wno-deprecated-declarations) # std::stable_sort in GCC 12's library
endif()
if(WEIR_SANITIZE MATCHES "address")
  add_compile_definitions(WEIR_ADDRESS_SANITIZER)
endif()
if(WEIR_SANITIZE)
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized) # GCC 12, in its own <regex> and <functional> once instrumented
    if(WEIR_SANITIZE STREQUAL "thread")
      add_compile_options(-Wno-tsan) # Asio's fences, which it cannot see; it sees the locks of Asio's queues
    endif()
  endif()
  add_link_options(-fsanitize=${WEIR_SANITIZE})
endif()
add_compile_definitions(WEIR_VERSION="${PROJECT_VERSION}")
add_link_options(-Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
