namespace Kublambda.Watcher.Delivery;

/// <summary>
/// Calls at the same time: as many as the Lambda can take now. Parked events get half of them at most, so that calls which fail slowly
/// leave room for the others. Who comes first is served first.
/// </summary>
/// <param name="limit">How many; asked for again each time.</param>
internal sealed class Places(Func<int> limit)
{
    private readonly Lock _turn = new();
    private readonly LinkedList<(bool Parked, TaskCompletionSource Admitted)> _waiting = [];
    private int _taken;
    private int _takenByParked;

    /// <summary>Returns when there is a place; it is to be given back by <see cref="Release"/>.</summary>
    public async Task TakeAsync(bool parked, CancellationToken cancellationToken)
    {
        var admitted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_turn)
            _waiting.AddLast((parked, admitted));
        Admit();
        await using var cancelled = cancellationToken.Register(() => admitted.TrySetCanceled(cancellationToken));
        await admitted.Task;
    }

    public void Release(bool parked)
    {
        lock (_turn)
        {
            _taken--;
            _takenByParked -= parked ? 1 : 0;
        }

        Admit();
    }

    /// <summary>Looks whether there is room: the limit may have grown.</summary>
    public void Admit()
    {
        lock (_turn)
        {
            var most = Math.Max(1, limit());
            for (var node = _waiting.First; node is not null && _taken < most;)
            {
                var (next, (parked, admitted)) = (node.Next, node.Value);
                if (!parked || _takenByParked < Math.Max(1, most / 2))
                {
                    _waiting.Remove(node);
                    // One that was cancelled takes no place.
                    if (admitted.TrySetResult())
                    {
                        _taken++;
                        _takenByParked += parked ? 1 : 0;
                    }
                }

                node = next;
            }
        }
    }
}
