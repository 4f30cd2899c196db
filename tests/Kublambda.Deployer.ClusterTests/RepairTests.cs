using System.Text.Json;
using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Applying;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.ClusterTests;

/// <summary>What somebody does to the objects of a Lambda by hand is put right, and only that is touched.</summary>
public sealed class RepairTests(Cluster cluster)
{
    private static readonly TriggerSpec NodePort = new() { Name = "web", Http = new() { Exposure = Exposures.NodePort } };

    private Task<V1Deployment> DeploymentAsync(string name) => cluster.Client.AppsV1.ReadNamespacedDeploymentAsync(name, cluster.Namespace);

    private Task<V1Service> ServiceAsync(string name) => cluster.Client.CoreV1.ReadNamespacedServiceAsync(name, cluster.Namespace);

    private Task<V1Deployment> PatchDeploymentAsync(string name, string patch) => cluster.Client.AppsV1.PatchNamespacedDeploymentAsync(
        new V1Patch(patch, V1Patch.PatchType.StrategicMergePatch), name, cluster.Namespace, fieldManager: "kubectl-edit");

    [Fact]
    public async Task A_second_deployment_of_the_same_touches_nothing()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("same", s => s with { Triggers = [NodePort, new() { Name = "in", Http = new() { Exposure = Exposures.Ingress } }] });
        await cluster.DeployAsync(workload);
        var (deployment, service) = (await DeploymentAsync("same"), await ServiceAsync("same"));
        await cluster.DeployAsync(workload);
        Assert.Equal(deployment.Metadata.Generation, (await DeploymentAsync("same")).Metadata.Generation);
        Assert.Equal(service.Metadata.ResourceVersion, (await ServiceAsync("same")).Metadata.ResourceVersion);
    }

    [Fact]
    public async Task Quantities_that_are_not_canonical_are_no_change()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("quantity", s => s with
        {
            Resources = new() { Limits = new Dictionary<string, string> { ["cpu"] = "1000m", ["memory"] = "262144Ki" }, Requests = new Dictionary<string, string> { ["cpu"] = "0.01" } },
        });
        await cluster.DeployAsync(workload);
        var live = await cluster.EventuallyAsync(() => DeploymentAsync("quantity"), _ => true, "");
        Assert.Null(Drift.Find(Rendering.WorkloadRenderer.Render(workload, new() { Domain = "example.com" }, "autoscaling/v2").Deployment, live));
    }

    [Theory]
    [InlineData("edit-value", """{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}""")]
    [InlineData("edit-env", """{"spec":{"template":{"spec":{"containers":[{"name":"function","env":[{"name":"PORT","value":"1"},{"name":"ADDED","value":"1"}]}]}}}}""")]
    [InlineData("edit-sidecar", """{"spec":{"template":{"spec":{"hostNetwork":false,"containers":[{"name":"sidecar","image":"x"}]}}}}""")]
    [InlineData("edit-label", """{"metadata":{"labels":{"team":"a"}},"spec":{"template":{"metadata":{"labels":{"extra":"1"}}}}}""")]
    [InlineData("edit-mine", """{"metadata":{"labels":{"app.kubernetes.io/managed-by":null,"kublambda.dev/lambda":"x"},"ownerReferences":null}}""")]
    [InlineData("edit-origin", """{"metadata":{"annotations":{"kublambda.dev/rendered-from":"{}"}}}""")]
    [InlineData("edit-removed", """{"spec":{"template":{"spec":{"securityContext":null,"containers":[{"name":"function","readinessProbe":null,"resources":null}]}}}}""")]
    public async Task A_Deployment_that_was_edited_is_as_rendered_again(string name, string patch)
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync(name, s => s with { Env = Cluster.Code("exports.handler = () => 1") }));
        var before = await cluster.EventuallyAsync(() => DeploymentAsync(name), d => d.Metadata.Annotations.ContainsKey("deployment.kubernetes.io/revision"), "seen");
        // What nobody accepted and nobody saw rendered would be left alone.
        await cluster.EventuallyAsync(() => Task.FromResult(cluster.Said(name)), said => said is not null, "watched");
        Assert.NotEqual(Core(before), Core(await PatchDeploymentAsync(name, patch)));
        await cluster.EventuallyAsync(() => DeploymentAsync(name), d => Core(d) == Core(before), "as before");
    }

    [Fact]
    public async Task Restarting_and_scaling_by_hand_is_allowed_within_the_bounds()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("restart");
        await cluster.DeployAsync(workload);
        await PatchDeploymentAsync("restart", """{"spec":{"replicas":2,"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}""");
        await Task.Delay(2000, TestContext.Current.CancellationToken);
        await cluster.DeployAsync(workload);
        var live = await DeploymentAsync("restart");
        Assert.Equal("now", live.Spec.Template.Metadata.Annotations["kubectl.kubernetes.io/restartedAt"]);
        Assert.Equal(2, live.Spec.Replicas);
    }

    [Fact]
    public async Task A_scale_to_nothing_by_hand_is_put_right()
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync("nothing", s => s with { Scaling = new() { MinReplicas = 2, MaxReplicas = 3 } }));
        Assert.Equal(2, (await DeploymentAsync("nothing")).Spec.Replicas);
        await PatchDeploymentAsync("nothing", """{"spec":{"replicas":0}}""");
        await cluster.EventuallyAsync(() => DeploymentAsync("nothing"), d => d.Spec.Replicas == 2, "two replicas");
    }

    [Fact]
    public async Task Objects_deleted_by_hand_come_back_with_everything()
    {
        cluster.Require();
        await cluster.DeployAsync(await cluster.ALambdaAsync("deleted", s => s with { Triggers = [NodePort, new() { Name = "in", Http = new() { Exposure = Exposures.Ingress } }] }));
        var deployment = await DeploymentAsync("deleted");
        IKubernetesObject<V1ObjectMeta>[] all =
        [
            deployment, await ServiceAsync("deleted"), await cluster.Client.NetworkingV1.ReadNamespacedIngressAsync("deleted", cluster.Namespace),
        ];
        foreach (var item in all)
            await cluster.Client.DeleteAsync(Resources.Of(item), item, TestContext.Current.CancellationToken);
        await cluster.Client.AutoscalingV1.DeleteNamespacedHorizontalPodAutoscalerAsync("deleted", cluster.Namespace);
        await cluster.EventuallyAsync(async () =>
        {
            try
            {
                await ServiceAsync("deleted");
                await cluster.Client.NetworkingV1.ReadNamespacedIngressAsync("deleted", cluster.Namespace);
                await cluster.Client.AutoscalingV1.ReadNamespacedHorizontalPodAutoscalerAsync("deleted", cluster.Namespace);
                return (await DeploymentAsync("deleted")).Metadata.Uid != deployment.Metadata.Uid;
            }
            catch (k8s.Autorest.HttpOperationException)
            {
                return false;
            }
        }, there => there, "all are there");
    }

    [Fact]
    public async Task The_node_port_stays_when_the_Service_changes_and_goes_with_the_exposure()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("port", s => s with { Triggers = [NodePort] });
        await cluster.DeployAsync(workload);
        var port = (await ServiceAsync("port")).Spec.Ports[0].NodePort;
        Assert.True(port > 0);
        await cluster.Client.CoreV1.PatchNamespacedServiceAsync(
            new V1Patch("""{"spec":{"selector":{"a":"b"},"sessionAffinity":"ClientIP"}}""", V1Patch.PatchType.MergePatch), "port", cluster.Namespace, fieldManager: "kubectl-edit");
        var service = await cluster.EventuallyAsync(() => ServiceAsync("port"), s => s.Spec.SessionAffinity == "None" && !s.Spec.Selector.ContainsKey("a"), "put right");
        Assert.Equal(port, service.Spec.Ports[0].NodePort);

        await cluster.DeployAsync(Cluster.Next(workload, s => s with { Triggers = null }));
        service = await ServiceAsync("port");
        Assert.Equal("ClusterIP", service.Spec.Type);
        Assert.Null(service.Spec.Ports[0].NodePort);
    }

    [Fact]
    public async Task Autoscaler_and_Ingress_go_when_they_are_not_wanted_and_replicas_do_not_fall_in_between()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("scale", s => s with { Scaling = new() { MinReplicas = 3, MaxReplicas = 3 } });
        await cluster.DeployAsync(workload);
        // The cluster's own deployer may be at work on it too, with another domain: so the host is said.
        var host = $"scale.{cluster.Namespace}.example.com";
        var auto = Cluster.Next(workload, s => s with
        {
            Scaling = new() { MinReplicas = 2, MaxReplicas = 5 },
            Triggers = [new() { Name = "in", Http = new() { Exposure = Exposures.Ingress, Host = host } }],
        });
        await cluster.DeployAsync(auto);
        Assert.Equal(3, (await DeploymentAsync("scale")).Spec.Replicas);
        Assert.Equal(
            host,
            (await cluster.Client.NetworkingV1.ReadNamespacedIngressAsync("scale", cluster.Namespace)).Spec.Rules[0].Host);
        Assert.Equal(5, (await cluster.Client.AutoscalingV1.ReadNamespacedHorizontalPodAutoscalerAsync("scale", cluster.Namespace)).Spec.MaxReplicas);

        await cluster.DeployAsync(Cluster.Next(auto, s => s with { Scaling = new() { MinReplicas = 2, MaxReplicas = 2 }, Triggers = null }));
        Assert.Equal(2, (await DeploymentAsync("scale")).Spec.Replicas);
        // Another deployer in the cluster may have been at work on the objects in the same moment.
        await cluster.EventuallyAsync(async () => (
            Ingresses: (await cluster.Client.NetworkingV1.ListNamespacedIngressAsync(cluster.Namespace)).Items.Count(i => i.Metadata.Name == "scale"),
            Autoscalers: (await cluster.Client.AutoscalingV1.ListNamespacedHorizontalPodAutoscalerAsync(cluster.Namespace)).Items.Count(i => i.Metadata.Name == "scale")),
            left => left == (0, 0), "gone");
    }

    [Fact]
    public async Task A_stranger_of_the_needed_name_is_never_touched()
    {
        cluster.Require();
        var stranger = await cluster.Client.CoreV1.CreateNamespacedServiceAsync(new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "taken" },
            Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Port = 1 }] },
        }, cluster.Namespace);
        var said = await cluster.DeployAsync(await cluster.ALambdaAsync("taken"));
        Assert.Equal((ConditionStatus.False, Reasons.NameTaken), (said.Status, said.Reason));
        Assert.Equal(stranger.Metadata.ResourceVersion, (await ServiceAsync("taken")).Metadata.ResourceVersion);
    }

    [Fact]
    public async Task What_an_earlier_Lambda_of_the_name_left_is_replaced()
    {
        cluster.Require();
        var workload = await cluster.ALambdaAsync("again");
        // Without an owner the garbage collector would delete it first.
        var old = workload with { Lambda = workload.Lambda with { Uid = Guid.NewGuid().ToString() } };
        var left = Rendering.WorkloadRenderer.Render(old, new(), null).Service;
        left.Metadata.OwnerReferences = null;
        await cluster.Client.CoreV1.CreateNamespacedServiceAsync(left, cluster.Namespace);
        await cluster.DeployAsync(workload);
        Assert.Equal(workload.Lambda.Uid, (await ServiceAsync("again")).Spec.Selector[Labels.LambdaUid]);
    }

    /// <summary>What the deployer answers for, as text.</summary>
    private static string Core(V1Deployment deployment) => JsonSerializer.Serialize(new
    {
        deployment.Metadata.Labels,
        From = deployment.Metadata.Annotations[Annotations.RenderedFrom],
        Owner = deployment.Metadata.OwnerReferences?.Select(o => o.Uid),
        Spec = KubernetesJson.Serialize(deployment.Spec),
    });
}
