using Kublambda.Contracts;
using Kublambda.Gc.Cluster;
using Kublambda.Gc.Sweeping;

namespace Kublambda.Gc.Tests;

public sealed class SweepPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);
    private static readonly Dictionary<string, DateTimeOffset> Never = [];

    [Fact]
    public void What_has_a_living_Lambda_is_left_alone()
    {
        var plan = Plan(new SweepInventory([Repository("a")], [Pod("a")]), live: ["a"], Never);

        Assert.Empty(plan.Repositories);
        Assert.Empty(plan.BuildPods);
        Assert.Empty(plan.OrphanedSince);
    }

    [Fact]
    public void A_build_pod_without_its_Lambda_is_ended_at_once()
    {
        var plan = Plan(new SweepInventory([], [Pod("gone"), Pod("a")]), live: ["a"], Never);

        Assert.Equal([Pod("gone")], plan.BuildPods);
    }

    [Fact]
    public void A_repository_without_its_Lambda_is_only_remembered_when_seen_first()
    {
        var plan = Plan(new SweepInventory([Repository("gone")], []), live: ["a"], Never);

        Assert.Empty(plan.Repositories);
        Assert.Equal(Now, plan.OrphanedSince["shop/gone"]);
    }

    [Fact]
    public void A_repository_goes_when_it_has_been_without_its_Lambda_for_the_grace()
    {
        var inventory = new SweepInventory([Repository("gone")], []);

        Assert.Empty(Plan(inventory, [], Since("gone", Grace - TimeSpan.FromSeconds(1))).Repositories);
        Assert.Equal([Repository("gone")], Plan(inventory, [], Since("gone", Grace)).Repositories);
    }

    [Fact]
    public void A_repository_that_was_found_to_live_after_all_starts_anew()
    {
        var alive = Plan(new SweepInventory([Repository("a")], []), ["a"], Since("a", Grace));

        Assert.Empty(alive.OrphanedSince);
    }

    [Fact]
    public void A_repository_waits_for_the_end_of_a_build_pod_that_could_fill_it()
    {
        var plan = Plan(new SweepInventory([Repository("gone")], [Pod("gone")]), [], Since("gone", Grace));

        Assert.Empty(plan.Repositories);
        Assert.Equal([Pod("gone")], plan.BuildPods);
        Assert.Equal(Now - Grace, plan.OrphanedSince["shop/gone"]);
    }

    [Fact]
    public void What_is_no_longer_there_is_forgotten() => Assert.Empty(Plan(new SweepInventory([], []), [], Since("gone", Grace)).OrphanedSince);

    private static SweepPlan Plan(SweepInventory inventory, string[] live, Dictionary<string, DateTimeOffset> since) =>
        SweepPlan.Plan(inventory, live.ToHashSet(), since, Now, Grace);

    private static OwnedRepository Repository(string uid) => new($"shop/{uid}", new LambdaRef("shop", uid, uid));

    private static BuildPod Pod(string uid) => new($"build-{uid}", $"pod-{uid}", uid);

    private static Dictionary<string, DateTimeOffset> Since(string uid, TimeSpan ago) => new() { [$"shop/{uid}"] = Now - ago };
}
