using System.Globalization;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>One event as it reached the function.</summary>
internal sealed record Told(string Id, string What, string Name, string Uid, string ResourceVersion, int Version, int? OldVersion);

/// <summary>
/// Compares what was done with what was told. Watches of Kubernetes do not promise every state between two: where the API server
/// lost its history while nobody could watch, several changes of one object come as one, from the state that was seen last to
/// the newest. Those are counted as merged. What may never be is a gap: an event whose old state is newer than what was told
/// before, a last state or a deletion that was not told.
/// </summary>
internal sealed record Verdict(
    int Changes, int Events, int Duplicates, int Merged, IReadOnlyList<string> Lost, IReadOnlyList<string> OutOfOrder, IReadOnlyList<string> UnequalIds)
{
    public static Verdict Of(IReadOnlyDictionary<string, List<Changer.Change>> ledger, IReadOnlyList<Told> told)
    {
        var lost = new List<string>();
        var disorder = new List<string>();
        var merged = 0;
        var first = told.DistinctBy(t => t.Id).ToList();
        foreach (var (name, changes) in ledger)
        {
            var events = first.Where(t => t.Name == name).ToList();
            foreach (var life in changes.GroupBy(change => change.Uid))
            {
                var seen = events.Where(e => e.Uid == life.Key).ToList();
                merged += Check(name, [.. life], seen, lost, disorder);
            }

            // One life after the other.
            var lives = changes.Select(change => change.Uid).Distinct().ToList();
            var order = events.Select(e => lives.IndexOf(e.Uid)).ToList();
            if (!order.SequenceEqual(order.Order()))
                disorder.Add($"{name}: events of a later object of this name came before the end of the one before");
        }

        var unequal = told.GroupBy(t => (t.Uid, t.What, t.ResourceVersion)).Where(g => g.Select(t => t.Id).Distinct().Count() > 1)
            .Select(g => $"{g.Key}: {string.Join(", ", g.Select(t => t.Id).Distinct())}")
            .Concat(told.GroupBy(t => t.Id).Where(g => g.Select(t => (t.Uid, t.What, t.ResourceVersion)).Distinct().Count() > 1).Select(g => $"{g.Key} stands for several"));
        return new Verdict(ledger.Values.Sum(c => c.Count), first.Count, told.Count - first.Count, merged, lost, disorder, [.. unequal]);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Changes} changes, {Events} events, {Merged} merged, {Duplicates} duplicates, {Lost.Count} lost, {OutOfOrder.Count} out of order, {UnequalIds.Count} with unequal ids");

    /// <summary>The events of one object from its making to its end.</summary>
    /// <returns>How many changes came together with another.</returns>
    private static int Check(string name, List<Changer.Change> life, List<Told> seen, List<string> lost, List<string> disorder)
    {
        var isGone = life[^1].What == "deleted";
        // Made and deleted again while nobody could watch: then nobody could know.
        if (seen.Count == 0)
        {
            if (isGone)
                return life.Count;
            lost.Add($"{name}: nothing was told of {life[0].Uid}");
            return 0;
        }

        if (seen[0].What != "added")
            lost.Add($"{name}: began with {seen[0].What} {seen[0].Version}");
        for (var i = 1; i < seen.Count; i++)
        {
            var (before, now) = (seen[i - 1], seen[i]);
            if (now.What == "modified" && now.OldVersion > before.Version)
                lost.Add($"{name}: from {before.Version} to {now.OldVersion} nothing was told");
            if (now.Version < before.Version || before.What == "deleted")
                disorder.Add($"{name}: {before.What} {before.Version}, then {now.What} {now.Version}");
        }

        if (isGone != (seen[^1].What == "deleted"))
            lost.Add($"{name}: ended with {seen[^1].What} {seen[^1].Version}, not with {life[^1].What} {life[^1].Version}");
        else if (!isGone && seen[^1].Version != life[^1].Version)
            lost.Add($"{name}: ended with {seen[^1].Version}, not with {life[^1].Version}");
        return life.Count - seen.Select(s => (s.What, s.Version)).Distinct().Count();
    }
}
