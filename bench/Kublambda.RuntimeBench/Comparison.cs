namespace Kublambda.RuntimeBench;

/// <summary>What a request took: processor time of the server, and time from sending to the last byte, in microseconds.</summary>
internal readonly record struct Sample(double CpuMicroseconds, double Microseconds);

/// <summary>Medians over the rounds; the ratios are medians of the ratios of neighbours, which other work on the machine disturbs least.</summary>
internal sealed record Comparison(
    string Runtime, double BareCpuMicroseconds, double InvokerCpuMicroseconds, double CpuRatio, double BareMicroseconds, double InvokerMicroseconds, double ElapsedRatio)
{
    public static Comparison Of(string runtime, IReadOnlyList<(Sample Bare, Sample Invoker)> samples) => new(
        runtime,
        Median(samples.Select(s => s.Bare.CpuMicroseconds)), Median(samples.Select(s => s.Invoker.CpuMicroseconds)),
        Median(samples.Select(s => s.Invoker.CpuMicroseconds / s.Bare.CpuMicroseconds)),
        Median(samples.Select(s => s.Bare.Microseconds)), Median(samples.Select(s => s.Invoker.Microseconds)),
        Median(samples.Select(s => s.Invoker.Microseconds / s.Bare.Microseconds)));

    private static double Median(IEnumerable<double> values) => Math.Round(values.Order().ToList() is var sorted ? sorted[sorted.Count / 2] : 0, 3);
}
