namespace Kublambda.Gc.Cleaning;

/// <summary>In which order the manifests of a repository go.</summary>
public static class DeletionPlan
{
    /// <summary>
    /// Every manifest once, an index always before what it lists: registries refuse to delete what is still listed, and
    /// a run that is cut short must not leave an index with holes. Same inventory, same order.
    /// </summary>
    public static IReadOnlyList<string> PlanDeletion(IReadOnlyDictionary<string, string> tags, IReadOnlyCollection<ManifestNode> manifests)
    {
        var children = manifests.DistinctBy(m => m.Digest).ToDictionary(m => m.Digest, m => m.Children, StringComparer.Ordinal);
        foreach (var digest in tags.Values)
            children.TryAdd(digest, []);
        var parents = children.Keys.ToDictionary(digest => digest, _ => 0, StringComparer.Ordinal);
        foreach (var child in children.Values.SelectMany(list => list.Distinct(StringComparer.Ordinal)).Where(parents.ContainsKey))
            parents[child]++;

        var free = new SortedSet<string>(parents.Where(p => p.Value == 0).Select(p => p.Key), StringComparer.Ordinal);
        var order = new List<string>(children.Count);
        while (free.Min is { } next)
        {
            free.Remove(next);
            order.Add(next);
            foreach (var child in children[next].Distinct(StringComparer.Ordinal).Where(parents.ContainsKey))
            {
                if (--parents[child] == 0)
                    free.Add(child);
            }
        }
        return order;
    }
}
