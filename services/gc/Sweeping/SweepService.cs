using Kublambda.Gc.Cleaning;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Sweeping;

/// <summary>Sweeps again and again, in the one replica that leads.</summary>
public sealed partial class SweepService(
    Sweep sweep, CleanupReporter reporter, IOptions<GcOptions> options, TimeProvider time, ILogger<SweepService> logger)
    : BackgroundService
{
    private readonly ILogger _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(options.Value.SweepDelay, time, stoppingToken);
            while (true)
            {
                await SweepAsync(stoppingToken);
                await Task.Delay(options.Value.SweepInterval, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Another one leads, or the process ends.
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await sweep.RunAsync(cancellationToken);
            reporter.Swept(succeeded: true);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            reporter.Swept(succeeded: false);
            Failed(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The sweep failed, the next one tries again: {Text}")]
    private partial void Failed(string text);
}
