using Kublambda.Contracts;
using Kublambda.Gc.Cluster;

namespace Kublambda.Gc.Sweeping;

/// <summary>A repository that says of itself whose it is.</summary>
public sealed record OwnedRepository(string Repository, LambdaRef Owner);

/// <summary>What is there: repositories with our marks, and build pods.</summary>
public sealed record SweepInventory(IReadOnlyList<OwnedRepository> Repositories, IReadOnlyList<BuildPod> BuildPods);

/// <summary>What a sweep is to delete.</summary>
/// <param name="BuildPods">To be ended.</param>
/// <param name="Repositories">To be emptied.</param>
/// <param name="OrphanedSince">For the next sweep: since when each repository has been seen without its Lambda.</param>
public sealed record SweepPlan(
    IReadOnlyList<BuildPod> BuildPods, IReadOnlyList<OwnedRepository> Repositories, IReadOnlyDictionary<string, DateTimeOffset> OrphanedSince)
{
    /// <summary>
    /// Everything whose Lambda, by uid, is not alive any more. A uid never comes back, so pods go at once; repositories
    /// only after <paramref name="grace"/>, and not while a build pod could fill them again.
    /// </summary>
    /// <param name="live">Uids of all Lambdas, listed after the inventory was taken. Those being deleted count as alive: they have a clean-up of their own.</param>
    public static SweepPlan Plan(
        SweepInventory inventory, IReadOnlySet<string> live, IReadOnlyDictionary<string, DateTimeOffset> orphanedSince, DateTimeOffset now, TimeSpan grace)
    {
        var pods = inventory.BuildPods.Where(pod => !live.Contains(pod.LambdaUid)).ToList();
        var building = pods.Select(pod => pod.LambdaUid).ToHashSet(StringComparer.Ordinal);
        var orphans = inventory.Repositories.Where(repository => !live.Contains(repository.Owner.Uid)).ToList();
        var since = orphans.ToDictionary(o => o.Repository, o => orphanedSince.TryGetValue(o.Repository, out var seen) ? seen : now, StringComparer.Ordinal);
        var due = orphans.Where(o => now - since[o.Repository] >= grace && !building.Contains(o.Owner.Uid)).ToList();
        return new SweepPlan(pods, due, since);
    }
}
