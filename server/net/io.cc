#include "server/net/io.h"

#include <pthread.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace meerkat::net {
namespace {

std::string TextOf(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace

IoThread::IoThread(Logger log)
    : log_(std::move(log)),
      keep_running_(boost::asio::make_work_guard(context_)),
      thread_([this] { Run(); }) {}

IoThread::~IoThread() {
  Stop();
}

void IoThread::Run() {
  pthread_setname_np(pthread_self(), "io");
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& error) {
      log_.Error("Task failed on the io thread", {{"err", error.what()}});
    }
  }
}

void IoThread::Stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::Post(std::function<void()> task) {
  boost::asio::post(context_, std::move(task));
}

void IoThread::Spawn(Awaitable<void> coroutine) {
  boost::asio::co_spawn(context_, std::move(coroutine), [this](std::exception_ptr failure) {
    if (failure) {
      log_.Error("Coroutine failed", {{"err", TextOf(std::move(failure))}});
    }
  });
}

}  // namespace meerkat::net
