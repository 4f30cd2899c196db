using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Consumers;

/// <summary>One look at one Lambda's leavings.</summary>
public sealed record Look(LambdaRef Lambda, int Number);

/// <summary>
/// Looks again a little after a clean-up: a builder that read the Lambda just before its deletion may push a bundle or
/// start a pod when all is clean already. What this misses, because the process ended, the sweep finds.
/// </summary>
public sealed class SecondLook(
    WorkQueue<Look> queue, Cleanup cleanup, CleanupReporter reporter, IOptions<GcOptions> options, ILogger<SecondLook> logger)
    : ReconcileLoop<Look>(queue, logger, workers: 2)
{
    public void After(LambdaRef lambda)
    {
        for (var i = 0; i < options.Value.SecondLooks.Count; i++)
            Queue.AddAfter(new Look(lambda, i), options.Value.SecondLooks[i]);
    }

    protected override IDisposable? BeginScope(Look key) => logger.BeginLambdaScope(key.Lambda);

    protected override async Task<TimeSpan?> ReconcileAsync(Look key, CancellationToken cancellationToken)
    {
        if (await cleanup.RunAsync(key.Lambda, cancellationToken) is { Manifests.Count: > 0 } report)
            reporter.Done(report);
        return null;
    }
}
