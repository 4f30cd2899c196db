using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Kublambda.Kubernetes.Tests;

public sealed class ReconcileLoopTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;
    private readonly ConcurrentQueue<string> _seen = new();

    public ReconcileLoopTests() =>
        _queue = new WorkQueue<string>(_time, new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => 1));

    public void Dispose() => _queue.Dispose();

    private sealed class Loop(WorkQueue<string> queue, Func<string, TimeSpan?> reconcile)
        : ReconcileLoop<string>(queue, NullLogger.Instance, workers: 2)
    {
        protected override Task<TimeSpan?> ReconcileAsync(string key, CancellationToken cancellationToken) => Task.FromResult(reconcile(key));
    }

    private async Task EventuallyAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.True(condition());
    }

    [Fact]
    public async Task One_poisoned_key_does_not_stop_the_others_and_is_tried_again_with_a_delay()
    {
        using var loop = new Loop(_queue, key =>
        {
            _seen.Enqueue(key);
            return key == "bad" ? throw new InvalidOperationException("poison") : null;
        });
        await loop.StartAsync(TestContext.Current.CancellationToken);
        _queue.Add("bad");
        _queue.Add("good");
        await EventuallyAsync(() => _seen.Contains("good") && _seen.Contains("bad") && _queue.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        await EventuallyAsync(() => _seen.Count(key => key == "bad") == 2);
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_key_that_asks_to_come_again_comes_again()
    {
        using var loop = new Loop(_queue, key =>
        {
            _seen.Enqueue(key);
            return TimeSpan.FromSeconds(15);
        });
        await loop.StartAsync(TestContext.Current.CancellationToken);
        _queue.Add("a");
        await EventuallyAsync(() => _seen.Count == 1 && _queue.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(16));
        await EventuallyAsync(() => _seen.Count == 2);
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task It_can_be_stopped_and_started_again()
    {
        using var loop = new Loop(_queue, key =>
        {
            _seen.Enqueue(key);
            return null;
        });
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await loop.StopAsync(TestContext.Current.CancellationToken);
        _queue.Add("a");
        Assert.Empty(_seen);
        await loop.StartAsync(TestContext.Current.CancellationToken);
        await EventuallyAsync(() => _seen.Count == 1);
        await loop.StopAsync(TestContext.Current.CancellationToken);
    }
}
