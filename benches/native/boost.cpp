// Boost.Signals2 behind C functions.
#include <boost/signals2.hpp>

namespace s = boost::signals2;
using Routine = void (*)(void *, void *, void *);
using Signature = void(void *, void *);

using Signal = s::signal<Signature>;

extern "C" {
void *boost_make() { return new Signal; }
void *boost_add(void *signal, Routine routine, void *context) {
    auto slot = [=](void *a, void *b) { routine(context, a, b); };
    return new s::connection(static_cast<Signal *>(signal)->connect(slot));
}
void boost_remove(void *connection) {
    auto *c = static_cast<s::connection *>(connection);
    c->disconnect();
    delete c;
}
void boost_emit(void *signal, void *a, void *b) { (*static_cast<Signal *>(signal))(a, b); }
}
