using System.Globalization;

namespace Kublambda.Bench;

/// <summary>What a resource trigger does beside a bare <c>kubectl get -w</c> of the same objects in the same minute.</summary>
/// <param name="AddedMillisecondsP50">From the line of kubectl to the function, half of the events.</param>
/// <param name="AddedMillisecondsP99">The same, 99 of 100.</param>
/// <param name="WrittenPerSecond">Changes that the API server took in the burst.</param>
/// <param name="WatchedPerSecond">Of these, lines that kubectl printed in a second.</param>
/// <param name="CalledPerSecond">Of these, events that the function answered in a second.</param>
/// <param name="MiBWith200Objects">Working set of the watcher.</param>
/// <param name="Objects">Objects of the last figure.</param>
/// <param name="MiBWithObjects">Working set with so many.</param>
internal sealed record WatchFigures(
    double AddedMillisecondsP50, double AddedMillisecondsP99, double WrittenPerSecond, double WatchedPerSecond, double CalledPerSecond, double MiBWith200Objects, int Objects, double MiBWithObjects);

/// <summary>Figures of one run, with ratios.</summary>
internal sealed record WatchReport(Machine Machine, WatchFigures Figures, IReadOnlyDictionary<string, double> Ratios)
{
    public static WatchReport Of(WatchFigures figures, Machine machine) => new(machine, figures, new Dictionary<string, double>
    {
        ["events a second, function / kubectl"] = Math.Round(figures.CalledPerSecond / figures.WatchedPerSecond, 3),
        ["memory, many objects / 200"] = Math.Round(figures.MiBWithObjects / figures.MiBWith200Objects, 2),
    });

    public string Table() => string.Create(CultureInfo.InvariantCulture, $"""
        added latency                p50 {Figures.AddedMillisecondsP50} ms   p99 {Figures.AddedMillisecondsP99} ms
        burst                        {Figures.WrittenPerSecond} changes/s written, {Figures.WatchedPerSecond} lines/s by kubectl, {Figures.CalledPerSecond} events/s through to the function
        memory of the watcher        {Figures.MiBWith200Objects} MiB with 200 objects, {Figures.MiBWithObjects} MiB with {Figures.Objects}
        {string.Join(Environment.NewLine, Ratios.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key,-40} {r.Value,6:F2}")))}
        """);

    public Task<string> WriteAsync(DirectoryInfo directory, CancellationToken cancellation) => ResultFile.WriteAsync(directory, "watch", Machine, this, cancellation);
}
