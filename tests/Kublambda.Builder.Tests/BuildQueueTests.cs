using k8s.Models;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Queueing;
using Kublambda.Contracts;

namespace Kublambda.Builder.Tests;

public sealed class BuildQueueTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private QueueState _state = new();
    private DateTimeOffset _now = Start;
    private int _count;

    [Fact]
    public void Places_are_bounded_and_a_reservation_counts_until_it_is_released_or_runs_out()
    {
        var first = Lambda("a");
        Assert.True(Ask(first).Reserved);
        Assert.Equal((1, 1), Told(Ask(Lambda("a"), Pod("a"))));
        _state = BuildQueue.Released(_state, PodOf(first));
        Assert.Equal(0, Ask(Lambda("b"), Pod("a")).Place);
        _now += BuildQueue.ReservationTime;
        Assert.Equal(0, Ask(Lambda("c"), Pod("a")).Place);
    }

    [Fact]
    public void Pods_that_ended_take_no_place() =>
        Assert.Equal(0, Ask(Lambda("a"), Pod("a", "Failed"), Pod("a", "Succeeded"), Pod("a")).Place);

    [Fact]
    public void Pods_that_no_node_has_room_for_take_no_place()
    {
        var pod = Pod("a", "Pending");
        pod.Status.Conditions = [new V1PodCondition { Type = "PodScheduled", Status = "False", Reason = "Unschedulable" }];
        Assert.Equal(0, Ask(Lambda("a"), pod, pod, Pod("a")).Place);
    }

    [Fact]
    public void A_namespace_with_twenty_waiting_builds_holds_up_nobody_elses_first_one()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        var many = Enumerable.Range(0, 20).Select(_ => Lambda("a")).ToList();
        Assert.Equal(Enumerable.Range(1, 20), many.Select(l => Ask(l, full).Place));
        var b = Lambda("b");
        Assert.Equal((1, 21), Told(Ask(b, full)));
        // The twenty learn of it when they ask again, and nobody gives a place away.
        Assert.Equal((2, 21), Told(Ask(many[0], full)));
        Assert.Equal(2, Ask(many[0], full[0]).Place);
        Assert.Equal([b], BuildQueue.Next(_state, [full[0]], 2, _now));
        Assert.Equal(0, Ask(b, full[0]).Place);
    }

    [Fact]
    public void A_free_place_goes_to_the_namespace_with_the_fewest_builds_then_to_the_longest_waiting()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        LambdaRef a1 = Lambda("a"), a2 = Lambda("a"), b1 = Lambda("b"), b2 = Lambda("b");
        foreach (var lambda in (LambdaRef[])[a1, a2, b1, b2, a1])
            Assert.NotEqual(0, Ask(lambda, full).Place);
        Assert.Equal([b1, b2, a1, a2], BuildQueue.Order(_state.Waiting, [a1, a2]).Select(w => w.Lambda));
        Assert.Equal([a1, b1, a2, b2], BuildQueue.Order(_state.Waiting, []).Select(w => w.Lambda));
        Assert.Empty(BuildQueue.Next(_state, full, 2, _now));
        Assert.Equal([a1, b1], BuildQueue.Next(_state, [], 2, _now));
    }

    [Fact]
    public void Who_asks_again_keeps_its_place_and_its_time()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        LambdaRef first = Lambda("a"), second = Lambda("a");
        Ask(first, full);
        _now += TimeSpan.FromSeconds(15);
        Ask(second, full);
        var before = _state;
        _now += TimeSpan.FromSeconds(15);
        var again = Ask(first, full);
        Assert.Equal((1, Start), (again.Place, again.Since));
        // Nothing is written for that.
        Assert.Equal(before.Waiting, _state.Waiting);
    }

    [Fact]
    public void Who_is_not_asked_for_any_more_is_forgotten()
    {
        V1Pod[] full = [Pod("a"), Pod("a")];
        LambdaRef gone = Lambda("a"), there = Lambda("a");
        Ask(gone, full);
        Ask(there, full);
        for (var i = 0; i < 7; i++)
        {
            _now += TimeSpan.FromMinutes(1);
            Ask(there, full);
        }

        Assert.Equal([there], _state.Waiting.Select(w => w.Lambda));
    }

    [Fact]
    public void A_build_whose_pod_is_there_needs_no_place_of_its_own()
    {
        var lambda = Lambda("a");
        Ask(lambda);
        Ask(Lambda("a"));
        var again = Ask(lambda);
        Assert.Equal((0, false), (again.Place, again.Reserved));
        Assert.Equal(1, Ask(Lambda("b")).Place);
    }

    [Fact]
    public void The_list_is_bounded()
    {
        _state = new QueueState { Waiting = [.. Enumerable.Range(0, BuildQueue.MostWaiting).Select(_ => new WaitingBuild(Lambda("a"), _now, _now))] };
        Assert.Equal(BuildQueue.MostWaiting + 1, Ask(Lambda("a"), Pod("a"), Pod("a")).Place);
        Assert.Equal(BuildQueue.MostWaiting, _state.Waiting.Count);
    }

    private QueueAnswer Ask(LambdaRef lambda, params V1Pod[] pods)
    {
        (_state, var answer) = BuildQueue.Ask(_state, lambda, PodOf(lambda), pods, 2, _now);
        return answer;
    }

    private static (int Place, int Waiting) Told(QueueAnswer answer) => (answer.Place, answer.Waiting);

    private static string PodOf(LambdaRef lambda) => Names.BuildPod(lambda, "0123456789ab");

    private LambdaRef Lambda(string ns) => new(ns, $"l{++_count}", $"{_count:00000000}-0000-4000-8000-000000000001");

    private V1Pod Pod(string ns, string phase = "Running")
    {
        var pod = BuildPod.Render(TestPipelines.Job(Lambda(ns)), TestPipelines.Options);
        pod.Status = new V1PodStatus { Phase = phase };
        return pod;
    }
}
