using Kublambda.Triggers;
using Kublambda.Watcher.Delivery;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Tests;

public sealed class DeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lane_that_is_slow_is_parked_whole_and_what_comes_later_goes_behind_it()
    {
        var (worked, parked) = (new List<string>(), new List<ulong>());
        var go = new TaskCompletionSource();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        await using var lanes = new Lanes(
            async (queued, _) =>
            {
                if (queued is { Tag: 1 })
                    await go.Task;
                lock (worked)
                    worked.Add($"{queued.Tag}");
                return queued is { Tag: 1 } ? Outcome.Slow : Outcome.Settled;
            },
            events => parked.AddRange(events.Select(each => each.Tag)),
            counts);
        lanes.Add(AnEvent(1, "a"));
        lanes.Add(AnEvent(2, "a"));
        lanes.Add(AnEvent(3, "b"));
        go.SetResult();
        await UntilAsync(() => parked.Count == 2 && worked.Count == 2);
        lanes.Add(AnEvent(4, "a"));
        Assert.Equal([1UL, 2UL, 4UL], parked);
        Assert.Equal(3, Assert.Single(counts).Value);
        foreach (var tag in new[] { 11UL, 12UL, 14UL })
            lanes.Add(AnEvent(tag, "a", parked: true));
        await UntilAsync(() => counts.Count == 0);
        lanes.Add(AnEvent(5, "a"));
        await UntilAsync(() => worked.Count == 6);
        Assert.Equal(["1", "11", "12", "14", "5"], worked.Where(each => each != "3"));
    }

    [Fact]
    public async Task Places_follow_the_limit_and_parked_events_get_half_of_them()
    {
        var limit = 2;
        var places = new Places(() => limit);
        await places.TakeAsync(parked: true, Cancellation);
        var second = places.TakeAsync(parked: true, Cancellation);
        await places.TakeAsync(parked: false, Cancellation);
        var third = places.TakeAsync(parked: false, Cancellation);
        Assert.False(second.IsCompleted || third.IsCompleted);
        limit = 4;
        places.Admit();
        await Task.WhenAll(second, third);
        using var stop = new CancellationTokenSource();
        var fourth = places.TakeAsync(parked: false, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fourth);
        var fifth = places.TakeAsync(parked: false, Cancellation);
        places.Release(parked: true);
        await fifth;
    }

    private static QueuedEvent AnEvent(ulong tag, string subject, bool parked = false)
    {
        var headers = new Dictionary<string, object?> { [TriggerHeaders.CloudEventPrefix + "subject"] = subject };
        return new QueuedEvent(tag, new BasicProperties { Headers = headers }, [], parked, default);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; i < 1000 && !holds(); i++)
            await Task.Delay(10, Cancellation);
        Assert.True(holds());
    }
}
