namespace Kublambda.Watcher.Delivery;

/// <summary>The last so many ids: an event that was published twice, or is given again by the broker, needs no second call.</summary>
internal sealed class RecentIds(int capacity)
{
    private readonly Lock _turn = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public bool Contains(string id)
    {
        lock (_turn)
            return _known.Contains(id);
    }

    public void Add(string id)
    {
        lock (_turn)
        {
            if (!_known.Add(id))
                return;
            _order.Enqueue(id);
            if (_order.Count > capacity)
                _known.Remove(_order.Dequeue());
        }
    }
}
