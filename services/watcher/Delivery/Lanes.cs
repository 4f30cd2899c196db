namespace Kublambda.Watcher.Delivery;

/// <summary>What came of the work on an event.</summary>
internal enum Outcome
{
    /// <summary>It has left its queue.</summary>
    Settled,

    /// <summary>It has not, and comes again with the next connection; nothing of its lane may go before it.</summary>
    Left,

    /// <summary>It is not taken for now: it and what comes after it in its lane shall wait where they are in nobody's way.</summary>
    Slow,
}

/// <summary>Works on events of one lane in the order in which they came, and on different lanes side by side.</summary>
/// <param name="work">Must not throw. <see cref="Outcome.Slow"/> only for an event that is not parked.</param>
/// <param name="park">Takes events to be parked, in order. Must not wait.</param>
/// <param name="parked">How many events of each lane are parked: until they are settled, what comes of their lanes is parked behind them.</param>
internal sealed class Lanes(
    Func<QueuedEvent, CancellationToken, Task<Outcome>> work, Action<IReadOnlyList<QueuedEvent>> park, Dictionary<string, int> parked) : IAsyncDisposable
{
    private readonly Lock _turn = new();
    private readonly Dictionary<string, Queue<QueuedEvent>> _lanes = new(StringComparer.Ordinal);
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();

    public void Add(QueuedEvent queued)
    {
        lock (_turn)
        {
            if (_stop.IsCancellationRequested)
                return;
            if (!queued.Parked && parked.TryGetValue(queued.Lane, out var before))
            {
                parked[queued.Lane] = before + 1;
                park([queued]);
                return;
            }

            if (_lanes.TryGetValue(queued.Lane, out var lane))
            {
                lane.Enqueue(queued);
                return;
            }

            _lanes[queued.Lane] = lane = new Queue<QueuedEvent>([queued]);
            var task = Task.Run(() => DrainAsync(queued.Lane, lane));
            _running.Add(task);
            task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Starts no more work, and waits for what runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Task[] running;
        lock (_turn)
            running = [.. _running];
        await Task.WhenAll(running);
        _stop.Dispose();
    }

    private async Task DrainAsync(string key, Queue<QueuedEvent> lane)
    {
        while (true)
        {
            QueuedEvent queued;
            lock (_turn)
            {
                if (lane.Count == 0 || _stop.IsCancellationRequested)
                {
                    _lanes.Remove(key);
                    return;
                }

                queued = lane.Dequeue();
            }

            var outcome = await work(queued, _stop.Token);
            if (outcome == Outcome.Left)
                return;
            lock (_turn)
            {
                if (outcome == Outcome.Slow)
                {
                    // All of them: none is parked, or the lane would have been.
                    QueuedEvent[] all = [queued, .. lane];
                    _lanes.Remove(key);
                    parked[key] = all.Length;
                    park(all);
                    return;
                }

                if (queued.Parked && parked.TryGetValue(key, out var count) && (parked[key] = count - 1) == 0)
                    parked.Remove(key);
            }
        }
    }

    private void Forget(Task task)
    {
        lock (_turn)
            _running.Remove(task);
    }
}
