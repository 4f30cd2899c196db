namespace Kublambda.Watcher.Delivery;

/// <summary>Works on events of one lane in the order in which they came, and on different lanes side by side.</summary>
/// <param name="work">Must not throw. True: the event is settled. False: it is not, and comes again with the next connection; nothing of its lane may go before it.</param>
internal sealed class Lanes(Func<QueuedEvent, CancellationToken, Task<bool>> work) : IAsyncDisposable
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

            if (!await work(queued, _stop.Token))
                return;
        }
    }

    private void Forget(Task task)
    {
        lock (_turn)
            _running.Remove(task);
    }
}
