"""Callback objects from Python, with nothing but ctypes and the shared library.

python3 client.py /path/to/libcallback_object.so
"""

import ctypes
import sys
import threading
from ctypes import byref, c_char_p, c_int32, c_uint8, c_uint32, c_void_p

cbo = ctypes.CDLL(sys.argv[1])
Routine = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
STATUS_SUCCESS, STATUS_INVALID_HANDLE = 0, -0x3FFFFFF8
OBJ_PERMANENT, OBJ_CASE_INSENSITIVE = 0x10, 0x40


def declare(name, result, *parameters):
    function = getattr(cbo, name)
    function.restype, function.argtypes = result, parameters
    return function


create = declare("CboCreateCallback", c_int32, ctypes.POINTER(c_void_p), c_char_p, c_uint32, c_uint8, c_uint8)
register = declare("ExRegisterCallback", c_void_p, c_void_p, Routine, c_void_p)
notify = declare("ExNotifyCallback", None, c_void_p, c_void_p, c_void_p)
unregister = declare("CboUnregisterCallback", c_int32, c_void_p)
dereference = declare("ObDereferenceObject", ctypes.c_ssize_t, c_void_p)


def opened(name, flags, may_create):
    made = c_void_p()
    status = create(byref(made), name.encode(), flags, may_create, True)
    assert status == STATUS_SUCCESS, hex(status & 0xFFFFFFFF)
    return made


creator = opened("\\Callback\\Python", OBJ_PERMANENT, True)
client = opened("\\callback\\PYTHON", OBJ_CASE_INSENSITIVE, False)
assert client.value == creator.value

calls, registrations = [], {}


@Routine
def every(context, argument1, argument2):
    calls.append((context, argument1, argument2))


@Routine
def once(context, argument1, argument2):
    calls.append("once")
    assert unregister(registrations["once"]) == STATUS_SUCCESS


registrations["every"] = register(client, every, 7)
registrations["once"] = register(client, once, None)
notify(creator, 1, None)
notify(creator, 2**63 + 5, 2)
assert calls == [(7, 1, None), "once", (7, 2**63 + 5, 2)], calls

# A notification from another thread runs there, as it has to.
seen = []


@Routine
def where(context, argument1, argument2):
    seen.append(threading.get_ident())


registrations["where"] = register(client, where, None)
thread = threading.Thread(target=notify, args=(creator, None, None))
thread.start()
thread.join()
assert seen == [thread.ident]

assert unregister(registrations["every"]) == STATUS_SUCCESS
assert unregister(registrations["every"]) == STATUS_INVALID_HANDLE
assert unregister(registrations["where"]) == STATUS_SUCCESS
calls.clear()
notify(creator, None, None)
assert calls == []
assert dereference(client) == 1
assert dereference(creator) == 0
print("ok")
