using System.Globalization;
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
/// position that is stored, and compares a list with the last seen state when the API server has lost the history. Faults of the API
/// server are waited for; those of the broker end it.
/// </summary>
internal sealed partial class ObjectStream(
    StreamSpec stream, RawApi api, StateLog log, ConfirmedChannel channel, WatcherMetrics metrics, WatcherOptions options, TimeProvider time, ILogger logger,
    CancellationToken session)
{
    /// <summary>Objects on the first page of a list; they may be large.</summary>
    private const int FirstPage = 50;

    /// <summary>A watch that ends sooner, even in order, is not opened again at once.</summary>
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(2);

    /// <summary>Time for the moments between a lost position and now.</summary>
    private static readonly TimeSpan SteppingTime = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    private readonly Committer _committer = new(stream, log, channel, metrics, time, session);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    private readonly ListWatch _listWatch = new(
        api,
        new ResourceQuery(stream.Served.Kind.Group, stream.Served.Kind.Version, stream.Served.Plural)
        {
            Namespace = stream.Namespace, LabelSelector = stream.LabelSelector, FieldSelector = stream.FieldSelector,
        },
        time);

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
            try
            {
                _committer.Reset();
                var position = log.Store.Position(stream.Id);
                if (position is null || position.Position.Length == 0)
                    await ListAsync(null, cancellationToken);
                else if (position.Relist)
                    await ListAsync(position.Position, cancellationToken);
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
            catch (Exception e) when (IsExpired(e))
            {
                LogExpired(stream, e.Message);
                await RelistAsync();
                await Task.Delay(_backoff.Delay(++failures), time, cancellationToken);
            }
            catch (TimeoutException)
            {
                LogSilent(stream);
            }
            catch (Exception e) when (e is HttpOperationException or HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                LogBroken(stream, e.Message, ++failures);
                // It answers, and always the same: perhaps the position itself is what it cannot do, as after etcd was restored from a copy.
                if (e is HttpOperationException { Response.StatusCode: >= HttpStatusCode.InternalServerError } && failures % 10 == 0)
                    await RelistAsync();
                _health = HealthAfter(e, failures) ?? _health;
                await Task.Delay(_health.Reason is Reasons.KindNotFound or Reasons.TriggerForbidden ? options.LookAgain : _backoff.Delay(failures), time, cancellationToken);
            }
        }
    }

    /// <param name="since">Where the history was lost; null: nothing was ever seen, so nobody is told of what is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task ListAsync(string? since, CancellationToken cancellationToken)
    {
        var history = new History(api, stream, metrics, time);
        if (since is not null)
            since = await StepThroughAsync(history, since, cancellationToken);
        var moment = await CompareAsync(history, since, null, cancellationToken);
        LogListed(stream, since is null ? "at the beginning" : "compared", moment);
    }

    /// <summary>
    /// Compares one moment after the other between the lost position and now, so that objects which came and went in between are found
    /// too: every revision where that can be done in the time there is, else as many as can.
    /// </summary>
    /// <returns>The last moment that was compared.</returns>
    private async Task<string> StepThroughAsync(History history, string since, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        try
        {
            var end = Transitions.Number(await _listWatch.MomentAsync(cancellationToken)) ?? 0;
            var (at, stride, done) = (Transitions.Number(since) ?? end, 1UL, 0);
            while (at + stride < end)
            {
                at += stride;
                since = await CompareAsync(history, since, at.ToString(CultureInfo.InvariantCulture), cancellationToken);
                var (elapsed, left) = (time.GetElapsedTime(began), SteppingTime - time.GetElapsedTime(began));
                if (left <= TimeSpan.Zero)
                    break;
                var affordable = Math.Max(1, (ulong)(left / (elapsed / ++done)));
                stride = Math.Max(1, (end - at + affordable - 1) / affordable);
            }
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Gone)
        {
            // etcd has forgotten that moment: from there to now is one step.
            LogForgotten(stream, since);
        }

        return since;
    }

    /// <param name="history">Finds the steps of an object between two moments.</param>
    /// <param name="since">The moment that the last seen state is of; null: nothing was ever seen.</param>
    /// <param name="exact">The moment to compare with; null: now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The moment that was compared with.</returns>
    private async Task<string> CompareAsync(History history, string? since, string? exact, CancellationToken cancellationToken)
    {
        var kind = stream.Served.Kind;
        var known = log.Store.Versions(stream.Id);
        var silently = since is null;
        var moment = "";
        metrics.Listed(stream);
        await foreach (var page in _listWatch.PagesAsync(exact, FirstPage, cancellationToken))
        {
            using (page)
            {
                moment = exact ?? page.ResourceVersion;
                foreach (var item in page.Items)
                {
                    var (key, version) = ObjectState.Identify(item);
                    if (!known.Remove(key, out var last) || last != version)
                        await StepsAsync(log.Store.Get(stream.Id, key), ObjectState.Of(item, kind.ApiVersion, kind.Kind));
                }
            }
        }

        foreach (var key in known.Keys)
            await StepsAsync(log.Store.Get(stream.Id, key), null);
        _committer.Reached(moment, comparing: exact is not null);
        await _committer.FlushAsync(silently);
        return moment;

        async Task StepsAsync(ObjectState? old, ObjectState? now)
        {
            _committer.Add(silently ? History.Steps(old, [now]) : await history.StepsAsync(old, now, since!, moment, cancellationToken));
            if (_committer.IsFull)
                await _committer.FlushAsync(silently);
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
                await stop.CancelAsync();
                await Settled(next);
                throw;
            }

            if (!await next)
                break;
            Take(events.Current);
        }

        await _committer.FlushAsync(silently: false);
        return time.GetElapsedTime(began);
    }

    private async Task RelistAsync()
    {
        if (log.Store.Position(stream.Id) is { Position.Length: > 0, Relist: false })
            await log.AppendAsync([new StateRecord(StateRecordKind.Relist) { Stream = stream.Id }], session);
    }

    private void Take(WatchEvent happened)
    {
        if (happened.Type == WatchEventType.Opened)
        {
            if (!_health.Ready)
                LogWatching(stream);
            _health = StreamHealth.Fine;
            return;
        }

        if (happened.Type == WatchEventType.Bookmark)
        {
            _committer.Reached(happened.Object.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);
            return;
        }

        var kind = stream.Served.Kind;
        var state = ObjectState.Of(happened.Object, kind.ApiVersion, kind.Kind);
        var old = _committer.Last(state.Key);
        List<Transition> transitions = [.. happened.Type == WatchEventType.Deleted ? Transitions.Gone(old, state, state.Version) : Transitions.Present(old, state, state.Version)];
        _committer.Add(transitions);
        if (transitions.Count == 0)
            _committer.Reached(state.Version);
    }

    /// <summary>An enumerator must not be disposed of while it moves; whatever it brings is of no use now.</summary>
    private static async Task Settled(Task<bool> next)
    {
        try
        {
            await next;
        }
        catch (Exception)
        {
            // It is the first exception that counts.
        }
    }

    private static bool IsExpired(Exception e) =>
        e is ResourceExpiredException or HttpOperationException { Response.StatusCode: HttpStatusCode.Gone };

    private static StreamHealth? HealthAfter(Exception e, int failures) => e switch
    {
        HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound } =>
            new(false, Reasons.KindNotFound, "The API server does not have the kind any more; it is looked for again and again."),
        HttpOperationException { Response.StatusCode: HttpStatusCode.Forbidden } refused =>
            new(false, Reasons.TriggerForbidden, $"The API server does not let the watcher watch: {Said(refused)}"),
        HttpOperationException { Response.StatusCode: HttpStatusCode.BadRequest } refused =>
            new(false, Reasons.TriggerFailing, $"The API server refuses the watch: {Said(refused)}"),
        _ when failures >= 5 => new(false, Reasons.TriggerFailing, $"The watch broke {failures} times in a row and is opened again: {e.Message}"),
        _ => null,
    };

    /// <summary>The message of the Status object that the API server answers with.</summary>
    private static string Said(HttpOperationException e)
    {
        try
        {
            using var status = JsonDocument.Parse(e.Response.Content ?? "");
            return status.RootElement.GetProperty("message").GetString() ?? e.Message;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    [LoggerMessage(LogLevel.Information, "{Stream}: watching")]
    private partial void LogWatching(StreamSpec stream);

    [LoggerMessage(LogLevel.Information, "{Stream}: listed {How}, watching from {Position}")]
    private partial void LogListed(StreamSpec stream, string how, string position);

    [LoggerMessage(LogLevel.Warning, "{Stream}: etcd has forgotten what was after {Position}; what an object went through since then comes as one step")]
    private partial void LogForgotten(StreamSpec stream, string position);

    [LoggerMessage(LogLevel.Information, "{Stream}: the history is lost, comparing with what was last seen: {Error}")]
    private partial void LogExpired(StreamSpec stream, string error);

    [LoggerMessage(LogLevel.Warning, "{Stream}: the watch went silent, opening another")]
    private partial void LogSilent(StreamSpec stream);

    [LoggerMessage(LogLevel.Warning, "{Stream}: list or watch broke (failure {Failures}): {Error}")]
    private partial void LogBroken(StreamSpec stream, string error, int failures);
}
