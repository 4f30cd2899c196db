using System.Globalization;
using System.Net;
using k8s.Autorest;
using Kublambda.Watcher.State;

namespace Kublambda.Watcher.Streams;

/// <summary>What is done where the API server cannot be watched from the position.</summary>
internal sealed partial class ObjectStream
{
    /// <summary>From the position to where the API server can be watched again, without leaving out a revision that etcd has.</summary>
    private async Task CatchUpAsync(string position, Exception expired, CancellationToken cancellationToken)
    {
        var collection = new Collection(api, stream, time);
        var replay = new Replay(collection);
        var moment = StreamFault.OldestWatchable(expired.Message) ?? Transitions.Number(await collection.MomentAsync(cancellationToken));
        if (Transitions.Number(position) is not { } since || moment is not { } until || until <= since)
        {
            // Not the numbers they should be: another etcd, perhaps.
            await RelistAsync();
            return;
        }

        try
        {
            await ReplayAsync(replay, since, until, cancellationToken);
            _expired = null;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Gone)
        {
            // The least that can be skipped; what comes after it is looked through again.
            _committer.Reset();
            var reached = Transitions.Number(log.Store.Position(stream.Id)!.Position)!.Value;
            var oldest = await replay.OldestAsync(reached, until, cancellationToken);
            await RelistAsync();
            await CompareAsync(oldest, silently: false, cancellationToken);
        }
    }

    /// <summary>What is taken over is stored with its position, as with a watch: broken off, it goes on from there.</summary>
    private async Task ReplayAsync(Replay replay, ulong since, ulong until, CancellationToken cancellationToken)
    {
        var (began, changes) = (time.GetTimestamp(), 0);
        await foreach (var step in replay.StepsAsync(since, until, cancellationToken))
        {
            foreach (var change in step.Changes)
                Take(change);
            changes += step.Changes.Count;
            _committer.Reached(step.Revision.ToString(CultureInfo.InvariantCulture));
            if (_committer.IsFull)
                await _committer.FlushAsync(silently: false);
        }

        await _committer.FlushAsync(silently: false);
        LogReplayed(stream, changes, since, until, time.GetElapsedTime(began).TotalSeconds);
    }

    private async Task CompareAsync(ulong? moment, bool silently, CancellationToken cancellationToken)
    {
        var since = Transitions.Number(log.Store.Position(stream.Id)?.Position ?? "") ?? 0;
        var comparison = new Comparison(stream, _listWatch, log, _committer, metrics);
        var (reached, steps) = await comparison.RunAsync(moment?.ToString(CultureInfo.InvariantCulture), silently, cancellationToken);
        _expired = null;
        LogListed(stream, silently ? "at the beginning" : "and compared", steps, reached);
        if (silently)
            return;
        LogForgotten(stream, since, reached);
        metrics.Collapsed(stream, steps);
    }

    private async Task RelistAsync()
    {
        if (log.Store.Position(stream.Id) is { Position.Length: > 0, Relist: false })
            await log.AppendAsync([new StateRecord(StateRecordKind.Relist) { Stream = stream.Id }], session);
    }
}
