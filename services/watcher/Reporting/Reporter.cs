using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Triggers;
using Kublambda.Watcher.Lambdas;
using Kublambda.Watcher.Sessions;
using Microsoft.Extensions.Options;

namespace Kublambda.Watcher.Reporting;

/// <summary>Writes how the triggers of each Lambda do, when that has changed, and not too often.</summary>
internal sealed partial class Reporter(
    LambdaSet lambdas, LambdaRuntimes runtimes, SessionService session, IOptions<WatcherOptions> options, TimeProvider time, ILogger<Reporter> logger) : BackgroundService
{
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // What was counted since the last time.
        await ReportAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.ReportInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await ReportAsync(stoppingToken);
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        foreach (var lambda in lambdas.Current)
        {
            try
            {
                // What its own watcher still does is that one's to say.
                if (options.Value.Shared && runtimes.Find(lambda.Ref.Uid) is null)
                    continue;
                var runtime = await runtimes.PeekAsync(lambda.Ref, cancellationToken);
                var reports = Reports(lambda, runtime, session.Missing);
                var text = TriggerReports.Write(reports);
                if (_written.GetValueOrDefault(lambda.Ref.Uid) == text)
                    continue;
                await runtimes.ReportAsync(lambda.Ref, reports, cancellationToken);
                _written[lambda.Ref.Uid] = text;
            }
            catch (Exception e) when (e is HttpOperationException or HttpRequestException or IOException or OperationCanceledException)
            {
                if (!cancellationToken.IsCancellationRequested)
                    LogNotWritten(lambda.Ref.ToString(), e.Message);
            }
        }
    }

    internal static IReadOnlyList<TriggerStatus> Reports(ActiveLambda lambda, LambdaRuntime runtime, string? missing)
    {
        var health = runtime.Health();
        return
        [
            .. (lambda.Resource.Spec.Triggers ?? []).Where(each => each.Resource is not null).Select(each => runtime.Counters(each.Name).Report(
                each.Name,
                missing is null ? health.GetValueOrDefault(each.Name) ?? StreamHealth.Starting : new StreamHealth(false, Reasons.TriggerFailing, missing),
                runtime.Queued)),
        ];
    }

    [LoggerMessage(LogLevel.Warning, "{Lambda}: the state of its triggers is not written: {Error}")]
    private partial void LogNotWritten(string lambda, string error);
}
