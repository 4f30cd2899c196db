using System.Diagnostics.Metrics;
using Kublambda.Contracts;

namespace Kublambda.Gc.Cleaning;

/// <summary>Tells what clean-up does: one log line and the metrics for each one.</summary>
public sealed partial class CleanupReporter
{
    private readonly ILogger _logger;
    private readonly Counter<long> _cleanups;
    private readonly Counter<long> _delays;
    private readonly Counter<long> _manifests;
    private readonly Histogram<double> _seconds;
    private readonly Counter<long> _sweeps;
    private readonly Counter<long> _orphans;

    public CleanupReporter(IMeterFactory meters, ILogger<CleanupReporter> logger)
    {
        _logger = logger;
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create("kublambda");
#pragma warning restore CA2000
        _cleanups = meter.CreateCounter<long>("gc_cleanups_total", description: "Clean-ups that were finished.");
        _delays = meter.CreateCounter<long>("gc_cleanup_delays_total", description: "Clean-ups that have to be tried again, by reason.");
        _manifests = meter.CreateCounter<long>("gc_manifests_deleted_total", description: "Manifests deleted from the registry.");
        _seconds = meter.CreateHistogram<double>("gc_cleanup_seconds", unit: "s", description: "Time of finished clean-ups.");
        _sweeps = meter.CreateCounter<long>("gc_sweeps_total", description: "Sweeps, by outcome.");
        _orphans = meter.CreateCounter<long>("gc_orphans_deleted_total", description: "Repositories, build pods and remains of triggers without a Lambda, by kind.");
    }

    /// <summary>The repository is empty.</summary>
    public void Done(CleanupReport report)
    {
        _cleanups.Add(1);
        _manifests.Add(report.Manifests.Count);
        _seconds.Record(report.Duration.TotalSeconds);
        LogDone(report.Lambda, report.Repository, report.Manifests.Count, (long)report.Duration.TotalMilliseconds, string.Join(' ', report.Manifests));
    }

    /// <summary>It has to be tried again.</summary>
    public void Delayed(CleanupWaitingException cause)
    {
        _delays.Add(1, new KeyValuePair<string, object?>("reason", cause.Reason));
        LogDelayed(cause.Reason, cause.Message);
    }

    /// <summary>A repository without a Lambda was emptied.</summary>
    public void OrphanedRepository(CleanupReport report)
    {
        _orphans.Add(1, new KeyValuePair<string, object?>("kind", "repository"));
        Done(report);
    }

    /// <summary>A build pod without a Lambda was ended.</summary>
    public void OrphanedBuildPod(string pod, string lambdaUid)
    {
        _orphans.Add(1, new KeyValuePair<string, object?>("kind", "pod"));
        LogPod(pod, lambdaUid);
    }

    /// <summary>What resource triggers left in the broker and among the roles was removed.</summary>
    public void TriggersRemoved(string lambdaUid, IReadOnlyList<string> removed) => LogTriggers(lambdaUid, string.Join(", ", removed));

    /// <summary>The same, of triggers without a Lambda.</summary>
    public void OrphanedTriggers(string lambdaUid, IReadOnlyList<string> removed)
    {
        _orphans.Add(1, new KeyValuePair<string, object?>("kind", "triggers"));
        LogTriggers(lambdaUid, string.Join(", ", removed));
    }

    /// <summary>Old revisions of a living Lambda were deleted.</summary>
    public void Pruned(LambdaRef lambda, string repository, IReadOnlyList<string> digests)
    {
        _manifests.Add(digests.Count);
        LogPruned(lambda, repository, digests.Count, string.Join(' ', digests));
    }

    public void Swept(bool succeeded) => _sweeps.Add(1, new KeyValuePair<string, object?>("outcome", succeeded ? "done" : "failed"));

    [LoggerMessage(LogLevel.Information, "Clean-up of {Lambda} done: {Repository} is empty, {Count} manifests deleted in {Milliseconds} ms: {Digests}")]
    private partial void LogDone(LambdaRef lambda, string repository, int count, long milliseconds, string digests);

    [LoggerMessage(LogLevel.Information, "Old revisions of {Lambda} deleted: {Count} manifests of {Repository}: {Digests}")]
    private partial void LogPruned(LambdaRef lambda, string repository, int count, string digests);

    [LoggerMessage(LogLevel.Warning, "Clean-up waits, {Reason}: {Text}")]
    private partial void LogDelayed(string reason, string text);

    [LoggerMessage(LogLevel.Information, "Build pod {Pod} ended: its Lambda, uid {LambdaUid}, does not exist")]
    private partial void LogPod(string pod, string lambdaUid);

    [LoggerMessage(LogLevel.Information, "Removed what the resource triggers of the Lambda with uid {LambdaUid} had: {Removed}")]
    private partial void LogTriggers(string lambdaUid, string removed);
}
