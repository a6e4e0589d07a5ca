-- The same work from LuaJIT. Arguments: the library, rounds, milliseconds of a sample.
local ffi = require "ffi"
ffi.cdef [[
    int add2(int a, int b);
    size_t length(const char *s);
    long repeat(int (*f)(int, int), long n);
    struct timespec { long s, ns; };
    int clock_gettime(int clock, struct timespec *t);
]]
local work = ffi.load(arg[1])
local rounds, sample = tonumber(arg[2]), tonumber(arg[3]) * 1e6

local time = ffi.new("struct timespec")
local function now()
    ffi.C.clock_gettime(1, time)
    return tonumber(time.s) * 1e9 + tonumber(time.ns)
end

-- Strings of Lua end with a NUL already; sixteen of them, so that no call is hoisted out of the loop.
local texts = {}
for i = 0, 15 do texts[i] = string.format("%015d%x", 0, i) end
local add = ffi.cast("int (*)(int, int)", function(a, b) return a + b end)
local sum = 0
local works = {
    call = function(n) for i = 1, n do sum = sum + work.add2(i, 1) end end,
    text = function(n) for i = 1, n do sum = sum + tonumber(work.length(texts[i % 16])) end end,
    callback = function(n) sum = sum + tonumber(work["repeat"](add, n)) end,
}

for _, name in ipairs { "call", "text", "callback" } do
    local run, n = works[name], 1000
    local function took()
        local start = now()
        run(n)
        return now() - start
    end
    while took() < sample do n = n * 2 end
    for _ = 1, rounds do
        local samples = {}
        for i = 1, 7 do samples[i] = took() / n end
        table.sort(samples)
        print(name, samples[4])
    end
end
