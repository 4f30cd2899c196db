using System.Globalization;
using System.Net;
using k8s.Autorest;
using Kublambda.Kubernetes;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Streams;

/// <summary>
/// Finds the states an object went through between two moments, when the API server cannot tell by a watch any more (its watch cache begins
/// anew with each start) though etcd still has them: lists of that one object at exact resourceVersions, from the last backwards.
/// What etcd has forgotten too (five minutes, by default) comes out as one step.
/// </summary>
internal sealed class History(RawApi api, StreamSpec stream, WatcherMetrics metrics, TimeProvider time)
{
    /// <summary>Steps of one object, and time for all of them: then the rest comes out as one step.</summary>
    private const int MaxSteps = 1000;
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(2);
    private readonly long _began = time.GetTimestamp();
    private bool _forgotten;

    /// <summary>The transitions from one state to the other, in order.</summary>
    /// <param name="old">As last seen; null: it was not there.</param>
    /// <param name="now">As it is at <paramref name="until"/>; null: it is gone.</param>
    /// <param name="since">The position when the history was lost.</param>
    /// <param name="until">The moment of the list that is compared.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<Transition>> StepsAsync(
        ObjectState? old, ObjectState? now, string since, string until, CancellationToken cancellationToken)
    {
        var states = new LinkedList<ObjectState?>();
        states.AddFirst(now);
        var key = (now ?? old)!.Key;
        if (Transitions.Number(since) is { } from && Transitions.Number(until) is { } to && from < to && !_forgotten)
        {
            try
            {
                await WalkAsync(key, old, from, to, states, cancellationToken);
            }
            catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Gone or HttpStatusCode.GatewayTimeout)
            {
                _forgotten = true;
                metrics.Collapsed(stream);
            }
        }

        return [.. Steps(old, states)];
    }

    /// <summary>Consecutive states as transitions; two that do not belong to the same object are a deletion and an addition.</summary>
    internal static IEnumerable<Transition> Steps(ObjectState? old, IEnumerable<ObjectState?> states)
    {
        var last = old;
        foreach (var state in states)
        {
            if (last is not null && state is not null && last.Uid != state.Uid)
            {
                yield return new Transition(last, null, "");
                last = null;
            }

            if (last?.Version != state?.Version)
                yield return new Transition(last, state, "");
            last = state;
        }
    }

    private async Task WalkAsync(string key, ObjectState? old, ulong since, ulong until, LinkedList<ObjectState?> states, CancellationToken cancellationToken)
    {
        while (states.Count < MaxSteps && time.GetElapsedTime(_began) < MaxTime)
        {
            var first = states.First!.Value;
            // Where it is there: what was just before. Where it is not: when it was there last.
            var at = first is null ? until : Transitions.Number(first.Version) is { } version ? version - 1 : 0;
            if (at <= since)
                return;
            var before = first is null ? await LastSeenBeforeAsync(key, old, since, until, cancellationToken) : await AtAsync(key, at, cancellationToken);
            if (before is null && first is not null)
            {
                // Made at that moment. An older one of the same name ended before it.
                states.AddFirst((ObjectState?)null);
                until = at;
                if (old is null)
                    return;
                continue;
            }

            if (before is null || before.Version == old?.Version || Transitions.Number(before.Version) <= since)
                return;
            states.AddFirst(before);
        }
    }

    /// <summary>The last state of <paramref name="old"/> before it was deleted, found by halving.</summary>
    private async Task<ObjectState?> LastSeenBeforeAsync(string key, ObjectState? old, ulong since, ulong until, CancellationToken cancellationToken)
    {
        if (old is null)
            return null;
        var (low, high, last) = (since, until, old);
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (await AtAsync(key, middle, cancellationToken) is { } state && state.Uid == old.Uid)
                (low, last) = (middle, state);
            else
                high = middle;
        }

        return last;
    }

    private async Task<ObjectState?> AtAsync(string key, ulong version, CancellationToken cancellationToken)
    {
        var kind = stream.Served.Kind;
        var field = $"metadata.name={ObjectState.NameOf(key)}";
        var query = new ResourceQuery(kind.Group, kind.Version, stream.Served.Plural)
        {
            Namespace = ObjectState.NamespaceOf(key),
            LabelSelector = stream.LabelSelector,
            FieldSelector = stream.FieldSelector is null ? field : $"{field},{stream.FieldSelector}",
        };
        ObjectState? found = null;
        await foreach (var page in new ListWatch(api, query, time).PagesAsync(version.ToString(CultureInfo.InvariantCulture), 1, cancellationToken))
        {
            using (page)
            {
                foreach (var item in page.Items)
                    found = ObjectState.Of(item, kind.ApiVersion, kind.Kind);
            }
        }

        return found;
    }
}
