using System.Diagnostics.Metrics;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>
/// Keeps a copy of the objects of a resource and tells handlers what changes: lists, then watches from there on, with
/// bookmarks; takes up a broken watch where it was, lists again when the server has forgotten that place. It never ends
/// by itself, and one object that cannot be read does not stop the others.
/// </summary>
public sealed partial class Informer<T> : BackgroundService, IResourceCache<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>A watch that ends sooner, even in order, is not opened again at once.</summary>
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(5);

    private readonly ResourceStore<T> _store = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
    private readonly ListWatch _listWatch;
    private readonly ResourceQuery _query;
    private readonly IEnumerable<IResourceHandler<T>> _handlers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InformerMetrics _metrics;
    private long _lastSign;

    public Informer(
        IKubernetes client, ResourceQuery query, IEnumerable<IResourceHandler<T>> handlers, IMeterFactory meters, TimeProvider time,
        ILogger<Informer<T>> logger)
    {
        _listWatch = new ListWatch(new RawApi(client), query, time);
        (_query, _handlers, _time, _logger) = (query, handlers, time, logger);
        _lastSign = time.GetTimestamp();
        _metrics = new InformerMetrics(meters, query, () => Silence, () => _store.Count);
    }

    /// <summary>How long a watch lasts, at least; up to half of it more.</summary>
    internal TimeSpan WatchTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How much longer than that a watch is waited for.</summary>
    internal TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(15);

    public bool Synced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>
    /// Time since the last sign of life of the API server: an event, a bookmark, a list, a watch opened or ended in
    /// order. Above <see cref="MaxSilence"/> something is wrong.
    /// </summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _lastSign));

    /// <summary>Longer than any watch lasts.</summary>
    public TimeSpan MaxSilence => (WatchTimeout * 1.5) + (2 * WatchGrace);

    public T? Get(string? ns, string name) => _store.Get(ns, name);

    public IReadOnlyCollection<T> List() => _store.List();

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? version = null;
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                version ??= await ListAsync(stoppingToken);
                // Different for each watch, so that they do not all end at once.
                var timeout = WatchTimeout * (1 + (Random.Shared.NextDouble() / 2));
                var opened = _time.GetTimestamp();
                await foreach (var change in _listWatch.WatchAsync(version, timeout, WatchGrace, stoppingToken))
                {
                    Sign();
                    version = Handle(change) ?? version;
                    if (change.Type != WatchEventType.Opened)
                        failures = 0;
                }

                if (_time.GetElapsedTime(opened) < ShortestWatch)
                    await PauseAsync(++failures, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (ResourceExpiredException e)
            {
                LogExpired(_query, e.Message);
                version = null;
                await PauseAsync(++failures, stoppingToken);
            }
            catch (TimeoutException)
            {
                LogSilent(_query);
            }
            catch (Exception e)
            {
                // Where the server answered, its answer may be about the version: begin anew. Where it did not, go on from there.
                if (e is HttpOperationException)
                    version = null;
                LogBroken(_query, e.Message, failures + 1);
                await PauseAsync(++failures, stoppingToken);
            }
        }
    }

    private async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var listed = new List<T>();
        var unreadable = new HashSet<(string, string)>();
        var version = await _listWatch.ListAsync(
            item =>
            {
                if (TryDecode(item, out var decoded, out var key))
                    listed.Add(decoded);
                else
                    unreadable.Add(key);
            },
            cancellationToken);
        Sign();
        _metrics.Listed();
        foreach (var change in _store.Replace(listed, unreadable))
            Dispatch(change);
        if (_synced.TrySetResult())
            LogSynced(_query, _store.Count);
        return version;
    }

    /// <summary>Returns the resourceVersion that the event brings.</summary>
    private string? Handle(WatchEvent change)
    {
        if (change.Type == WatchEventType.Opened)
        {
            _metrics.Watching();
            return null;
        }

        var version = Text(change.Object, "resourceVersion");
        if (change.Type == WatchEventType.Bookmark)
            return version;

        var readable = TryDecode(change.Object, out var item, out var key);
        var changes = change.Type == WatchEventType.Deleted ? _store.Remove(key.Namespace, key.Name, readable ? item : null)
            : readable ? _store.Set(item)
            : [];
        foreach (var each in changes)
            Dispatch(each);
        return version;
    }

    private bool TryDecode(JsonElement element, out T item, out (string Namespace, string Name) key)
    {
        key = (Text(element, "namespace") ?? "", Text(element, "name") ?? "");
        try
        {
            item = KubernetesJson.Deserialize<T>(element);
            if (item.Metadata?.Name is not null)
                return true;
            throw new JsonException("The object has no metadata.name.");
        }
        catch (Exception e)
        {
            item = null!;
            Report(key.Namespace, key.Name, e);
            return false;
        }
    }

    private void Report(string ns, string name, Exception error)
    {
        LogMalformed(_query, ns, name, error.Message);
        foreach (var handler in _handlers)
            Guard(() => handler.OnMalformed(ns.Length == 0 ? null : ns, name, error), ns, name);
    }

    private void Dispatch(ResourceChange<T> change)
    {
        foreach (var handler in _handlers)
            Guard(() => handler.OnChange(change), change.Object.Metadata.NamespaceProperty, change.Object.Metadata.Name);
    }

    private void Guard(Action call, string? ns, string name)
    {
        try
        {
            call();
        }
        catch (Exception e)
        {
            LogHandlerFailed(e, _query, ns, name);
        }
    }

    private void Sign() => Volatile.Write(ref _lastSign, _time.GetTimestamp());

    private async Task PauseAsync(int failures, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(_backoff.Delay(failures), _time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The loop ends by its condition.
        }
    }

    private static string? Text(JsonElement item, string member) =>
        item.ValueKind == JsonValueKind.Object
        && item.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object
        && metadata.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
