using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Watcher.State;

namespace Kublambda.Watcher.Streams;

/// <summary>Compares all objects of one moment with the last seen state: one step for each that differs, whatever it went through.</summary>
internal sealed class Comparison(StreamSpec stream, ListWatch listWatch, StateLog log, Committer committer, WatcherMetrics metrics)
{
    /// <summary>Objects on the first page of a list; they may be large.</summary>
    private const int FirstPage = 50;

    /// <param name="moment">A revision that etcd still has; null: now.</param>
    /// <param name="silently">True: the stream begins, and nobody is told of what is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The moment, and how many objects differ.</returns>
    public async Task<(string Moment, int Steps)> RunAsync(string? moment, bool silently, CancellationToken cancellationToken)
    {
        var kind = stream.Served.Kind;
        var known = log.Store.Versions(stream.Id);
        var (reached, steps) = ("", 0);
        metrics.Listed(stream);
        await foreach (var page in listWatch.PagesAsync(moment, FirstPage, cancellationToken))
        {
            using (page)
            {
                reached = moment ?? page.ResourceVersion;
                foreach (var item in page.Items)
                {
                    var (key, _, version) = ObjectState.Identify(item);
                    if (!known.Remove(key, out var last) || last != version)
                        await AddAsync(Transitions.Present(log.Store.Get(stream.Id, key), ObjectState.Of(item, kind.ApiVersion, kind.Kind), ""));
                }
            }
        }

        foreach (var key in known.Keys)
            await AddAsync([new Transition(log.Store.Get(stream.Id, key), null, "")]);
        committer.Reached(reached);
        await committer.FlushAsync(silently);
        return (reached, steps);

        async Task AddAsync(IEnumerable<Transition> transitions)
        {
            steps++;
            committer.Add(transitions);
            if (committer.IsFull)
                await committer.FlushAsync(silently);
        }
    }
}
