using System.Diagnostics.Metrics;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Messages;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Rendering;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Deployer;

/// <summary>The stages of a deployment, in order: read, render, plan, write, observe.</summary>
internal sealed partial class WorkloadDeployer(
    WorkloadStore store, PodInspector inspector, NodeAddresses nodes, IResourceCache<V1Pod> pods, IResourceCache<V1ReplicaSet> replicaSets, IResourceCache<V1Ingress> ingresses,
    RepairLimit limit, IOptions<HttpOptions> options, IMeterFactory meters, TimeProvider time, ILogger<WorkloadDeployer> logger)
{
    private readonly ILogger _logger = logger;

    /// <summary>A message and a change of the Lambda often come together: the second one then finds nothing left to do.</summary>
    private readonly SemaphoreSlim[] _turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly Counter<long> _steps = meters.Create("kublambda")
        .CreateCounter<long>("deployer_steps_total", description: "Writes to objects of Lambdas.");

    /// <summary>Brings the objects of a Lambda in line and says how they stand.</summary>
    /// <param name="lambda">The Lambda.</param>
    /// <param name="choose">What to render, given the Deployment as it is; null: nothing to run, nothing is touched.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null where there is nothing to run.</returns>
    /// <exception cref="WaitingException">To be tried again soon.</exception>
    public async Task<(Workload Workload, DeploymentObserved Observed)?> DeployAsync(
        LambdaRef lambda, Func<V1Deployment?, Workload?> choose, CancellationToken cancellationToken)
    {
        await Task.WhenAll(pods.WaitForSyncAsync(cancellationToken), replicaSets.WaitForSyncAsync(cancellationToken), ingresses.WaitForSyncAsync(cancellationToken));
        var turn = _turns[(uint)lambda.Uid.GetHashCode(StringComparison.Ordinal) % _turns.Length];
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await DeployInTurnAsync(lambda, choose, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<(Workload Workload, DeploymentObserved Observed)?> DeployInTurnAsync(
        LambdaRef lambda, Func<V1Deployment?, Workload?> choose, CancellationToken cancellationToken)
    {
        var live = await store.ReadAsync(lambda, cancellationToken);
        var ours = live.Deployment is { } deployment && Ownership.Of(deployment, lambda) == Owner.Ours ? deployment : null;
        if (choose(ours) is not { } workload)
            return null;

        StalledException? stalled = null;
        var rendered = WorkloadRenderer.Render(workload, options.Value, await store.AutoscalingVersionAsync(cancellationToken), ingresses.List());
        try
        {
            if (await WriteAsync(WorkloadPlan.Of(rendered, live), cancellationToken))
                live = await store.ReadAsync(lambda, cancellationToken);
        }
        catch (StalledException e)
        {
            LogStalled(e.Reason, e.Message);
            stalled = e;
        }

        var view = await LookAsync(rendered, live, stalled, cancellationToken);
        return (workload, Observer.Observe(view, time.GetUtcNow()));
    }

    private async Task<bool> WriteAsync(IReadOnlyList<Step> plan, CancellationToken cancellationToken)
    {
        var left = new HashSet<string>(StringComparer.Ordinal);
        foreach (var step in plan)
        {
            if (step.Repair && !limit.TryTake(step.Object) && left.Add(step.Object.Kind))
                LogFight(step.Object.Kind, step.Why);
            if (left.Contains(step.Object.Kind))
                continue;

            LogStep(step.Kind, step.Object.Kind, step.Why);
            _steps.Add(1, new("step", step.Kind.ToString()), new("object", step.Object.Kind), new("repair", step.Repair));
            await store.ExecuteAsync(step, cancellationToken);
        }

        return plan.Any(step => !left.Contains(step.Object.Kind));
    }

    private async Task<WorkloadView> LookAsync(
        RenderedWorkload rendered, LiveWorkload live, StalledException? stalled, CancellationToken cancellationToken)
    {
        var lambda = rendered.Workload.Lambda;
        var view = new WorkloadView
        {
            Workload = rendered.Workload,
            Routes = rendered.Routes,
            Deployment = Ours(live.Deployment),
            Service = Ours(live.Service),
            Ingress = Ours(live.Ingress),
            Pods = OfLambda(pods),
            ReplicaSets = OfLambda(replicaSets),
            NodeAddress = rendered.Routes.Any(r => r.Exposure == Exposures.NodePort) ? await nodes.GetAsync(cancellationToken) : null,
            Stalled = stalled,
            Note = rendered.Note,
        };
        return stalled is null && Rollout.Of(view, time.GetUtcNow()).Failure is { } failure
            ? view with { Details = await inspector.InspectAsync(failure, cancellationToken) }
            : view;

        T? Ours<T>(T? item)
            where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
            item is not null && Ownership.Of(item, lambda) == Owner.Ours ? item : null;

        IReadOnlyList<T> OfLambda<T>(IResourceCache<T> cache)
            where T : class, k8s.IKubernetesObject<V1ObjectMeta> =>
        [
            .. cache.List().Where(item => item.Metadata.NamespaceProperty == lambda.Namespace
                && item.Metadata.Labels.TryGetValue(Labels.LambdaUid, out var uid) && uid == lambda.Uid),
        ];
    }

    [LoggerMessage(LogLevel.Information, "{Kind} {Object}: {Why}")]
    private partial void LogStep(StepKind kind, string @object, string why);

    [LoggerMessage(LogLevel.Warning, "{Object} is left as it is for some minutes, because somebody changes it again and again: {Why}")]
    private partial void LogFight(string @object, string why);

    [LoggerMessage(LogLevel.Warning, "Stalled, {Reason}: {Cause}")]
    private partial void LogStalled(string reason, string cause);
}
