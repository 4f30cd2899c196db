using Microsoft.Extensions.Time.Testing;

namespace Kublambda.Kubernetes.Tests;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly WorkQueue<string> _queue;

    public WorkQueueTests() =>
        _queue = new WorkQueue<string>(_time, new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), () => 1));

    public void Dispose() => _queue.Dispose();

    private bool TryTake(out string key)
    {
        var take = _queue.TakeAsync(new CancellationToken(canceled: _queue.Count == 0));
        key = take.IsCompletedSuccessfully ? take.Result : "";
        return key.Length > 0;
    }

    [Fact]
    public void A_key_added_twice_is_taken_once()
    {
        _queue.Add("a");
        _queue.Add("a");
        _queue.Add("b");
        Assert.True(TryTake(out var first) && first == "a");
        Assert.True(TryTake(out var second) && second == "b");
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_comes_back_only_when_that_is_done()
    {
        _queue.Add("a");
        await _queue.TakeAsync(TestContext.Current.CancellationToken);
        _queue.Add("a");
        _queue.Add("a");
        var again = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(again.IsCompleted);
        _queue.Done("a");
        Assert.Equal("a", await again);
        _queue.Done("a");
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task A_delayed_key_comes_when_its_time_has_come()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        var take = _queue.TakeAsync(TestContext.Current.CancellationToken).AsTask();
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(take.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal("a", await take);
    }

    [Fact]
    public async Task Of_two_delays_the_earlier_one_holds_and_the_later_one_is_forgotten()
    {
        _queue.AddAfter("a", TimeSpan.FromSeconds(60));
        _queue.AddAfter("a", TimeSpan.FromSeconds(5));
        _queue.AddAfter("a", TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("a", await _queue.TakeAsync(TestContext.Current.CancellationToken));
        _queue.Done("a");
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public async Task A_later_key_does_not_wait_for_an_even_later_one()
    {
        _queue.AddAfter("late", TimeSpan.FromSeconds(60));
        _queue.AddAfter("soon", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("soon", await _queue.TakeAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Retries_come_later_and_later_up_to_a_limit_until_it_went_well()
    {
        double[] seconds = [.. Enumerable.Range(0, 6).Select(_ => _queue.Retry("a").TotalSeconds)];
        Assert.Equal([1, 2, 4, 8, 10, 10], seconds);
        _queue.Forget("a");
        Assert.Equal(1, _queue.Retry("a").TotalSeconds);
    }

    [Fact]
    public async Task Under_many_threads_no_key_is_lost_and_none_is_worked_on_twice_at_once()
    {
        using var queue = new WorkQueue<int>(TimeProvider.System);
        var done = new int[20];
        var busy = new int[20];
        var clashes = 0;
        using var stop = new CancellationTokenSource();
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                int key;
                try
                {
                    key = await queue.TakeAsync(stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                if (Interlocked.Increment(ref busy[key]) > 1)
                    Interlocked.Increment(ref clashes);
                await Task.Yield();
                Interlocked.Increment(ref done[key]);
                Interlocked.Decrement(ref busy[key]);
                queue.Done(key);
            }
        })).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            for (var i = 0; i < 2000; i++)
            {
                queue.Add((i * 7 + seed) % 20);
                if (i % 50 == 0)
                    await Task.Yield();
            }
        })));
        while (queue.Count > 0 || busy.Sum() > 0)
            await Task.Delay(5, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await Task.WhenAll(workers);
        Assert.Equal(0, clashes);
        Assert.All(done, count => Assert.True(count > 0));
    }
}
