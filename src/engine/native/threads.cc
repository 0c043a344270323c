// Loops over parts, shared between the caller and helpers that sleep until there is work.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kernels.h"

namespace cbed {
namespace {

int wanted_threads = 1;

// Fewer numbers than these are done before a sleeping thread has woken.
constexpr int64_t kWorthWaking = 1 << 19;

class Pool {
 public:
  explicit Pool(int helpers) {
    for (int i = 0; i < helpers; i++) std::thread([this] { Help(); }).detach();
  }

  void Run(int64_t count, const std::function<void(int64_t)>& body) {
    std::lock_guard<std::mutex> one_loop_at_a_time(callers_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      body_ = &body;
      count_ = count;
      next_ = 0;
      open_ = true;
      round_++;
    }
    wake_.notify_all();
    Work();
    // Helpers that came too late find the round closed; those inside are nearly done.
    std::unique_lock<std::mutex> lock(mutex_);
    open_ = false;
    idle_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void Work() {
    for (int64_t part; (part = next_.fetch_add(1)) < count_;) (*body_)(part);
  }

  void Help() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      if (!open_) continue;
      busy_++;
      lock.unlock();
      Work();
      lock.lock();
      if (--busy_ == 0) idle_.notify_one();
    }
  }

  std::mutex callers_, mutex_;
  std::condition_variable wake_, idle_;
  const std::function<void(int64_t)>* body_ = nullptr;
  int64_t count_ = 0;
  std::atomic<int64_t> next_{0};
  uint64_t round_ = 0;
  int busy_ = 0;
  bool open_ = false;
};

}  // namespace

void SetThreads(int threads) { wanted_threads = threads; }

void ForParts(int64_t count, int64_t numbers, const std::function<void(int64_t)>& body) {
  if (wanted_threads < 2 || count < 2 || count * numbers < kWorthWaking) {
    for (int64_t part = 0; part < count; part++) body(part);
    return;
  }
  // Never deleted: its threads live as long as the process.
  static Pool* const pool = new Pool(wanted_threads - 1);
  pool->Run(count, body);
}

}  // namespace cbed
