using System.Collections.Concurrent;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Hosting.Broker;
using Kublambda.Kubernetes;
using Kublambda.Triggers;
using Kublambda.Triggers.Policy;
using Microsoft.Extensions.Options;

namespace Kublambda.Deployer.Triggers;

/// <summary>The stages of a watcher, in order: resolve the kinds, plan, write, observe.</summary>
internal sealed partial class WatcherDeployer(
    WatcherStore store, WatcherPods pods, TriggerBroker broker, KindDiscovery discovery, OwnRights rights, TriggerPolicy policy, IResourceCache<V1Deployment> deployments,
    IResourceCache<V1ConfigMap> reports, IOptions<TriggerOptions> options, TimeProvider time, ILogger<WatcherDeployer> logger)
{
    /// <summary>What was written is written again after so long, in case somebody changed it.</summary>
    private static readonly TimeSpan WriteAgain = TimeSpan.FromMinutes(5);
    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<string, Written> _written = new();

    /// <summary>Brings the watcher of a Lambda in line, and says how its resource triggers stand. For one process at a time.</summary>
    public async Task<IReadOnlyList<TriggerStatus>> ReconcileAsync(Lambda lambda, Workload workload, CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        var about = LambdaRef.Of(lambda);
        var triggers = TriggersOf(lambda, workload);
        if (triggers.Count == 0)
        {
            await RemoveAsync(about, withBroker: true, cancellationToken);
            return [];
        }

        var (plan, unknown) = await PlanAsync(about, triggers, cancellationToken);
        IReadOnlyList<(string?, Exception)> refused = [];
        Exception? failure = unknown;
        try
        {
            // Without an answer of discovery there is no telling which rights are not needed any more.
            if (unknown is null)
                refused = await WriteAsync(about, plan, cancellationToken);
        }
        catch (Exception e) when (e is StalledException or WaitingException or BrokerException)
        {
            LogFailed(e.Message);
            failure = e;
        }

        return await ObserveAsync(about, triggers, plan, failure, refused, cancellationToken);
    }

    /// <summary>Only looks.</summary>
    public async Task<IReadOnlyList<TriggerStatus>> ObserveAsync(Lambda lambda, Workload workload, CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        var triggers = TriggersOf(lambda, workload);
        if (triggers.Count == 0)
            return [];
        var (plan, unknown) = await PlanAsync(LambdaRef.Of(lambda), triggers, cancellationToken);
        return await ObserveAsync(LambdaRef.Of(lambda), triggers, plan, unknown, _written.GetValueOrDefault(lambda.Metadata.Uid)?.Refused ?? [], cancellationToken);
    }

    /// <summary>Takes the watcher away, where there is one.</summary>
    /// <param name="lambda">Whose.</param>
    /// <param name="withBroker">Its user and its queues too; they are gc's where the Lambda itself goes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RemoveAsync(LambdaRef lambda, bool withBroker, CancellationToken cancellationToken)
    {
        await SyncAsync(cancellationToken);
        _written.TryRemove(lambda.Uid, out _);
        if (ReportOf(lambda) is null && DeploymentOf(lambda) is null)
            return;
        LogRemove(Names.Watcher(lambda));
        await store.RemoveAsync(lambda, keepReport: true, cancellationToken);
        if (withBroker)
        {
            try
            {
                await broker.RemoveAsync(lambda.Uid, cancellationToken);
            }
            catch (BrokerException e)
            {
                throw new WaitingException(e.Message, e);
            }
        }

        // What is left to find when anything before failed.
        await store.RemoveAsync(lambda, keepReport: false, cancellationToken);
    }

    private async Task<IReadOnlyList<(string?, Exception)>> WriteAsync(LambdaRef lambda, WatchPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Targets.Count == 0)
        {
            if (DeploymentOf(lambda) is not null)
                await store.StopAsync(lambda, cancellationToken);
            return [];
        }

        var wanted = string.Join(';', plan.Targets);
        var isThere = ReportOf(lambda) is not null && (options.Value.Mode == TriggerOptions.Shared || DeploymentOf(lambda) is not null);
        if (isThere && _written.TryGetValue(lambda.Uid, out var written) && written.What == wanted && written.Refused.Count == 0 && time.GetElapsedTime(written.At) < WriteAgain)
            return [];
        if (!broker.IsThere)
            throw new StalledException(Reasons.TriggerFailing, "this installation has no management API of RabbitMQ.\nRemedy: ask the operator to set RabbitMq__ManagementUrl.");
        LogWrite(Names.Watcher(lambda), wanted);
        var refused = await store.ApplyAsync(lambda, plan, cancellationToken);
        _written[lambda.Uid] = new Written(wanted, refused, time.GetTimestamp());
        return refused;
    }

    private async Task<(WatchPlan Plan, WaitingException? Unknown)> PlanAsync(
        LambdaRef lambda, IReadOnlyList<TriggerSpec> triggers, CancellationToken cancellationToken)
    {
        var kinds = new Dictionary<(string, string), KindResource?>();
        var held = new Dictionary<WatchTarget, bool>();
        WaitingException? unknown = null;
        foreach (var resource in triggers.Select(trigger => trigger.Resource!))
        {
            try
            {
                var kind = await discovery.FindAsync(resource.ApiVersion, resource.Kind, cancellationToken);
                foreach (var target in WatchPlan.Wanted(lambda, resource, kind))
                    held[target] = await rights.HoldsAsync(target, cancellationToken);
                kinds[(resource.ApiVersion, resource.Kind)] = kind;
            }
            catch (Exception e) when (e is HttpOperationException or HttpRequestException)
            {
                unknown = new WaitingException($"The API server does not say what {resource.Kind} in {resource.ApiVersion} is: {e.Message}", e);
            }
        }

        return (WatchPlan.Of(lambda, triggers.Where(t => kinds.ContainsKey((t.Resource!.ApiVersion, t.Resource.Kind))),
            resource => kinds[(resource.ApiVersion, resource.Kind)], policy, target => held.GetValueOrDefault(target)), unknown);
    }

    private async Task<IReadOnlyList<TriggerStatus>> ObserveAsync(
        LambdaRef lambda, IReadOnlyList<TriggerSpec> triggers, WatchPlan plan, Exception? failure, IReadOnlyList<(string?, Exception)> refused,
        CancellationToken cancellationToken)
    {
        var shared = options.Value.Mode == TriggerOptions.Shared;
        var deployment = shared ? null : DeploymentOf(lambda);
        var content = ReportOf(lambda)?.Data is { } data && data.TryGetValue(TriggerReports.Key, out var json) ? json : null;
        return WatcherObserver.Observe(new WatcherView
        {
            Home = lambda.Namespace,
            Triggers = triggers,
            Plan = plan,
            Shared = shared,
            Deployment = deployment,
            Trouble = deployment is { Status.AvailableReplicas: not > 0 } ? await pods.TroubleAsync(lambda, deployment, cancellationToken) : null,
            Reports = TriggerReports.Read(content),
            Failure = failure,
            Refused = refused,
        });
    }

    /// <summary>Those of the present spec, once it is accepted; until then those that run.</summary>
    private static IReadOnlyList<TriggerSpec> TriggersOf(Lambda lambda, Workload workload)
    {
        var accepted = TargetWorkload.IsTrue(lambda, ConditionTypes.Accepted, lambda.Metadata.Generation ?? 0);
        return [.. ((accepted ? lambda.Spec : workload.Spec).Triggers ?? []).Where(trigger => trigger.Resource is not null)];
    }

    private V1Deployment? DeploymentOf(LambdaRef lambda) => Own(deployments.Get(lambda.Namespace, Names.Watcher(lambda)), lambda);

    private V1ConfigMap? ReportOf(LambdaRef lambda) => Own(reports.Get(lambda.Namespace, Names.Watcher(lambda)), lambda);

    private static T? Own<T>(T? item, LambdaRef lambda)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        item?.Metadata.Labels?.TryGetValue(Labels.LambdaUid, out var uid) == true && uid == lambda.Uid ? item : null;

    private Task SyncAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(deployments.WaitForSyncAsync(cancellationToken), reports.WaitForSyncAsync(cancellationToken));

    private sealed record Written(string What, IReadOnlyList<(string?, Exception)> Refused, long At);

    [LoggerMessage(LogLevel.Information, "Apply {Watcher}, which watches {What}")]
    private partial void LogWrite(string watcher, string what);

    [LoggerMessage(LogLevel.Information, "Delete {Watcher}: its triggers are gone")]
    private partial void LogRemove(string watcher);

    [LoggerMessage(LogLevel.Warning, "The watcher cannot be set up: {Why}")]
    private partial void LogFailed(string why);
}
