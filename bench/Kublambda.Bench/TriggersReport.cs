using System.Globalization;

namespace Kublambda.Bench;

/// <summary>What watchers take.</summary>
/// <param name="Triggers">How many triggers they work for.</param>
/// <param name="MiB">Their working set.</param>
/// <param name="Watches">Watches of the kind at the API server, more than before.</param>
internal sealed record WatcherFigures(int Triggers, double MiB, int Watches);

/// <summary>Many triggers on one kind.</summary>
/// <param name="Lambdas">How many.</param>
/// <param name="TriggersOfEach">Of each Lambda.</param>
/// <param name="Objects">Of the kind, beside those of the cluster itself.</param>
/// <param name="KubectlMiB">A bare <c>kubectl get -w</c> of the same objects, resident.</param>
/// <param name="SharedWithOne">The shared watcher with a single trigger.</param>
/// <param name="SharedWithAll">The shared watcher with all of them.</param>
/// <param name="PerLambda">All of them with a watcher for each Lambda.</param>
internal sealed record TriggersFigures(
    int Lambdas, int TriggersOfEach, int Objects, double KubectlMiB, WatcherFigures SharedWithOne, WatcherFigures SharedWithAll, WatcherFigures PerLambda);

/// <summary>Figures of one run, with ratios.</summary>
internal sealed record TriggersReport(Machine Machine, TriggersFigures Figures, IReadOnlyDictionary<string, double> Ratios)
{
    public static TriggersReport Of(TriggersFigures figures, Machine machine) => new(machine, figures, new Dictionary<string, double>
    {
        ["memory, shared with all triggers / with one"] = Math.Round(figures.SharedWithAll.MiB / figures.SharedWithOne.MiB, 2),
        ["memory, shared with all triggers / kubectl get -w"] = Math.Round(figures.SharedWithAll.MiB / figures.KubectlMiB, 2),
        ["memory, shared / per Lambda"] = Math.Round(figures.SharedWithAll.MiB / figures.PerLambda.MiB, 3),
        ["watches, shared / per Lambda"] = Math.Round((double)figures.SharedWithAll.Watches / figures.PerLambda.Watches, 4),
    });

    public string Table() => string.Create(CultureInfo.InvariantCulture, $"""
        {Figures.Lambdas} Lambdas with {Figures.TriggersOfEach} triggers each, {Figures.Objects} objects; kubectl get -w takes {Figures.KubectlMiB} MiB
        {Line("shared, one trigger", Figures.SharedWithOne)}
        {Line("shared, all triggers", Figures.SharedWithAll)}
        {Line("a watcher for each Lambda", Figures.PerLambda)}
        {string.Join(Environment.NewLine, Ratios.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Key,-52} {r.Value,7:F4}")))}
        """);

    public Task<string> WriteAsync(DirectoryInfo directory, CancellationToken cancellation) => ResultFile.WriteAsync(directory, "triggers", Machine, this, cancellation);

    private static string Line(string what, WatcherFigures of) =>
        string.Create(CultureInfo.InvariantCulture, $"{what,-26} {of.Triggers,4} triggers {of.Watches,4} watches {of.MiB,8:F1} MiB");
}
