using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using k8s.Autorest;

namespace Kublambda.Watcher.Streams;

/// <summary>
/// Finds out what a watch would have said between two revisions, when the API server has no events of that time any more (its watch cache
/// begins anew with each start) though etcd still has the revisions. Every single one is looked at, by how many objects there were: a
/// number that costs next to nothing, whatever the size of the collection. Where it changes something was made or deleted, and all objects
/// are listed; between two such lists objects can only have been modified, which their versions tell, backwards one by one.
/// </summary>
internal sealed class Replay(Collection collection)
{
    /// <summary>Requests at the same time.</summary>
    private const int AtOnce = 6;

    /// <summary>Revisions between two lists at most: so many changes may be in memory.</summary>
    private const ulong MaxApart = 50;

    /// <param name="since">The revision of the last seen state.</param>
    /// <param name="until">Up to here, inclusive.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HttpOperationException">410: etcd has forgotten a revision.</exception>
    public async IAsyncEnumerable<ReplayStep> StepsAsync(ulong since, ulong until, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (at, known) = (since, await collection.TracesAsync(since, cancellationToken));
        await foreach (var (revision, count) in CountsAsync(since + 1, until, cancellationToken))
        {
            if (count == known.Count && revision < until && revision - at < MaxApart)
                continue;
            var now = await collection.TracesAsync(revision, cancellationToken);
            yield return new ReplayStep(revision, await BetweenAsync(known, at, now, revision, cancellationToken));
            (at, known) = (revision, now);
        }
    }

    /// <summary>The oldest revision that etcd still has, between one that it has forgotten and one that it may have; null: it has none of them.</summary>
    public async Task<ulong?> OldestAsync(ulong forgotten, ulong until, CancellationToken cancellationToken)
    {
        if (!await IsThereAsync(until, cancellationToken))
            return null;
        while (until - forgotten > 1)
        {
            var middle = forgotten + ((until - forgotten) / 2);
            if (await IsThereAsync(middle, cancellationToken))
                until = middle;
            else
                forgotten = middle;
        }

        return until;
    }

    private async Task<bool> IsThereAsync(ulong revision, CancellationToken cancellationToken)
    {
        try
        {
            await collection.CountAsync(revision, cancellationToken);
            return true;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Gone)
        {
            return false;
        }
    }

    /// <summary>The numbers of objects at consecutive revisions, asked for side by side.</summary>
    private async IAsyncEnumerable<(ulong Revision, long? Count)> CountsAsync(ulong first, ulong last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = new Queue<Task<long?>>();
        try
        {
            var next = first;
            for (var revision = first; revision <= last; revision++)
            {
                for (; asked.Count < AtOnce && next <= last; next++)
                    asked.Enqueue(collection.CountAsync(next, stop.Token));
                yield return (revision, await asked.Dequeue());
            }
        }
        finally
        {
            await stop.CancelAsync();
            foreach (var task in asked)
                await ((Task)task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What became of the objects between two moments, between which none was made and none deleted but at the later one.</summary>
    private async Task<IReadOnlyList<ObjectChange>> BetweenAsync(
        Dictionary<string, Trace> before, ulong since, Dictionary<string, Trace> now, ulong until, CancellationToken cancellationToken)
    {
        var changed = now.Where(each => !before.TryGetValue(each.Key, out var last) || last.Version != each.Value.Version).Select(each => (each.Key, From: each.Value.Version));
        var gone = before.Where(each => !now.ContainsKey(each.Key)).ToList();
        var changes = new ConcurrentBag<ObjectChange>(gone.Select(each => Gone(each.Key, each.Value, until)));
        await Parallel.ForEachAsync(
            changed.Concat(gone.Select(each => (each.Key, From: until - 1))),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (each, stop) => await WalkBackAsync(each.Key, each.From, since, changes, stop));
        return [.. changes.OrderBy(change => Transitions.Number(change.State.Version))];
    }

    private static ObjectChange Gone(string key, Trace last, ulong revision) =>
        new(new ObjectState(key, last.Uid, revision.ToString(CultureInfo.InvariantCulture), []), IsGone: true);

    /// <summary>Every state that an object had between two revisions, beginning with the last.</summary>
    private async Task WalkBackAsync(string key, ulong from, ulong since, ConcurrentBag<ObjectChange> changes, CancellationToken cancellationToken)
    {
        for (var at = from; at > since;)
        {
            if (await collection.ObjectAsync(key, at, cancellationToken) is not { } state || Transitions.Number(state.Version) is not { } version || version <= since)
                return;
            changes.Add(new ObjectChange(state, IsGone: !await collection.IsSelectedAsync(key, version, cancellationToken)));
            at = version - 1;
        }
    }
}
