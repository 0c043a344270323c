// What JavaScript cannot do for the engine: hold back what a library prints on stderr while it
// loads, and load libraries so that later ones find them by name.
#include <dlfcn.h>
#include <node_api.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace {

int saved_stderr = -1;
int held_output = -1;

napi_value Text(napi_env env, const std::string& text) {
  napi_value value;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

// hold(): from now on stderr goes into memory. Does nothing when it is held already.
napi_value Hold(napi_env, napi_callback_info) {
  if (saved_stderr >= 0) return nullptr;
  const int memory = memfd_create("held-stderr", MFD_CLOEXEC);
  const int copy = memory < 0 ? -1 : dup(STDERR_FILENO);
  fflush(stderr);
  if (copy >= 0 && dup2(memory, STDERR_FILENO) >= 0) {
    saved_stderr = copy;
    held_output = memory;
  }
  return nullptr;
}

// release(): stderr is itself again; returns what was held.
napi_value Release(napi_env env, napi_callback_info) {
  std::string text;
  if (saved_stderr < 0) return Text(env, text);
  fflush(stderr);
  dup2(saved_stderr, STDERR_FILENO);
  close(saved_stderr);
  lseek(held_output, 0, SEEK_SET);
  char block[4096];
  for (ssize_t n; (n = read(held_output, block, sizeof block)) > 0;) text.append(block, n);
  close(held_output);
  saved_stderr = held_output = -1;
  return Text(env, text);
}

// preload(path): loads a library for all; returns the loader's complaint, '' when it worked.
napi_value Preload(napi_env env, napi_callback_info info) {
  napi_value path_value;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &path_value, nullptr, nullptr);
  char path[4096];
  size_t length;
  if (napi_get_value_string_utf8(env, path_value, path, sizeof path, &length) != napi_ok) {
    napi_throw_type_error(env, nullptr, "preload takes a path");
    return nullptr;
  }
  const bool loaded = dlopen(path, RTLD_NOW | RTLD_GLOBAL) != nullptr;
  return Text(env, loaded ? "" : dlerror());
}

void Export(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  Export(env, exports, "hold", Hold);
  Export(env, exports, "release", Release);
  Export(env, exports, "preload", Preload);
  return exports;
}
