using System.Net;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Status;
using Kublambda.Controller.Validation;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Controller;

/// <summary>
/// For each Lambda: judges the spec, puts the finalizer on before anything is made of it, writes what is known, and says
/// on the bus what it needs, again and again until it is so. Runs on the leader.
/// </summary>
public sealed partial class LambdaReconciler(
    LambdaApi api, IResourceCache<Lambda> cache, StatusWriter statuses, IFactPublisher bus, WorkQueue<LambdaKey> queue, IOptions<FollowOptions> follow, TimeProvider time,
    ILogger<LambdaReconciler> logger)
    : ReconcileLoop<LambdaKey>(queue, logger, workers: 16), IResourceHandler<Lambda>
{
    private readonly ILogger _logger = logger;

    public void OnChange(ResourceChange<Lambda> change)
    {
        var (now, old) = (change.Object.Metadata, change.Old?.Metadata);
        var key = new LambdaKey(now.NamespaceProperty, now.Name);
        // A status that the controller wrote asks for nothing, unless it ends a settled state.
        if (change.Type != ChangeType.Modified
            || change.Object.Status?.ObservedGeneration != now.Generation
            || now.Generation != old?.Generation
            || now.DeletionTimestamp != old?.DeletionTimestamp
            || HasFinalizer(change.Object) != HasFinalizer(change.Old!)
            || !Same(now.Annotations, old?.Annotations))
        {
            Queue.Add(key);
        }
        else if (Pace.IsSettled(now.Generation, change.Old!.Status) && !Pace.IsSettled(now.Generation, change.Object.Status))
        {
            Queue.AddAfter(key, Pace.Unsettled);
        }
    }

    public void OnMalformed(string? ns, string name, Exception error) => Queue.Add(new LambdaKey(ns ?? "", name));

    protected override async Task BeforeWorkAsync(CancellationToken cancellationToken)
    {
        await cache.WaitForSyncAsync(cancellationToken);
        foreach (var lambda in cache.List())
            Queue.Add(new LambdaKey(lambda.Metadata.NamespaceProperty, lambda.Metadata.Name));
    }

    protected override IDisposable? BeginScope(LambdaKey key) => _logger.BeginLambdaScope(key.Namespace, key.Name);

    protected override async Task<TimeSpan?> ReconcileAsync(LambdaKey key, CancellationToken cancellationToken)
    {
        // Not from the cache: what is written below must rest on what is there now.
        if (await api.ReadAsync(key.Namespace, key.Name, cancellationToken) is not { } reading)
            return null;
        using var scope = _logger.BeginLambdaScope(LambdaRef.Of(reading.Lambda), reading.Lambda.Status?.Revision);
        try
        {
            return StatusProjection.IsTerminating(reading.Lambda)
                ? await EndAsync(reading.Lambda, cancellationToken)
                : await AdvanceAsync(reading, cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.NotFound)
        {
            // It has changed, or went, since it was read.
            return TimeSpan.FromMilliseconds(100);
        }
    }

    private async Task<TimeSpan?> EndAsync(Lambda lambda, CancellationToken cancellationToken)
    {
        // Without our finalizer nothing of ours is left, or never was.
        if (!HasFinalizer(lambda))
            return null;
        await statuses.ProjectAsync(LambdaRef.Of(lambda), StatusProjection.TerminatingOrNull, cancellationToken);
        await bus.PublishAsync(
            new LambdaDeleted
            {
                Lambda = LambdaRef.Of(lambda),
                DeletedAt = new DateTimeOffset(lambda.Metadata.DeletionTimestamp!.Value.ToUniversalTime()),
            },
            cancellationToken);
        return Pace.Next(lambda, lambda.Status, time.GetUtcNow());
    }

    private async Task<TimeSpan?> AdvanceAsync(LambdaReading reading, CancellationToken cancellationToken)
    {
        var lambda = reading.Lambda;
        var verdict = reading.Error is { } error ? Verdict.Malformed(error) : Judge(lambda);
        if (verdict.Accepted && !HasFinalizer(lambda))
            lambda = (await api.WriteFinalizersAsync(lambda, [.. lambda.Metadata.Finalizers ?? [], Labels.Finalizer], cancellationToken)).Lambda;

        var status = StatusProjection.Project(lambda, verdict, time.GetUtcNow());
        await statuses.WriteAsync(lambda, status, cancellationToken);
        if (verdict.Accepted)
        {
            await bus.PublishAsync(
                new LambdaChanged { Lambda = LambdaRef.Of(lambda), Generation = lambda.Metadata.Generation!.Value }, cancellationToken);
        }

        return Pace.Next(lambda, status, time.GetUtcNow(), follow.Value.GitInterval);
    }

    private Verdict Judge(Lambda lambda)
    {
        try
        {
            return LambdaValidator.Validate(lambda);
        }
        catch (Exception e)
        {
            // A shape that the schema should have refused.
            LogUnjudged(e);
            return Verdict.Malformed(e.Message);
        }
    }

    /// <summary>Annotations are words to the services: to build once more, for example.</summary>
    private static bool Same(IDictionary<string, string>? left, IDictionary<string, string>? right) =>
        (left ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .SequenceEqual((right ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal));

    private static bool HasFinalizer(Lambda lambda) => lambda.Metadata.Finalizers?.Contains(Labels.Finalizer) == true;

    [LoggerMessage(LogLevel.Error, "The spec could not be judged")]
    private partial void LogUnjudged(Exception exception);
}
