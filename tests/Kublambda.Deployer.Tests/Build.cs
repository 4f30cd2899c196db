using System.Globalization;
using k8s.Models;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Observing;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Tests;

/// <summary>Objects for tests: say what matters, the rest is as it would be.</summary>
internal static class Build
{
    public const string Uid = "1a2b3c4d-0000-4000-8000-000000000001";
    public const string Revision = "0123456789ab";
    public const string Image = "localhost:5000/shop/hello-1a2b3c4d@sha256:2222";
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static Lambda ALambda(long generation = 1, params LambdaCondition[] conditions) => new()
    {
        Metadata = new V1ObjectMeta { Name = "hello", NamespaceProperty = "shop", Uid = Uid, Generation = generation },
        Spec = new LambdaSpec { Runtime = Runtimes.Nodejs, Triggers = [new TriggerSpec { Name = "web", Http = new() { Exposure = Exposures.NodePort } }] },
        Status = new LambdaStatus { Revision = Revision, Image = Image, Conditions = conditions },
    };

    public static LambdaCondition True(string type, long generation) =>
        new() { Type = type, Status = ConditionStatus.True, ObservedGeneration = generation };

    public static Workload AWorkload(long generation = 1, Func<LambdaSpec, LambdaSpec>? with = null)
    {
        var lambda = ALambda(generation);
        return Workload.Of(lambda with { Spec = with?.Invoke(lambda.Spec) ?? lambda.Spec }, Revision, Image);
    }

    public static RenderedWorkload Rendered(Workload workload) => WorkloadRenderer.Render(workload, new HttpOptions(), "autoscaling/v2");

    /// <summary>A Deployment whose rollout number 2 is under way: one new replica, one old.</summary>
    public static V1Deployment ADeployment(int replicas = 1, int updated = 1, int total = 1, int available = 0)
    {
        var deployment = Rendered(AWorkload()).Deployment;
        deployment.Metadata.Uid = "deployment";
        deployment.Metadata.Generation = 3;
        deployment.Metadata.Annotations["deployment.kubernetes.io/revision"] = "2";
        deployment.Spec.Replicas = replicas;
        deployment.Status = new V1DeploymentStatus
        {
            ObservedGeneration = 3,
            UpdatedReplicas = updated,
            Replicas = total,
            AvailableReplicas = available,
            Conditions = [],
        };
        return deployment;
    }

    public static V1ReplicaSet AReplicaSet(int rollout) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"hello-{rollout}",
            Uid = $"rs{rollout}",
            OwnerReferences = [new V1OwnerReference { Uid = "deployment" }],
            Annotations = new Dictionary<string, string> { ["deployment.kubernetes.io/revision"] = rollout.ToString(CultureInfo.InvariantCulture) },
        },
    };

    /// <summary>A pod of a rollout, created a minute ago, with a container in the given state.</summary>
    public static V1Pod APod(V1ContainerState? state = null, int rollout = 2, bool ready = false, V1ContainerState? last = null, int restarts = 0) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"hello-{rollout}-x",
            NamespaceProperty = "shop",
            CreationTimestamp = Now.AddMinutes(-1).UtcDateTime,
            OwnerReferences = [new V1OwnerReference { Uid = $"rs{rollout}" }],
        },
        Spec = new V1PodSpec { NodeName = "node-1", Containers = Rendered(AWorkload()).Deployment.Spec.Template.Spec.Containers },
        Status = new V1PodStatus
        {
            Conditions = [new V1PodCondition { Type = "Ready", Status = ready ? "True" : "False" }],
            ContainerStatuses = state is null ? null
                : [new V1ContainerStatus { Name = "function", State = state, LastState = last, RestartCount = restarts }],
        },
    };

    public static V1ContainerState Waiting(string reason, string message = "") => new() { Waiting = new() { Reason = reason, Message = message } };

    public static V1ContainerState Running(int seconds) => new() { Running = new() { StartedAt = Now.AddSeconds(-seconds).UtcDateTime } };

    public static V1ContainerState Ended(int exitCode, string? message = null, string reason = "Error") =>
        new() { Terminated = new() { ExitCode = exitCode, Message = message, Reason = reason } };

    public static WorkloadView AView(V1Deployment? deployment, params V1Pod[] pods) => new()
    {
        Workload = AWorkload(),
        Routes = HttpRoute.Of(AWorkload(), new HttpOptions()),
        Deployment = deployment,
        Service = new V1Service { Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Port = 80, NodePort = 30123 }] } },
        ReplicaSets = [AReplicaSet(1), AReplicaSet(2)],
        Pods = pods,
        NodeAddress = "192.0.2.1",
    };
}
