using System.Globalization;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>One event as it reached the function.</summary>
internal sealed record Told(string Id, string What, string Name, string Uid, string ResourceVersion, int Version, int? OldVersion);

/// <summary>
/// Compares what was done with what was told: every single change has to be an event of its own, in the order of the changes of its
/// object, with the state before. The same event may come twice, then with the same id.
/// </summary>
internal sealed record Verdict(
    int Changes, int Events, int Duplicates, IReadOnlyList<string> Lost, IReadOnlyList<string> OutOfOrder, IReadOnlyList<string> UnequalIds)
{
    public static Verdict Of(IReadOnlyDictionary<string, List<Changer.Change>> ledger, IReadOnlyList<Told> told)
    {
        var first = told.DistinctBy(t => t.Id).ToList();
        var events = first.ToLookup(t => t.Name);
        var (lost, wrong) = (new List<string>(), new List<string>());
        foreach (var (name, changes) in ledger)
        {
            var seen = events[name].Select(e => Step(e.What, e.Version, e.Uid)).ToList();
            var done = changes.Select(c => Step(c.What, c.Version, c.Uid)).ToList();
            lost.AddRange(done.Except(seen).Select(step => $"{name}: {step}"));
            wrong.AddRange(seen.Except(done).Select(step => $"{name}: {step} was told and never done"));
            wrong.AddRange(seen.GroupBy(step => step).Where(g => g.Count() > 1).Select(g => $"{name}: {g.Key} was told with {g.Count()} ids"));
            var order = seen.Select(step => done.IndexOf(step)).Where(i => i >= 0).ToList();
            if (!order.SequenceEqual(order.Order()))
                wrong.Add($"{name}: done {string.Join(", ", done)}; told {string.Join(", ", seen)}");
        }

        wrong.AddRange(first.Where(e => e.OldVersion != (e.What switch { "added" => null, "deleted" => e.Version, _ => e.Version - 1 }))
            .Select(e => $"{e.Name}: {e.What} {e.Version} came with {e.OldVersion} as the state before"));
        return new Verdict(ledger.Values.Sum(c => c.Count), first.Count, told.Count - first.Count, lost, wrong, Unequal(told));
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Changes} changes, {Events} events, {Lost.Count} lost, {Duplicates} duplicates, {OutOfOrder.Count} out of order, {UnequalIds.Count} with unequal ids");

    private static string Step(string what, int version, string uid) => $"{what} {version} of {uid[..8]}";

    /// <summary>The same event under two ids, or two under one.</summary>
    private static IReadOnlyList<string> Unequal(IReadOnlyList<Told> told) =>
    [
        .. told.GroupBy(t => (t.Uid, t.What, t.ResourceVersion)).Where(g => g.Select(t => t.Id).Distinct().Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(t => t.Id).Distinct())}"),
        .. told.GroupBy(t => t.Id).Where(g => g.Select(t => (t.Uid, t.What, t.ResourceVersion)).Distinct().Count() > 1).Select(g => $"{g.Key} stands for several"),
    ];
}
