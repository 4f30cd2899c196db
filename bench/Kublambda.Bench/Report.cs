using System.Globalization;
using System.Text;

namespace Kublambda.Bench;

/// <summary>Figures of one run, with ratios: seconds mean little on another machine, ratios do.</summary>
internal sealed record Report(Machine Machine, IReadOnlyList<Figure> Figures, IReadOnlyDictionary<string, double> Ratios)
{
    public static Report Of(IReadOnlyList<Sample> samples, Machine machine)
    {
        var figures = samples.GroupBy(s => s.Measure).Select(g => Figure.Of(g.Key, [.. g.Select(s => s.Seconds).Order()])).ToList();
        double P50(string measure) => figures.Single(f => f.Measure == measure).P50;
        var floor = P50(Measures.Deployment) + P50(Measures.Build);
        return new(machine, figures, new Dictionary<string, double>
        {
            ["apply / (bare build pod + Deployment)"] = P50(Measures.Apply) / floor,
            ["change / (bare build pod + Deployment)"] = P50(Measures.Change) / floor,
            ["apply / Deployment"] = P50(Measures.Apply) / P50(Measures.Deployment),
            ["apply / bare build pod"] = P50(Measures.Apply) / P50(Measures.Build),
        });
    }

    public string Table()
    {
        var text = new StringBuilder();
        foreach (var f in Figures)
            text.AppendLine(CultureInfo.InvariantCulture, $"{f.Measure,-36} p50 {f.P50,6:F2} s   p95 {f.P95,6:F2} s   n {f.Seconds.Count}");
        foreach (var (name, ratio) in Ratios)
            text.AppendLine(CultureInfo.InvariantCulture, $"{name,-40} {ratio,5:F2}   (of the p50)");
        return text.ToString();
    }

    public Task<string> WriteAsync(DirectoryInfo directory, CancellationToken cancellation) => ResultFile.WriteAsync(directory, "lifecycle", Machine, this, cancellation);
}

/// <summary>One measure: its samples in seconds, sorted, and the nearest-rank percentiles of them.</summary>
internal sealed record Figure(string Measure, double P50, double P95, IReadOnlyList<double> Seconds)
{
    public static Figure Of(string measure, IReadOnlyList<double> sorted) =>
        new(measure, Math.Round(sorted.Percentile(0.50), 3), Math.Round(sorted.Percentile(0.95), 3), [.. sorted.Select(s => Math.Round(s, 3))]);
}

/// <summary>Nearest-rank percentiles.</summary>
internal static class Percentiles
{
    public static double Percentile(this IReadOnlyList<double> sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)];
}
