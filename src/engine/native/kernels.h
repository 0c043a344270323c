// What the fused kernels share: TensorFlow's C interface for operations and kernels (declared here
// because its headers are not among those that a setup unpacks), access to the tensors of one call,
// and loops spread over threads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

extern "C" {
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char* spec);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*,
                                                     void (*)(TF_ShapeInferenceContext*, TF_Status*));
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext*, TF_Status*);
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device,
                                      void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*),
                                      void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int index, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int index, TF_DataType, const int64_t* dims,
                             int rank, size_t bytes, TF_Status*);
int TF_NumInputs(TF_OpKernelContext*);
int TF_NumOutputs(TF_OpKernelContext*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

// Compiled three times for x86 processors; the best one is chosen when the library loads. By
// instruction sets: a processor's name ("arch=...") would match that very generation alone.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

namespace cbed {

using Shape = std::vector<int64_t>;

// Eight numbers that are worked on at once, wherever they lie.
typedef float Eight __attribute__((vector_size(32), aligned(4)));
constexpr int kEight = 8;
inline const Eight& At(const float* p) { return *reinterpret_cast<const Eight*>(p); }
inline Eight& At(float* p) { return *reinterpret_cast<Eight*>(p); }

// The tensors of one call of a kernel. After the first fault every answer is null, and the call
// fails with that fault when this object goes.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call();
  Call(const Call&) = delete;

  bool ok() const { return TF_GetCode(status_) == TF_OK; }
  const float* Floats(int input) { return static_cast<const float*>(Data(input)); }
  const int32_t* Integers(int input) { return static_cast<const int32_t*>(Data(input)); }
  const uint8_t* Bytes(int input) { return static_cast<const uint8_t*>(Data(input)); }
  Shape ShapeOf(int input);
  int64_t Size(int input);
  float* Output(int index, const Shape& shape);
  int InputCount() { return TF_NumInputs(context_); }
  int OutputCount() { return TF_NumOutputs(context_); }
  // Fails the call unless a condition on its inputs holds.
  bool Require(bool condition, const char* otherwise);

 private:
  TF_Tensor* Input(int index);
  void* Data(int input);

  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> inputs_;
  std::vector<TF_Tensor*> outputs_;
};

// An operation on CPU tensors: inputs and outputs by TensorFlow's specs ("x: float", or "parts:
// N * float" for a list).
struct Operation {
  const char* name;
  std::vector<const char*> inputs;
  std::vector<const char*> outputs;
  void (*compute)(void*, TF_OpKernelContext*);
};

std::vector<Operation> NormOperations();
std::vector<Operation> ModulationOperations();
std::vector<Operation> SpectralOperations();
std::vector<Operation> ViewOperations();
std::vector<Operation> OptimiserOperations();
std::vector<Operation> PixelOperations();
std::vector<Operation> RowOperations();
std::vector<Operation> VectorOperations();
std::vector<Operation> ConditionOperations();
std::vector<Operation> SightOperations();
std::vector<Operation> ScoreOperations();
std::vector<Operation> NoiseOperations();
std::vector<Operation> MultisliceOperations();
std::vector<Operation> BoxTransmissionOperations();
std::vector<Operation> BoxWaveOperations();
std::vector<Operation> CrystalLookOperations();
std::vector<Operation> CrystalChangeOperations();
std::vector<Operation> SiteOperations();
std::vector<Operation> DenseOperations();

// Runs body(0) ... body(count - 1), each once and about `numbers` numbers of work, on all threads
// where it is worth waking them. What a part computes must not depend on which thread runs it, so
// that results are the same for every number of threads.
void ForParts(int64_t count, int64_t numbers, const std::function<void(int64_t)>& body);
void SetThreads(int threads);

}  // namespace cbed
