using System.Globalization;
using Kublambda.Kubernetes;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Streams;

/// <summary>An object of a collection as it was at a moment, without what is in it.</summary>
/// <param name="Uid">Tells it from a later one of the same name.</param>
/// <param name="Version">The revision that made it what it was.</param>
internal readonly record struct Trace(string Uid, ulong Version);

/// <summary>
/// The objects among which a stream selects, at revisions that etcd still has. Every method throws 410 (HttpOperationException) for one
/// that it has forgotten.
/// </summary>
internal sealed class Collection(RawApi api, StreamSpec stream, TimeProvider time)
{
    private readonly ListWatch _all = new(api, Query(stream), time);

    private bool Selects => stream.LabelSelector is not null || stream.FieldSelector is not null;

    /// <summary>The revision of now.</summary>
    public Task<string> MomentAsync(CancellationToken cancellationToken) => _all.MomentAsync(cancellationToken);

    /// <summary>How many objects there were, selected or not. Null: the API server does not say.</summary>
    public Task<long?> CountAsync(ulong revision, CancellationToken cancellationToken) => _all.CountAsync(Text(revision), cancellationToken);

    /// <summary>All objects, selected or not, by key.</summary>
    public async Task<Dictionary<string, Trace>> TracesAsync(ulong revision, CancellationToken cancellationToken)
    {
        var traces = new Dictionary<string, Trace>(StringComparer.Ordinal);
        await foreach (var page in _all.MetadataPagesAsync(Text(revision), ListWatch.MaxPageSize, cancellationToken))
        {
            using (page)
            {
                foreach (var item in page.Items)
                {
                    var (key, uid, version) = ObjectState.Identify(item);
                    traces[key] = new Trace(uid, Transitions.Number(version) ?? 0);
                }
            }
        }

        return traces;
    }

    /// <summary>One object, selected or not; null: it was not there.</summary>
    public Task<ObjectState?> ObjectAsync(string key, ulong revision, CancellationToken cancellationToken) => ObjectAsync(key, revision, false, cancellationToken);

    /// <summary>Whether the stream's selectors took an object at a revision.</summary>
    public async Task<bool> IsSelectedAsync(string key, ulong revision, CancellationToken cancellationToken) =>
        !Selects || await ObjectAsync(key, revision, true, cancellationToken) is not null;

    private async Task<ObjectState?> ObjectAsync(string key, ulong revision, bool selected, CancellationToken cancellationToken)
    {
        var kind = stream.Served.Kind;
        var name = $"metadata.name={ObjectState.NameOf(key)}";
        var query = Query(stream) with
        {
            Namespace = ObjectState.NamespaceOf(key),
            LabelSelector = selected ? stream.LabelSelector : null,
            FieldSelector = selected && stream.FieldSelector is { } field ? $"{name},{field}" : name,
        };
        ObjectState? found = null;
        await foreach (var page in new ListWatch(api, query, time).PagesAsync(Text(revision), 1, cancellationToken))
        {
            using (page)
            {
                foreach (var item in page.Items)
                    found = ObjectState.Of(item, kind.ApiVersion, kind.Kind);
            }
        }

        return found;
    }

    private static ResourceQuery Query(StreamSpec stream) =>
        new(stream.Served.Kind.Group, stream.Served.Kind.Version, stream.Served.Plural) { Namespace = stream.Namespace };

    private static string Text(ulong revision) => revision.ToString(CultureInfo.InvariantCulture);
}
