using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Gc.Cluster;
using Kublambda.Gc.Triggers;
using Kublambda.Hosting.Broker;
using Kublambda.Kubernetes;
using Kublambda.Registry;
using Microsoft.Extensions.Options;

namespace Kublambda.Gc.Sweeping;

/// <summary>One sweep: take the inventory, list the Lambdas, plan, and delete with one more look before each deletion.</summary>
public sealed partial class Sweep(
    IRegistryClient registry, OwnerReader owners, ClusterIdentity cluster, BuildPods builds, TriggerRemains triggers, LambdaReader lambdas, Cleanup cleanup, CleanupReporter reporter,
    IOptions<GcOptions> options, TimeProvider time, ILogger<Sweep> logger)
{
    private static readonly TimeSpan RememberEmpty = TimeSpan.FromHours(1);
    private readonly ILogger _logger = logger;
    private readonly Dictionary<string, DateTimeOffset> _empty = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, DateTimeOffset> _orphanedSince = new Dictionary<string, DateTimeOffset>();

    /// <exception cref="k8s.Autorest.HttpOperationException">The Lambdas cannot be listed: nothing is deleted then.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var repositories = options.Value.SweepRepositories ? await RepositoriesAsync(cancellationToken) : [];
        var pods = await builds.ListAsync(cancellationToken);
        var triggered = await TriggerOwnersAsync(cancellationToken);
        // After the inventory: what was made in between has its Lambda in this list.
        var live = (await lambdas.ListAsync(cancellationToken)).Select(l => l.Uid).ToHashSet(StringComparer.Ordinal);
        var plan = SweepPlan.Plan(new SweepInventory(repositories, pods), live, _orphanedSince, time.GetUtcNow(), options.Value.OrphanGrace);
        _orphanedSince = plan.OrphanedSince;
        foreach (var pod in plan.BuildPods)
        {
            await builds.DeleteAsync(pod, cancellationToken);
            reporter.OrphanedBuildPod(pod.Name, pod.LambdaUid);
        }
        // A uid never comes back: what has one of no Lambda is nobody's.
        foreach (var uid in triggered.Where(uid => !live.Contains(uid)))
            await RemoveTriggersAsync(uid, cancellationToken);
        foreach (var orphan in plan.Repositories)
            await EmptyAsync(orphan, cancellationToken);
    }

    private async Task<IReadOnlyList<string>> TriggerOwnersAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await triggers.OwnersAsync(cancellationToken);
        }
        catch (BrokerException e)
        {
            CannotListTriggers(e.Message);
            reporter.Swept(succeeded: false);
            return [];
        }
    }

    private async Task RemoveTriggersAsync(string uid, CancellationToken cancellationToken)
    {
        try
        {
            reporter.OrphanedTriggers(uid, await triggers.RemoveAsync(uid, cancellationToken));
        }
        catch (CleanupWaitingException e)
        {
            reporter.Delayed(e);
        }
    }

    /// <summary>Repositories with our marks, without those that are a living Lambda's by their name.</summary>
    private async Task<IReadOnlyList<OwnedRepository>> RepositoriesAsync(CancellationToken cancellationToken)
    {
        var here = await cluster.ReadAsync(cancellationToken);
        var known = (await lambdas.ListAsync(cancellationToken)).Select(Names.Repository).ToHashSet(StringComparer.Ordinal);
        var found = new List<OwnedRepository>();
        try
        {
            await foreach (var repository in registry.ListRepositoriesAsync(cancellationToken))
            {
                if (OwnerReader.MayBeOurs(repository) && !known.Contains(repository) && !WasEmpty(repository) && await OwnerAsync(repository, here, cancellationToken) is { } owner)
                    found.Add(new OwnedRepository(repository, owner));
            }
        }
        catch (RegistryException e)
        {
            // Build pods are looked at all the same. Many hosted registries refuse to list.
            CannotList(e.Message);
            reporter.Swept(succeeded: false);
        }
        return found;
    }

    private async Task<LambdaRef?> OwnerAsync(string repository, string here, CancellationToken cancellationToken)
    {
        try
        {
            var (owner, empty) = await owners.FindAsync(repository, here, cancellationToken);
            // Registries go on listing repositories that were emptied; most of the past would be looked at each time.
            if (empty)
                _empty[repository] = time.GetUtcNow();
            return owner;
        }
        catch (RegistryException e) when (e.Kind == RegistryErrorKind.Invalid)
        {
            // One that is broken must not stop the others.
            CannotRead(repository, e.Message);
            return null;
        }
    }

    private bool WasEmpty(string repository)
    {
        if (!_empty.TryGetValue(repository, out var seen))
            return false;
        if (time.GetUtcNow() - seen < RememberEmpty)
            return true;
        _empty.Remove(repository);
        return false;
    }

    private async Task EmptyAsync(OwnedRepository orphan, CancellationToken cancellationToken)
    {
        try
        {
            // The last look: anything that is there, even one that is being deleted, has the consumer to clean up after it.
            if (!await lambdas.ExistsAsync(orphan.Owner, cancellationToken) && await cleanup.RunAsync(orphan.Owner, cancellationToken) is { } report)
                reporter.OrphanedRepository(report);
        }
        catch (CleanupWaitingException e)
        {
            // One that cannot be emptied must not stop the others.
            reporter.Delayed(e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The sweep cannot look for images without a Lambda: {Text}")]
    private partial void CannotList(string text);

    [LoggerMessage(LogLevel.Warning, "The sweep cannot look for triggers without a Lambda: {Text}")]
    private partial void CannotListTriggers(string text);

    [LoggerMessage(LogLevel.Warning, "The sweep leaves {Repository} alone: {Text}")]
    private partial void CannotRead(string repository, string text);
}
