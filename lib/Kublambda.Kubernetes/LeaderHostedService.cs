using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kublambda.Kubernetes;

/// <summary>Runs a service while this process leads, again and again; starts it anew when it ends by an exception.</summary>
internal sealed partial class LeaderHostedService<T>(T inner, LeaderGate gate, TimeProvider time, ILogger<LeaderHostedService<T>> logger)
    : BackgroundService
    where T : BackgroundService
{
    private readonly ILogger _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var term = await gate.WaitForLeadershipAsync(stoppingToken);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, term);
                await RunAsync(both.Token);
            }
            catch (OperationCanceledException)
            {
                // Leadership lost, or the process ends.
            }
            catch (Exception e)
            {
                LogFailed(e, typeof(T).Name);
                await Task.Delay(TimeSpan.FromSeconds(2), time, CancellationToken.None);
            }
        }
    }

    private async Task RunAsync(CancellationToken term)
    {
        LogStarting(typeof(T).Name);
        await inner.StartAsync(CancellationToken.None);
        try
        {
            await (inner.ExecuteTask ?? Task.CompletedTask).WaitAsync(term);
            // It ended by itself: it has nothing to do for this term.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, term);
        }
        finally
        {
            await inner.StopAsync(CancellationToken.None);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Service} starts: this process leads")]
    private partial void LogStarting(string service);

    [LoggerMessage(LogLevel.Error, "{Service} failed, starting it again")]
    private partial void LogFailed(Exception exception, string service);
}
