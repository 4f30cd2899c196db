using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;
using Kublambda.Watcher.Broker;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Kublambda.Watcher.Sessions;

/// <summary>Keeps a session going as long as there is a Lambda to work for, and begins another one whenever it breaks.</summary>
internal sealed partial class SessionService(SessionParts parts, IResourceCache<Lambda> lambdas, ILogger<SessionService> logger) : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan LockRetry = TimeSpan.FromSeconds(1);

    /// <summary>While another watcher has yet to end, or watches to catch up.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly Backoff _backoff = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5));
    private volatile string? _missing = "The watcher is being started.";

    /// <summary>Why it does not work; null where it does.</summary>
    public string? Missing => _missing;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Missing is { } missing ? HealthCheckResult.Unhealthy(missing) : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // With a part of the Lambdas a watch would go on without the triggers of the others.
        await lambdas.WaitForSyncAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (var failures = 0; !stoppingToken.IsCancellationRequested;)
        {
            if (parts.Lambdas.Current.Count == 0 && !parts.GivesBack)
            {
                await parts.Lambdas.WaitAsync(TimeSpan.FromMinutes(1), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            try
            {
                await RunAsync(() => failures = 0, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _missing = $"RabbitMQ cannot be worked with: {e.Message}";
                LogBroken(++failures, e.Message, e is BrokerLostException ? null : e);
                await Task.Delay(_backoff.Delay(failures), parts.Time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(Action working, CancellationToken stoppingToken)
    {
        await using var connection = await parts.Connector.ConnectAsync(parts.Owner.Exchange, stoppingToken);
        for (var said = false; !await TryBeginAsync(connection, stoppingToken); said = true)
        {
            if (!said)
                LogLocked(parts.Owner.Lock, _missing!);
            await Task.Delay(LockRetry, parts.Time, stoppingToken);
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await using var channel = await ConfirmedChannel.OpenAsync(connection, parts.Time, stoppingToken);
        if (parts.GivesBack)
        {
            await GiveBackAsync(new HandBack(connection, channel, parts), stoppingToken);
            return;
        }

        using var log = await parts.LogAsync(connection, channel, parts.Owner, stoppingToken);
        await using var session = new Session(connection, channel, log, parts, ended.Token);
        try
        {
            while (parts.Lambdas.Current.Count > 0)
            {
                await session.AdjustAsync(stoppingToken);
                _missing = null;
                working();
                await WaitAsync(session, stoppingToken);
            }
        }
        finally
        {
            await ended.CancelAsync();
        }
    }

    private async Task<bool> TryBeginAsync(RabbitMQ.Client.IConnection connection, CancellationToken cancellationToken)
    {
        _missing = "Another watcher works for the same Lambda; it takes over when that one ends.";
        if (!await Topology.TryLockAsync(connection, parts.Owner, cancellationToken))
            return false;
        if (parts.Options.Shared || !await Topology.IsLentAsync(connection, parts.Owner, cancellationToken))
            return true;
        _missing = "What was last seen for this Lambda is with the shared watcher, which gives it back while it runs with Triggers__Mode=PerLambda. "
            + $"Where it is gone for good: delete the queue {parts.Owner.Lent} in RabbitMQ, and the triggers begin with what is there then.";
        await Topology.UnlockAsync(connection, parts.Owner, cancellationToken);
        return false;
    }

    private async Task GiveBackAsync(HandBack handBack, CancellationToken stoppingToken)
    {
        _missing = "What was last seen is being given back to the Lambdas' own watchers.";
        while (await handBack.RunAsync(stoppingToken) is > 0 and var waiting)
        {
            _missing = $"What was last seen is given back but to {waiting} Lambdas that are not accepted now.";
            await parts.Lambdas.WaitAsync(parts.Options.LookAgain, stoppingToken);
        }

        _missing = null;
        await Task.Delay(Timeout.InfiniteTimeSpan, parts.Time, stoppingToken);
    }

    /// <summary>Until the Lambdas change, or a kind that is not there should be looked for again.</summary>
    private async Task WaitAsync(Session session, CancellationToken stoppingToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var change = parts.Lambdas.WaitAsync(session.IsPending ? Soon : parts.Options.LookAgain, enough.Token);
        var broken = session.Broken();
        try
        {
            if (await Task.WhenAny(change, broken) == broken)
                await broken;
            await change;
        }
        finally
        {
            await enough.CancelAsync();
            _ = broken.ContinueWith(task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The session with RabbitMQ is over (failure {Failures}), beginning another: {Error}")]
    private partial void LogBroken(int failures, string error, Exception? exception);

    [LoggerMessage(LogLevel.Information, "{Lock}: waiting. {Why}")]
    private partial void LogLocked(string @lock, string why);
}
