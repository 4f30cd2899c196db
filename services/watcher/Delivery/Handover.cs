using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using Kublambda.Watcher.Lambdas;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Delivery;

/// <summary>Hands one event to the function until it answers 2xx; what is given up goes to the dead letters.</summary>
internal sealed partial class Handover(
    string uid, LambdaRuntime runtime, LambdaSet lambdas, ConfirmedChannel publisher, FunctionCaller caller, WatcherMetrics metrics,
    WatcherOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan MaxAsked = TimeSpan.FromMinutes(2);
    private readonly Backoff _retry = new(options.RetryFirst, options.RetryMax);

    /// <summary>Follows the Lambda's scaling.</summary>
    public Places Places { get; } = new(() => Math.Min(options.MaxParallel, lambdas.Find(uid)?.Parallel ?? 1));

    /// <param name="queued">The event.</param>
    /// <param name="stop">No more calls.</param>
    /// <param name="kill">Ends a call that runs.</param>
    public async Task<Outcome> RunAsync(QueuedEvent queued, CancellationToken stop, CancellationToken kill)
    {
        if (runtime.Taken.Contains(queued.Identity))
            return Outcome.Settled;
        var (counters, began) = (runtime.Counters(queued.Trigger), time.GetTimestamp());
        while (true)
        {
            // Without the Lambda nobody is there to be called. If it stays so, the events go with its queues.
            if (lambdas.Find(uid) is not { } lambda)
            {
                await Task.Delay(options.RetryMax, time, stop);
                continue;
            }

            var answer = await CallAsync(lambda, queued, stop, kill);
            queued.Attempts++;
            if (answer.Verdict == Verdict.Done)
            {
                runtime.Taken.Add(queued.Identity);
                counters.Delivered();
                return Outcome.Settled;
            }

            counters.Error(time.GetUtcNow(), $"{queued.Lane.Split('\n')[^1]}: {answer.Message}");
            var pause = Longer(_retry.Delay(queued.Attempts), answer.RetryAfter);
            if (answer.Verdict == Verdict.GiveUp || time.GetUtcNow() - queued.Since + pause > options.RetryFor)
            {
                await GiveUpAsync(lambda, queued, answer);
                counters.Failed();
                return Outcome.Settled;
            }

            if (!queued.Parked && time.GetElapsedTime(began) + pause > options.ParkAfter)
                return Outcome.Slow;
            await Task.Delay(pause, time, stop);
        }
    }

    private async Task<Answer> CallAsync(ActiveLambda lambda, QueuedEvent queued, CancellationToken stop, CancellationToken kill)
    {
        await Places.TakeAsync(queued.Parked, stop);
        try
        {
            using var scope = logger.BeginLambdaScope(lambda.Ref, lambda.Resource.Status?.Revision);
            return await caller.CallAsync(lambda, queued, kill);
        }
        finally
        {
            Places.Release(queued.Parked);
        }
    }

    private async Task GiveUpAsync(ActiveLambda lambda, QueuedEvent queued, Answer answer)
    {
        var properties = new BasicProperties(queued.Properties)
        {
            Persistent = true,
            Headers = DeadLetter.Headers(queued.Properties.Headers, answer.Message ?? answer.Said, queued.Attempts, time.GetUtcNow()),
        };
        await publisher.PublishAsync([new Outgoing(runtime.Queues.Exchange, TriggerQueues.DeadKey, properties, queued.Body)], CancellationToken.None);
        metrics.GivenUp(lambda.Ref.ToString(), queued.Trigger);
        LogGivenUp(lambda.Ref.ToString(), queued.Lane.Replace('\n', ' '), queued.Attempts, answer.Message);
    }

    private static TimeSpan Longer(TimeSpan pause, TimeSpan? asked) => asked is { } after && after > pause ? (after < MaxAsked ? after : MaxAsked) : pause;

    [LoggerMessage(LogLevel.Error, "{Lambda}: {Event} is given up after {Attempts} calls, it is in the dead letters: {Error}")]
    private partial void LogGivenUp(string lambda, string @event, int attempts, string? error);
}
