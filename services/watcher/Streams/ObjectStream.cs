using System.Net;
using System.Text.Json;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Reporting;
using Kublambda.Watcher.State;

namespace Kublambda.Watcher.Streams;

/// <summary>
/// One watch that goes on where the last one ended, over restarts: lists silently when it begins for the first time, watches from the
/// position that is stored, and looks through the revisions that etcd has when the API server has lost their events. Faults of the API
/// server are waited for; those of the broker end it.
/// </summary>
internal sealed partial class ObjectStream(
    StreamSpec stream, RawApi api, StateLog log, ConfirmedChannel channel, WatcherMetrics metrics, WatcherOptions options, TimeProvider time, ILogger logger,
    CancellationToken session)
{
    /// <summary>A watch that ends sooner, even in order, is not opened again at once.</summary>
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    private readonly Committer _committer = new(stream, log, channel, metrics, time, session);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    private readonly ListWatch _listWatch = new(
        api,
        new ResourceQuery(stream.Served.Kind.Group, stream.Served.Kind.Version, stream.Served.Plural)
        {
            Namespace = stream.Namespace,
            LabelSelector = stream.LabelSelector,
            FieldSelector = stream.FieldSelector,
        },
        time);

    /// <summary>Why the position cannot be watched from; null: it has not been tried, or can.</summary>
    private Exception? _expired;
    private volatile StreamHealth _health = StreamHealth.Starting;

    public StreamHealth Health => _health;

    /// <summary>Replaced when triggers change; the next batch goes to the new ones.</summary>
    public void Feed(IReadOnlyList<BoundTrigger> triggers) => _committer.Triggers = triggers;

    public StreamSpec Spec => stream;

    /// <exception cref="BrokerLostException">The session is over.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var position = log.Store.Position(stream.Id);
            try
            {
                _committer.Reset();
                if (position is null || position.Position.Length == 0)
                    await CompareAsync(null, silently: true, cancellationToken);
                else if (position.Relist)
                    await CompareAsync(null, silently: false, cancellationToken);
                else if (_expired is { } expired)
                    await CatchUpAsync(position.Position, expired, cancellationToken);
                else if (await WatchAsync(position.Position, cancellationToken) is var lasted && lasted < ShortestWatch)
                    await Task.Delay(_backoff.Delay(++failures), time, cancellationToken);
                else
                    failures = 0;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (BrokerLostException)
            {
                throw;
            }
            catch (Exception e) when (StreamFault.IsExpired(e))
            {
                LogExpired(stream, position?.Position ?? "", e.Message);
                _expired = e;
                if (++failures > 1)
                    await Task.Delay(_backoff.Delay(failures), time, cancellationToken);
            }
            catch (TimeoutException)
            {
                LogSilent(stream);
            }
            catch (Exception e) when (e is HttpOperationException or HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                LogBroken(stream, e.Message, ++failures);
                // It answers, and always the same: perhaps the position itself is what it cannot do, as after etcd was restored from a copy.
                if (e is HttpOperationException { Response.StatusCode: >= HttpStatusCode.InternalServerError or HttpStatusCode.BadRequest } && failures % 10 == 0)
                    await RelistAsync();
                _health = StreamFault.Health(e, failures) ?? _health;
                // Also an API server that has just started says 403 for a moment.
                var lasting = failures >= StreamFault.Lasting && _health.Reason is (Reasons.KindNotFound or Reasons.TriggerForbidden);
                await Task.Delay(lasting ? options.LookAgain : _backoff.Delay(failures), time, cancellationToken);
            }
        }
    }

    /// <summary>Returns how long the watch lasted, when the server ends it.</summary>
    private async Task<TimeSpan> WatchAsync(string position, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        // Different for each watch, so that they do not all end at once.
        var timeout = options.WatchTimeout * (1 + (Random.Shared.NextDouble() / 2));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = _listWatch.WatchAsync(position, timeout, Grace, stop.Token).GetAsyncEnumerator(stop.Token);
        while (true)
        {
            var next = events.MoveNextAsync().AsTask();
            try
            {
                // As long as there is more at hand the batch grows. What came before a break is stored before that is looked at.
                if (_committer.IsFull || !next.IsCompletedSuccessfully)
                    await _committer.FlushAsync(silently: false);
            }
            catch
            {
                // An enumerator must not be disposed of while it moves; whatever it brings is of no use now.
                await stop.CancelAsync();
                await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            if (!await next)
                break;
            Take(events.Current);
        }

        await _committer.FlushAsync(silently: false);
        return time.GetElapsedTime(began);
    }

    private void Take(WatchEvent happened)
    {
        var kind = stream.Served.Kind;
        switch (happened.Type)
        {
            case WatchEventType.Opened:
                if (!_health.Ready)
                    LogWatching(stream);
                _health = StreamHealth.Fine;
                break;
            case WatchEventType.Bookmark:
                _committer.Reached(happened.Object.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);
                break;
            default:
                Take(new ObjectChange(ObjectState.Of(happened.Object, kind.ApiVersion, kind.Kind), happened.Type == WatchEventType.Deleted));
                break;
        }
    }

    private void Take(ObjectChange change)
    {
        var (state, old) = (change.State, _committer.Last(change.State.Key));
        List<Transition> transitions = [.. change.IsGone ? Transitions.Gone(old, state, state.Version) : Transitions.Present(old, state, state.Version)];
        _committer.Add(transitions);
        if (transitions.Count == 0)
            _committer.Reached(state.Version);
    }
}
