using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.Delivery;

/// <summary>
/// Takes the events of one Lambda from its queue and hands them to the function until it answers 2xx; what is given up goes to the dead
/// letters. An event leaves the queue only when the one or the other is so.
/// </summary>
internal sealed partial class Deliverer(
    string uid, LambdaRuntime runtime, LambdaSet lambdas, ConsumerConnection connections, ConfirmedChannel publisher, FunctionCaller caller,
    WatcherMetrics metrics, WatcherOptions options, TimeProvider time, ILogger logger) : IDisposable
{
    /// <summary>
    /// Events at hand. Always the same: the broker gives events that a lost connection had at hand to the next one first, in their order,
    /// and that one must have room for all of them.
    /// </summary>
    private const ushort Prefetch = 200;

    /// <summary>How long calls that run may go on when the connection is lost; then the next connection takes over.</summary>
    private static readonly TimeSpan Finish = TimeSpan.FromSeconds(10);
    private readonly Backoff _retry = new(options.RetryFirst, options.RetryMax);
    private readonly Backoff _reconnect = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5));
    private readonly SemaphoreSlim _places = new(Math.Min(options.MaxParallel, lambdas.Find(uid)?.Parallel ?? 1));
    private readonly SemaphoreSlim _channelTurn = new(1, 1);

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

    public void Dispose()
    {
        _places.Dispose();
        _channelTurn.Dispose();
    }

    private async Task ConsumeAsync(IConnection connection, Action working, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        channel.ChannelShutdownAsync += (_, reason) => End(reason.ReplyText);
        await channel.BasicQosAsync(0, Prefetch, false, cancellationToken);
#pragma warning disable CA2025 // All work has ended when the lanes are disposed of.
        using var kill = new CancellationTokenSource();
        var lanes = new Lanes((queued, stop) => SettleAsync(channel, queued, stop, kill.Token));
#pragma warning restore CA2025
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.UnregisteredAsync += (_, _) => End("the queue is gone");
        consumer.ReceivedAsync += (_, message) =>
        {
            working();
            // The body is the client's again when this returns.
            lanes.Add(new QueuedEvent(message.DeliveryTag, new BasicProperties(message.BasicProperties), message.Body.ToArray(), time.GetTimestamp()));
            return Task.CompletedTask;
        };
        try
        {
            await channel.BasicConsumeAsync(runtime.Queues.Events, autoAck: false, consumer, cancellationToken);
            while (!ended.Task.IsCompleted)
            {
                await _channelTurn.WaitAsync(cancellationToken);
                try
                {
                    runtime.Queued = await channel.MessageCountAsync(runtime.Queues.Events, cancellationToken);
                }
                finally
                {
                    _channelTurn.Release();
                }

                await Task.WhenAny(ended.Task, Task.Delay(options.ReportInterval, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }

            await ended.Task;
        }
        finally
        {
            kill.CancelAfter(Finish);
            await lanes.DisposeAsync();
        }

        Task End(string reason)
        {
            ended.TrySetException(new BrokerLostException($"RabbitMQ: {reason}"));
            _ = ended.Task.Exception;
            return Task.CompletedTask;
        }
    }

    private async Task<bool> SettleAsync(IChannel channel, QueuedEvent queued, CancellationToken stop, CancellationToken kill)
    {
        var counters = runtime.Counters(queued.Trigger);
        counters.AtHand(1);
        try
        {
            if (!runtime.Taken.Contains(queued.Identity) && !await DeliverAsync(queued, stop, kill))
                return false;
            await AcknowledgeAsync(channel, queued);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || kill.IsCancellationRequested)
        {
            // It stays in the queue.
            return false;
        }
        catch (Exception e)
        {
            // So does it here; the connection is as good as lost.
            LogUnsettled(queued.Identity, e.Message);
            await channel.AbortAsync(CancellationToken.None);
            return false;
        }
        finally
        {
            counters.AtHand(-1);
        }
    }

    /// <returns>True: the function has it, or the dead letters do.</returns>
    private async Task<bool> DeliverAsync(QueuedEvent queued, CancellationToken stop, CancellationToken kill)
    {
        var counters = runtime.Counters(queued.Trigger);
        for (var attempt = 1; ; attempt++)
        {
            // Without the Lambda nobody is there to be called: the events go with its queues.
            if (lambdas.Find(uid) is not { } lambda)
            {
                await Task.Delay(options.RetryMax, time, stop);
                continue;
            }

            await _places.WaitAsync(stop);
            Answer answer;
            try
            {
                using var scope = logger.BeginLambdaScope(lambda.Ref, lambda.Resource.Status?.Revision);
                answer = await caller.CallAsync(lambda, queued, kill);
            }
            finally
            {
                _places.Release();
            }

            if (answer.Verdict == Verdict.Done)
            {
                runtime.Taken.Add(queued.Identity);
                counters.Delivered();
                return true;
            }

            counters.Error(time.GetUtcNow(), $"{queued.Lane.Split('\n')[^1]}: {answer.Message}");
            var pause = Longer(_retry.Delay(attempt), answer.RetryAfter);
            if (answer.Verdict == Verdict.GiveUp || time.GetElapsedTime(queued.ReceivedAt) + pause > options.RetryFor)
            {
                await GiveUpAsync(lambda, queued, answer, attempt);
                counters.Failed();
                return true;
            }

            await Task.Delay(pause, time, stop);
        }
    }

    private async Task GiveUpAsync(ActiveLambda lambda, QueuedEvent queued, Answer answer, int attempts)
    {
        var properties = new BasicProperties(queued.Properties)
        {
            Persistent = true,
            Headers = DeadLetter.Headers(queued.Properties.Headers, answer.Message ?? answer.Said, attempts, time.GetUtcNow()),
        };
        await publisher.PublishAsync([new Outgoing(runtime.Queues.Exchange, TriggerQueues.DeadKey, properties, queued.Body)], CancellationToken.None);
        metrics.GivenUp(lambda.Ref.ToString(), queued.Trigger);
        LogGivenUp(lambda.Ref.ToString(), queued.Lane.Replace('\n', ' '), attempts, answer.Message);
    }

    private async Task AcknowledgeAsync(IChannel channel, QueuedEvent queued)
    {
        if (!channel.IsOpen)
            return;
        await _channelTurn.WaitAsync(CancellationToken.None);
        try
        {
            await channel.BasicAckAsync(queued.Tag, multiple: false, CancellationToken.None);
        }
        finally
        {
            _channelTurn.Release();
        }
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked) => asked is { } after && after > pause ? (after < MaxAsked ? after : MaxAsked) : pause;

    private static TimeSpan MaxAsked { get; } = TimeSpan.FromMinutes(2);

    [LoggerMessage(LogLevel.Warning, "{Queue}: cannot take events for now: {Error}")]
    private partial void LogBroken(string queue, string error);

    [LoggerMessage(LogLevel.Warning, "{Event} is not settled, it will be given again: {Error}")]
    private partial void LogUnsettled(string @event, string error);

    [LoggerMessage(LogLevel.Error, "{Lambda}: {Event} is given up after {Attempts} calls, it is in the dead letters: {Error}")]
    private partial void LogGivenUp(string lambda, string @event, int attempts, string? error);
}
