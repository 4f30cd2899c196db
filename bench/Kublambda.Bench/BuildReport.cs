using System.Globalization;
using System.Text;

namespace Kublambda.Bench;

/// <summary>Figures of builds, and their ratios to the bare build pod of the same minutes.</summary>
internal sealed record BuildReport(Machine Machine, IReadOnlyList<BuildFigure> Figures, IReadOnlyDictionary<string, double> Ratios)
{
    public const string Bare = "baseline: bare buildah pod";

    public static BuildReport Of(IReadOnlyList<BuildSample> samples, Machine machine)
    {
        var figures = samples.GroupBy(s => s.Measure)
            .Select(g => new BuildFigure(Figure.Of(g.Key, [.. g.Select(s => s.Seconds).Order()]), g.Max(s => s.Bytes))).ToList();
        var bare = figures.Single(f => f.Time.Measure == Bare).Time.P50;
        return new(machine, figures, figures.ToDictionary(f => $"{f.Time.Measure} / bare buildah pod", f => Math.Round(f.Time.P50 / bare, 3)));
    }

    public string Table()
    {
        var text = new StringBuilder();
        foreach (var (f, ratio) in Figures.Zip(Ratios.Values))
            text.AppendLine(CultureInfo.InvariantCulture, $"{f.Time.Measure,-44} p50 {f.Time.P50,6:F2} s   p95 {f.Time.P95,6:F2} s   {ratio,5:F2} of the bare pod   {f.Bytes,9} bytes pushed");
        return text.ToString();
    }

    public Task<string> WriteAsync(DirectoryInfo directory, CancellationToken cancellation) => ResultFile.WriteAsync(directory, "build", Machine, this, cancellation);
}

/// <summary>One kind of build.</summary>
/// <param name="Time">Its seconds.</param>
/// <param name="Bytes">Most bytes that it pushed; null where that was not looked at.</param>
internal sealed record BuildFigure(Figure Time, long? Bytes);
