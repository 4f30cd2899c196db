using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Tests;

public sealed class BuildSlotsTests
{
    private readonly BuildSlots _slots = new(Options.Create(new BuildOptions { MaxConcurrent = 2 }));
    private int _count;

    [Fact]
    public void Places_are_bounded_and_a_reservation_counts_until_the_pod_is_there()
    {
        using var first = Take(Lambda("a"));
        using var second = Take(Lambda("a"), Pod("a"));
        Assert.NotNull(first);
        Assert.Null(second);
        Assert.Equal(1, _slots.Waiting);
        first.Dispose();
        using var third = Take(Lambda("a"), Pod("a"));
        Assert.NotNull(third);
    }

    [Fact]
    public void Pods_that_ended_take_no_place() =>
        Assert.NotNull(Take(Lambda("a"), Pod("a", "Failed"), Pod("a", "Succeeded"), Pod("a")));

    [Fact]
    public void Pods_that_no_node_has_room_for_take_no_place()
    {
        var pod = Pod("a", "Pending");
        pod.Status.Conditions = [new V1PodCondition { Type = "PodScheduled", Status = "False", Reason = "Unschedulable" }];
        Assert.NotNull(Take(Lambda("a"), pod, pod, Pod("a")));
    }

    [Fact]
    public void A_free_place_goes_to_the_namespace_with_the_fewest_builds_then_to_the_longest_waiting()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        LambdaRef a1 = Lambda("a"), a2 = Lambda("a"), b1 = Lambda("b"), b2 = Lambda("b");
        foreach (var lambda in (LambdaRef[])[a1, a2, b1, b2, a1])
            Assert.Null(Take(lambda, full));
        Assert.Equal(4, _slots.Waiting);
        Assert.Empty(_slots.TakeNext(full));
        Assert.Equal([b1], _slots.TakeNext([full[0]]));
        Assert.Equal([a1, b2], _slots.TakeNext([]));
        Assert.Equal([a2], _slots.TakeNext([full[0]]));
        Assert.Equal(0, _slots.Waiting);
    }

    [Fact]
    public void Whoever_asks_at_the_right_moment_does_not_overtake_a_namespace_with_fewer_builds()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        var b = Lambda("b");
        Assert.Null(Take(b, full));
        Assert.Null(Take(Lambda("a"), full[0]));
        Assert.NotNull(Take(b, full[0]));
    }

    [Fact]
    public void A_build_whose_pod_is_there_needs_no_place_of_its_own()
    {
        var lambda = Lambda("a");
        using var first = Take(lambda);
        using var other = Take(Lambda("a"));
        using (var again = Take(lambda))
            Assert.NotNull(again);
        Assert.Equal(0, _slots.Waiting);
        // The second one does not give the first one's place away.
        Assert.Null(Take(Lambda("b")));
    }

    [Fact]
    public void A_forgotten_Lambda_does_not_wait()
    {
        var lambda = Lambda("a");
        Assert.Null(Take(lambda, Pod("a"), Pod("a")));
        _slots.Forget(lambda);
        Assert.Empty(_slots.TakeNext([]));
    }

    private IDisposable? Take(LambdaRef lambda, params V1Pod[] pods) => _slots.TryTake(lambda, Names.BuildPod(lambda, "0123456789ab"), pods);

    private LambdaRef Lambda(string ns) => new(ns, $"l{++_count}", $"{_count:00000000}-0000-4000-8000-000000000001");

    private V1Pod Pod(string ns, string phase = "Running")
    {
        var pod = BuildPod.Render(TestPipelines.Job(Lambda(ns)), TestPipelines.Options);
        pod.Status = new V1PodStatus { Phase = phase };
        return pod;
    }
}
