using Kublambda.Kubernetes;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.Delivery;

/// <summary>
/// Takes the events of one Lambda from its queues and has them handed over. An event leaves a queue only when the function has it, or the
/// dead letters have, or when it is parked.
/// </summary>
internal sealed partial class Deliverer(
    LambdaRuntime runtime, ConsumerConnection connections, ConfirmedChannel publisher, Handover handover, WatcherMetrics metrics, WatcherOptions options,
    TimeProvider time, ILogger logger)
{
    /// <summary>
    /// Events of each queue at hand. Always the same: the broker gives events that a lost connection had at hand to the next one first, in
    /// their order, and that one must have room for all of them.
    /// </summary>
    private const ushort Prefetch = 200;

    /// <summary>How long calls that run may go on when the connection is lost; then the next connection takes over.</summary>
    private static readonly TimeSpan Finish = TimeSpan.FromSeconds(10);
    private readonly Backoff _reconnect = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var failures = 0; !cancellationToken.IsCancellationRequested;)
        {
            try
            {
                var connection = await connections.GetAsync(cancellationToken);
                await ConsumeAsync(connection, () => failures = 0, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogBroken(runtime.Queues.Events, e.Message);
                await Task.Delay(_reconnect.Delay(++failures), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ConsumeAsync(IConnection connection, Action working, CancellationToken cancellationToken)
    {
        var queues = runtime.Queues;
        var parked = await Parking.ReadAsync(connection, publisher, queues, time, cancellationToken);
        if (parked.Count > 0)
            LogParked(queues.Parked, parked.Values.Sum(), parked.Count);
        await using var channel = await ConsumerChannel.OpenAsync(connection, Prefetch, cancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
#pragma warning disable CA2025 // All work has ended when these are disposed of.
        using var kill = new CancellationTokenSource();
        var parking = new Parking(publisher, queues, channel, each => metrics.Parked(each.Lambda, each.Trigger));
        var lanes = new Lanes((queued, stop) => SettleAsync(channel, queued, stop, kill.Token), parking.Add, parked);
        var parks = parking.RunAsync(end.Token);
#pragma warning restore CA2025
        try
        {
            // What is parked comes before what came after it.
            await channel.ConsumeAsync(queues.Parked, message => TakeAsync(message, isParked: true), cancellationToken);
            await channel.ConsumeAsync(queues.Events, message => TakeAsync(message, isParked: false), cancellationToken);
            while (true)
            {
                runtime.Queued = await channel.CountAsync(queues.Events, cancellationToken) + await channel.CountAsync(queues.Parked, cancellationToken);
                handover.Places.Admit();
                var ended = await Task.WhenAny(channel.Ended, parks, Task.Delay(options.ReportInterval, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
                if (ended == channel.Ended || ended == parks)
                    await ended;
            }
        }
        finally
        {
            kill.CancelAfter(Finish);
            await lanes.DisposeAsync();
            await end.CancelAsync();
            await parks.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Task TakeAsync(BasicDeliverEventArgs message, bool isParked)
        {
            working();
            if (Parking.IsMark(message.BasicProperties))
                return channel.AcknowledgeAsync(message.DeliveryTag);
            lanes.Add(QueuedEvent.Of(message, isParked, time.GetUtcNow()));
            return Task.CompletedTask;
        }
    }

    private async Task<Outcome> SettleAsync(ConsumerChannel channel, QueuedEvent queued, CancellationToken stop, CancellationToken kill)
    {
        var counters = runtime.Counters(queued.Trigger);
        counters.AtHand(1);
        try
        {
            var outcome = await handover.RunAsync(queued, stop, kill);
            if (outcome == Outcome.Settled)
                await channel.AcknowledgeAsync(queued.Tag);
            return outcome;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || kill.IsCancellationRequested)
        {
            // It stays in the queue.
            return Outcome.Left;
        }
        catch (Exception e)
        {
            // So does it here; the connection is as good as lost.
            LogUnsettled(queued.Identity, e.Message);
            await channel.AbortAsync();
            return Outcome.Left;
        }
        finally
        {
            counters.AtHand(-1);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Queue}: cannot take events for now: {Error}")]
    private partial void LogBroken(string queue, string error);

    [LoggerMessage(LogLevel.Information, "{Queue}: {Events} events of {Lanes} objects are parked")]
    private partial void LogParked(string queue, int events, int lanes);

    [LoggerMessage(LogLevel.Warning, "{Event} is not settled, it will be given again: {Error}")]
    private partial void LogUnsettled(string @event, string error);
}
