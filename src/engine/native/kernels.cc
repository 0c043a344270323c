// The library of fused kernels: loading it registers its operations with the TensorFlow that is in
// the process. They go through memory once where TensorFlow's own kernels go through it for every
// step of a formula.
#include "kernels.h"

#include <node_api.h>

#include <cstring>

namespace cbed {

Call::~Call() {
  if (!ok()) TF_OpKernelContext_Failure(context_, status_);
  for (TF_Tensor* tensor : inputs_) {
    if (tensor) TF_DeleteTensor(tensor);
  }
  for (TF_Tensor* tensor : outputs_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

TF_Tensor* Call::Input(int index) {
  if (!ok()) return nullptr;
  if (inputs_.size() <= static_cast<size_t>(index)) inputs_.resize(index + 1, nullptr);
  if (!inputs_[index]) TF_GetInput(context_, index, &inputs_[index], status_);
  return ok() ? inputs_[index] : nullptr;
}

void* Call::Data(int input) {
  TF_Tensor* tensor = Input(input);
  return tensor ? TF_TensorData(tensor) : nullptr;
}

Shape Call::ShapeOf(int input) {
  Shape shape;
  if (TF_Tensor* tensor = Input(input)) {
    for (int i = 0; i < TF_NumDims(tensor); i++) shape.push_back(TF_Dim(tensor, i));
  }
  return shape;
}

int64_t Call::Size(int input) {
  TF_Tensor* tensor = Input(input);
  return tensor ? TF_TensorElementCount(tensor) : 0;
}

float* Call::Output(int index, const Shape& shape) {
  if (!ok()) return nullptr;
  int64_t size = 1;
  for (int64_t length : shape) size *= length;
  TF_Tensor* tensor = TF_AllocateOutput(context_, index, TF_FLOAT, shape.data(), shape.size(),
                                        size * sizeof(float), status_);
  if (!ok()) return nullptr;
  outputs_.push_back(tensor);
  return static_cast<float*>(TF_TensorData(tensor));
}

bool Call::Require(bool condition, const char* otherwise) {
  if (ok() && !condition) TF_SetStatus(status_, TF_INVALID_ARGUMENT, otherwise);
  return ok();
}

namespace {

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

// Registers one operation and its kernel; the complaint, or nothing.
std::string Register(const Operation& operation) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* spec : operation.inputs) TF_OpDefinitionBuilderAddInput(builder, spec);
  for (const char* spec : operation.outputs) TF_OpDefinitionBuilderAddOutput(builder, spec);
  for (const auto* specs : {&operation.inputs, &operation.outputs}) {
    for (const char* spec : *specs) {
      if (std::strstr(spec, " N * ")) TF_OpDefinitionBuilderAddAttr(builder, "N: int >= 1");
    }
  }
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, UnknownShape);
  TF_RegisterOpDefinition(builder, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(
        operation.name,
        TF_NewKernelBuilder(operation.name, "CPU", nullptr, operation.compute, nullptr), status);
  }
  const std::string complaint = TF_GetCode(status) == TF_OK ? "" : TF_Message(status);
  TF_DeleteStatus(status);
  return complaint;
}

std::string RegisterAll() {
  for (const auto& operations :
       {NormOperations(), ModulationOperations(), SpectralOperations(), ViewOperations(),
        OptimiserOperations(), PixelOperations(), RowOperations(), VectorOperations(),
        ConditionOperations(), SightOperations(), ScoreOperations(), NoiseOperations(),
        MultisliceOperations(), BoxTransmissionOperations(), BoxWaveOperations(),
        CrystalLookOperations(), CrystalChangeOperations(), SiteOperations(),
        DenseOperations()}) {
    for (const Operation& operation : operations) {
      const std::string complaint = Register(operation);
      if (!complaint.empty()) return complaint;
    }
  }
  return "";
}

// register(threads): makes the operations known; returns TensorFlow's complaint, or ''.
napi_value RegisterForNode(napi_env env, napi_callback_info info) {
  napi_value argument, answer;
  size_t count = 1;
  int32_t threads = 1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  if (napi_get_value_int32(env, argument, &threads) != napi_ok) {
    napi_throw_type_error(env, nullptr, "register takes a number of threads");
    return nullptr;
  }
  SetThreads(threads);
  static const std::string complaint = RegisterAll();
  napi_create_string_utf8(env, complaint.data(), complaint.size(), &answer);
  return answer;
}

}  // namespace
}  // namespace cbed

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "register", NAPI_AUTO_LENGTH, cbed::RegisterForNode, nullptr, &function);
  napi_set_named_property(env, exports, "register", function);
  return exports;
}
