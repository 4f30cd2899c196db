using System.Threading.Channels;

namespace Kublambda.Kubernetes;

/// <summary>
/// Keys that need work. A key that is added twice before it is taken is there once; a key that is added while it is
/// being worked on comes back when that is done, so no key is ever worked on twice at once. Safe for any number of threads.
/// </summary>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Channel<TKey> _ready = Channel.CreateUnbounded<TKey>();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _working = [];
    private readonly Dictionary<TKey, DateTimeOffset> _waiting = [];
    private readonly PriorityQueue<TKey, DateTimeOffset> _order = new();
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly ITimer _timer;

    /// <param name="time">The clock of delays.</param>
    /// <param name="backoff">For <see cref="Retry"/>; 0.5 s to 1 min when null.</param>
    public WorkQueue(TimeProvider time, Backoff? backoff = null)
    {
        _time = time;
        _backoff = backoff ?? new Backoff(TimeSpan.FromSeconds(0.5), TimeSpan.FromMinutes(1));
        _timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys ready or waiting for their time, without those being worked on.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _dirty.Count + _waiting.Count;
        }
    }

    /// <summary>As soon as a worker is free.</summary>
    public void Add(TKey key)
    {
        lock (_lock)
            AddLocked(key);
    }

    /// <summary>After a delay. Of two delays for one key the one that ends first holds.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_lock)
        {
            var due = _time.GetUtcNow() + delay;
            if (_waiting.TryGetValue(key, out var earlier) && earlier <= due)
                return;
            _waiting[key] = due;
            _order.Enqueue(key, due);
            SetTimer();
        }
    }

    /// <summary>After a delay that grows with each call since the last <see cref="Forget"/>. Returns the delay.</summary>
    public TimeSpan Retry(TKey key)
    {
        TimeSpan delay;
        lock (_lock)
        {
            var failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
            delay = _backoff.Delay(failures);
        }

        AddAfter(key, delay);
        return delay;
    }

    /// <summary>It went well: the next <see cref="Retry"/> begins with the shortest delay.</summary>
    public void Forget(TKey key)
    {
        lock (_lock)
            _failures.Remove(key);
    }

    /// <summary>Waits for a key and takes it. <see cref="Done"/> has to follow, whatever happens.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        var key = await _ready.Reader.ReadAsync(cancellationToken);
        lock (_lock)
        {
            _dirty.Remove(key);
            _working.Add(key);
        }

        return key;
    }

    /// <summary>The work on a key that was taken is over, well or not.</summary>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            _working.Remove(key);
            if (_dirty.Contains(key))
                _ready.Writer.TryWrite(key);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void AddLocked(TKey key)
    {
        if (_dirty.Add(key) && !_working.Contains(key))
            _ready.Writer.TryWrite(key);
    }

    private void Wake()
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            while (_order.TryPeek(out var key, out var due) && due <= now)
            {
                _order.Dequeue();
                // An entry whose time was moved forward is still in the order, at its old place.
                if (_waiting.TryGetValue(key, out var current) && current == due && _waiting.Remove(key))
                    AddLocked(key);
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (!_order.TryPeek(out _, out var due))
            return;
        var delay = due - _time.GetUtcNow();
        // One millisecond more: a timer must not fire just before the time and find nothing due.
        _timer.Change(delay <= TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : delay + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }
}
