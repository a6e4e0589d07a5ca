// The same work from .NET, as Mono runs it. Arguments: rounds, milliseconds of a sample.
using System;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

static class Calls
{
    [DllImport("libwork.c.so")] static extern int add2(int a, int b);
    [DllImport("libwork.c.so")] static extern UIntPtr length(string text);
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)] delegate int Callback(int a, int b);
    [DllImport("libwork.c.so")] static extern IntPtr repeat(Callback f, IntPtr n);

    static long sum;

    static void Measure(string name, int rounds, double sample, Action<int> run)
    {
        int n = 1000;
        Func<double> took = () =>
        {
            var watch = Stopwatch.StartNew();
            run(n);
            return watch.ElapsedTicks * 1e9 / Stopwatch.Frequency;
        };
        while (took() < sample * 1e6) n *= 2;
        for (int round = 0; round < rounds; round++)
        {
            var samples = new double[7];
            for (int i = 0; i < samples.Length; i++) samples[i] = took() / n;
            Array.Sort(samples);
            Console.WriteLine(name + "\t" + samples[3].ToString("R", CultureInfo.InvariantCulture));
        }
    }

    static void Main(string[] arguments)
    {
        int rounds = int.Parse(arguments[0]);
        double sample = double.Parse(arguments[1], CultureInfo.InvariantCulture);
        string text = "sixteen bytes ok";
        Callback add = (a, b) => a + b;
        Measure("call", rounds, sample, n => { for (int i = 0; i < n; i++) sum += add2(i, 1); });
        Measure("text", rounds, sample, n => { for (int i = 0; i < n; i++) sum += (long)length(text); });
        Measure("callback", rounds, sample, n => sum += (long)repeat(add, (IntPtr)n));
    }
}
