using System.Collections.Concurrent;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Watcher.Lambdas;

/// <summary>The Lambdas this watcher works for: one, or all. Nothing but the resource says what is to be done.</summary>
internal sealed class LambdaSet(IOptions<WatcherOptions> options) : IResourceHandler<Lambda>, IDisposable
{
    private readonly ConcurrentDictionary<string, ActiveLambda> _active = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _waiting = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _changed = new(0, 1);

    public IReadOnlyList<ActiveLambda> Current => [.. _active.Values.OrderBy(each => each.Ref.Uid, StringComparer.Ordinal)];

    /// <summary>Whether nothing is to come: every Lambda there is has been accepted as it is. Only then may what no trigger needs be forgotten.</summary>
    public bool IsSettled => _waiting.IsEmpty && _active.Values.All(each => each.IsCurrent);

    /// <summary>Uids of the Lambdas of which no generation has been accepted since this process began.</summary>
    public IReadOnlyCollection<string> Unsettled => [.. _waiting.Keys];

    public ActiveLambda? Find(string uid) => _active.GetValueOrDefault(uid);

    public void OnChange(ResourceChange<Lambda> change)
    {
        var lambda = change.Object;
        var uid = lambda.Metadata.Uid;
        if (!options.Value.Shared && uid != options.Value.Uid)
            return;
        var next = change.Type == ChangeType.Deleted ? null : ActiveLambda.Of(Find(uid), lambda);
        if (next is null)
            _active.TryRemove(uid, out _);
        else
            _active[uid] = next;
        if (next is null && change.Type != ChangeType.Deleted && lambda.Metadata.DeletionTimestamp is null)
            _waiting[uid] = true;
        else
            _waiting.TryRemove(uid, out _);
        Signal();
    }

    /// <summary>Returns when something has changed since the last call, or after a while.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _changed.WaitAsync(atMost, cancellationToken);

    public void Dispose() => _changed.Dispose();

    private void Signal()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is said already.
        }
    }
}
