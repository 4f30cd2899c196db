using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Retention;

/// <summary>Looks for old revisions again and again, in the one replica that leads.</summary>
public sealed partial class RetentionService(
    RevisionRetention retention, IOptions<GcOptions> options, TimeProvider time, ILogger<RetentionService> logger)
    : BackgroundService
{
    private readonly ILogger _logger = logger;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.Value.RetentionInterval, time, stoppingToken);
                await RunAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Another one leads, or the process ends.
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await retention.RunAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Failed(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Old revisions are left for now: {Text}")]
    private partial void Failed(string text);
}
