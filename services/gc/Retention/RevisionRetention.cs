using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Gc.Cluster;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Retention;

/// <summary>Keeps the repositories of living Lambdas from growing for ever.</summary>
public sealed partial class RevisionRetention(
    LambdaReader lambdas, RevisionReader revisions, CacheRetention caches, UsageReader usage, IRegistryClient registry, CleanupReporter reporter,
    IOptions<GcOptions> options, ILogger<RevisionRetention> logger)
{
    private readonly ILogger _logger = logger;
    private Dictionary<LambdaRef, IReadOnlySet<string>> _idle = [];

    /// <summary>One run over all Lambdas. One that cannot be handled does not stop the others.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var idle = new Dictionary<LambdaRef, IReadOnlySet<string>>();
        foreach (var lambda in await lambdas.ListAsync(cancellationToken))
        {
            try
            {
                if (await PruneAsync(lambda, cancellationToken) is { Count: > 0 } seen)
                    idle[lambda] = seen;
                await caches.PruneAsync(lambda, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Skipped(lambda, e.Message);
                if (e is RegistryException { Kind: not RegistryErrorKind.Invalid })
                    break;
            }
        }
        _idle = idle;
    }

    private async Task<IReadOnlySet<string>> PruneAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var repository = Names.Repository(lambda);
        var contents = await revisions.ReadAsync(repository, options.Value.KeepRevisions, cancellationToken);
        // A Lambda that is being deleted is emptied by its clean-up.
        if (contents.Count == 0 || !await lambdas.IsAliveAsync(lambda, cancellationToken))
            return new HashSet<string>();
        // What is used is read last, a moment before the deletion.
        var used = await usage.ReadAsync(lambda, cancellationToken);
        var plan = RetentionPlan.Plan(contents, used, _idle.GetValueOrDefault(lambda) ?? new HashSet<string>(), options.Value.KeepRevisions);
        foreach (var digest in plan.Digests)
            await registry.DeleteManifestAsync(repository, digest, cancellationToken);
        if (plan.Digests.Count > 0)
            reporter.Pruned(lambda, repository, plan.Digests);
        return plan.Idle;
    }

    [LoggerMessage(LogLevel.Warning, "Old revisions of {Lambda} are left for now: {Text}")]
    private partial void Skipped(LambdaRef lambda, string text);
}
