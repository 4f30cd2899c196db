using Kublambda.Contracts;
using Kublambda.Gc.Cluster;
using Kublambda.Gc.Triggers;
using Kublambda.Registry;

namespace Kublambda.Gc.Cleaning;

/// <summary>
/// Removes all of one Lambda that owner references cannot reach: its build pods, what its triggers left, then its images.
/// Builds first, since a build that still runs would push again.
/// </summary>
public sealed partial class Cleanup(
    LambdaReader lambdas, BuildPods builds, RepositoryCleaner repositories, TriggerRemains triggers, CleanupReporter reporter, TimeProvider time, ILogger<Cleanup> logger)
{
    private readonly ILogger _logger = logger;

    /// <summary>Idempotent, and safe to run for the same Lambda in several processes.</summary>
    /// <returns>Null where the Lambda lives: nothing was touched.</returns>
    /// <exception cref="CleanupWaitingException">It has to be tried again later.</exception>
    public async Task<CleanupReport?> RunAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var repository = Names.Repository(lambda);
        try
        {
            if (await lambdas.IsAliveAsync(lambda, cancellationToken))
            {
                Alive(lambda);
                return null;
            }
            await builds.EndAsync(lambda.Uid, cancellationToken);
            if (await triggers.RemoveAsync(lambda.Uid, cancellationToken) is { Count: > 0 } removed)
                reporter.TriggersRemoved(lambda.Uid, removed);
            // The cache first: what marks a repository as this Lambda's is in the other one, for whoever goes on where this run is cut short.
            IReadOnlyList<string> deleted =
            [
                .. await repositories.EmptyAsync(Names.CacheRepository(lambda), cancellationToken),
                .. await repositories.EmptyAsync(repository, cancellationToken),
            ];
            // A builder that read the Lambda just before its deletion may have started one meanwhile.
            if (await builds.AnyAsync(lambda.Uid, cancellationToken))
                throw new CleanupWaitingException(Reasons.BuildsEnding, "A build was started while clean-up ran, and is ended next.");
            return new CleanupReport(lambda, repository, deleted, time.GetElapsedTime(started));
        }
        catch (RegistryException e)
        {
            throw new CleanupWaitingException(
                e.Kind == RegistryErrorKind.DeletionDisabled ? Reasons.DeletionDisabled : Reasons.RegistryUnavailable, e.Message, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Lambda} is not being deleted: nothing is cleaned up")]
    private partial void Alive(LambdaRef lambda);
}
